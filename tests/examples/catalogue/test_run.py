"""`make run`: what it refuses, what it ends, what it waits for."""

import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest

from examples.catalogue import install, run
from examples.catalogue.fetch import catalogue

ROOT = Path(__file__).parents[3]


def alive(pid):
    """Whether a process runs: one that ended and was not waited for is dead."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


def test_a_port_that_is_taken_is_said_with_what_to_do():
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        with pytest.raises(SystemExit, match=f"make run PORT={port + 1}"):
            run.require_free(port)
    run.require_free(port)


def test_a_child_is_ended_with_all_it_started(tmp_path):
    code = "import subprocess, sys; print(subprocess.Popen(['sleep', '60']).pid, file=open(sys.argv[1], 'w'), flush=True); import time; time.sleep(60)"
    written = tmp_path / "pid"
    with run.child([sys.executable, "-c", code, str(written)]) as process:
        while not written.exists() or not written.read_text().endswith("\n"):
            time.sleep(0.02)
        pid = int(written.read_text())
        assert alive(pid)
    assert process.returncode is not None
    until = time.monotonic() + 10
    while alive(pid) and time.monotonic() < until:
        time.sleep(0.02)
    assert not alive(pid)


def test_a_service_that_ends_at_once_is_not_waited_for():
    with run.child([sys.executable, "-c", "raise SystemExit(3)"]) as process:
        process.wait()
        with pytest.raises(SystemExit, match=r"\(3\)"):
            run.await_answer(process, 1, "/health/live")


def test_it_is_ready_when_all_have_come_that_need_no_pytorch_or_tensorflow():
    shown = [entry for entry in catalogue() if entry.shown]
    assert sum(not {"torch", "tensorflow"} & set(entry.needs) for entry in shown) == run.AT_FIRST


@pytest.mark.parametrize(
    ("gpu", "wheel", "expected"),
    [
        (True, False, [install.TORCH]),
        (False, True, [f"{install.TORCH}+cpu"]),
        (False, False, ["--extra-index-url", install.CPU_INDEX, f"{install.TORCH}+cpu"]),
    ],
)
def test_pytorch_comes_without_cuda_unless_there_is_a_gpu(monkeypatch, gpu, wheel, expected):
    monkeypatch.setattr(install.sys, "platform", "linux")
    monkeypatch.setattr(install.shutil, "which", lambda name: name if gpu else None)
    monkeypatch.setattr(install, "_pip_command", lambda: ["true" if wheel else "false"])
    assert install.torch() == expected


def test_what_was_installed_is_not_installed_again(monkeypatch, tmp_path):
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin" / "python").touch()
    asked = []
    monkeypatch.setattr(install, "VENV", tmp_path)
    monkeypatch.setattr(install, "PYTHON", tmp_path / "bin" / "python")
    monkeypatch.setattr(install, "_pip", lambda *arguments: asked.append(arguments[-1]))
    assert install.install("data")
    assert not install.install("data")
    assert install.install("data", "test")
    assert asked == [f"{ROOT}[data]", f"{ROOT}[data,test]"]


def test_a_python_without_venv_is_said_with_what_to_do(monkeypatch, tmp_path):
    python = tmp_path / "python3"
    python.write_text("#!/bin/sh\necho 'No module named ensurepip' >&2; exit 1")
    python.chmod(0o755)
    monkeypatch.setattr(install.sys, "executable", str(python))
    monkeypatch.setattr(install, "VENV", tmp_path / "venv")
    monkeypatch.setattr(install, "PYTHON", tmp_path / "venv" / "bin" / "python")
    with pytest.raises(install.CannotInstall, match="apt install python3-venv"):
        install.install()


@pytest.mark.parametrize(
    ("python", "says"), [("no-such-python", "apt install python3"), ("old", "Python 3.9.1 is too old")]
)
def test_make_says_what_python_it_needs(tmp_path, python, says):
    if python == "old":
        python = tmp_path / python
        python.write_text('#!/bin/sh\n[ "$1" = --version ] && echo Python 3.9.1 || exit 1')
        python.chmod(0o755)
    done = subprocess.run(
        ["make", "run", f"PYTHON={python}"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode
    assert says in done.stdout
