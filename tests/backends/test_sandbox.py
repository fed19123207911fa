"""The box is attacked from inside: by each means, with every layer, and with the layers of a poorer machine."""

import os
import socket
import stat
import subprocess
import sys
import threading
from dataclasses import replace
from pathlib import Path

import pytest

from hpcfair_kg.backends import sandbox
from hpcfair_kg.backends.sandbox import Box, probe
from hpcfair_kg.backends.work.base import Limits
from hpcfair_kg.backends.work.processes import Processes
from tests.backends.work.contract import ERRANDS, errand

ROOT = Path(__file__).parents[2]
REFUSED = "refused"


@pytest.fixture(scope="module")
def box():
    found = probe()
    if not found.holds:
        pytest.skip(f"no sandbox holds on this machine ({found}): Landlock and seccomp are needed")
    return found


@pytest.fixture(scope="module", params=["every layer", "no namespaces"])
def work(request, box, tmp_path_factory):
    if request.param == "no namespaces":
        box = replace(box, layers=tuple(layer for layer in box.layers if layer != "namespaces"))
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(str(ERRANDS))
        processes = Processes(tmp_path_factory.mktemp("work"), box)
        yield processes
        processes.close()


@pytest.fixture
def places(tmp_path):
    """Make a folder to write in, a file that may be read, and one that may not."""
    for name in ("inside", "given", "outside"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "file").write_text(name)
        (tmp_path / name / "file").chmod(0o640)
    return tmp_path


@pytest.fixture
def attempt(work, places):
    def attempted(what, target=""):
        sent = errand("attempt", places / "inside", (places / "given",), what=what, target=str(target))
        return work.submit(sent).result()

    return attempted


class TestFiles:
    @pytest.mark.parametrize(
        "path", ["/etc/shadow", "/etc/passwd", str(Path.home()), "/tmp", "/", "/dev/shm"]
    )
    def test_the_systems_and_the_users_are_closed(self, attempt, path):
        assert attempt("list" if Path(path).is_dir() else "read", path) == REFUSED

    def test_the_checkout_and_a_data_folder_in_it_are_closed(self, attempt):
        assert attempt("list", ROOT) == REFUSED
        assert attempt("read", ROOT / "pyproject.toml") == REFUSED

    @pytest.mark.parametrize(
        "what",
        ["read", "write", "overwrite", "truncate", "truncate for reading", "remove", "rename", "link here",
         "chmod", "fchmod", "chown", "utime", "setxattr"],
    )  # fmt: skip
    def test_outside_nothing_can_be_done(self, attempt, places, what):
        target = places / "outside" / "file"
        assert attempt(what, target) == REFUSED
        assert target.read_text() == "outside"
        assert stat.S_IMODE(target.stat().st_mode) == 0o640

    @pytest.mark.parametrize(
        "what",
        ["write", "overwrite", "truncate", "truncate for reading", "remove", "rename", "link here", "chmod",
         "fchmod", "chown", "utime", "setxattr"],
    )  # fmt: skip
    def test_what_is_given_to_read_cannot_be_changed(self, attempt, places, what):
        target = places / "given" / "file"
        assert attempt("read", target) == "done"
        assert attempt(what, target) == REFUSED
        assert target.read_text() == "given"

    @pytest.mark.parametrize("what", ["read", "write", "overwrite", "rename", "remove", "folder here"])
    def test_inside_files_and_folders_are_free(self, attempt, places, what):
        assert attempt(what, places / "inside" / "file") == "done"

    @pytest.mark.parametrize("what", ["symlink here", "fifo here"])
    def test_inside_nothing_but_files_and_folders_can_be_made(self, attempt, what):
        assert attempt(what, "/etc/shadow") == REFUSED

    def test_a_link_inside_leads_nowhere(self, attempt, places):
        (places / "inside" / "link").symlink_to(places / "outside" / "file")
        assert attempt("read", places / "inside" / "link") == REFUSED

    def test_without_a_folder_nothing_can_be_written(self, work, places):
        sent = errand("attempt", what="write", target=str(places / "inside" / "file"))
        assert work.submit(sent).result() == REFUSED


class TestNetwork:
    @pytest.mark.parametrize("what", ["connect", "connect by thread"])
    def test_not_even_the_loopback_can_be_reached(self, attempt, what):
        with socket.create_server(("127.0.0.1", 0)) as server:
            assert attempt(what, server.getsockname()[1]) == REFUSED

    def test_no_service_of_the_machine_can_be_reached_by_its_path(self, attempt, places):
        path = str(places / "inside" / "s")
        with socket.socket(socket.AF_UNIX) as server:
            server.bind(path)
            server.listen()
            assert attempt("unix", path) == REFUSED
        Path(path).unlink()
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as server:
            server.bind(path)
            assert attempt("datagram", path) == REFUSED

    def test_a_pair_of_sockets_inside_is_free(self, attempt):
        assert attempt("stream pair") == "done"


class TestProcessesOfOthers:
    @pytest.mark.parametrize("what", ["exec", "subprocess", "fork"])
    def test_no_other_program_or_process_can_be_started(self, attempt, what):
        assert attempt(what, "/bin/true") == REFUSED

    def test_threads_can(self, attempt):
        assert attempt("thread") == "done"

    @pytest.mark.parametrize("what", ["signal", "limits of others", "ptrace"])
    def test_no_other_process_can_be_touched(self, attempt, what):
        assert attempt(what, os.getpid()) == REFUSED

    @pytest.mark.parametrize("part", ["environ", "cmdline", "maps", "fd"])
    def test_no_other_process_can_be_looked_at(self, attempt, part):
        path = f"/proc/{os.getpid()}/{part}"
        assert attempt("list" if part == "fd" else "read", path) == REFUSED

    def test_its_own_signals_are_free(self, attempt):
        assert attempt("signal self") == "done"

    @pytest.mark.parametrize("what", ["outlive", "new user", "mount", "memory file"])
    def test_no_way_out_is_open(self, attempt, what):
        assert attempt(what) == REFUSED


@pytest.fixture(scope="module")
def unboxed(tmp_path_factory):
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(str(ERRANDS))
        processes = Processes(tmp_path_factory.mktemp("unboxed"), Box(), allow_unboxed=True)
        yield processes
        processes.close()


class TestTheAttacks:
    """They do succeed where there is no box: what is refused above is refused by the box."""

    @pytest.mark.parametrize(
        "what",
        ["read", "write", "overwrite", "truncate", "truncate for reading", "remove", "rename", "link here",
         "symlink here", "fifo here", "chmod", "fchmod", "chown", "utime", "fork", "memory file", "outlive"],
    )  # fmt: skip
    def test_on_files_and_the_kernel(self, unboxed, places, what):
        sent = errand("attempt", places / "inside", what=what, target=str(places / "outside" / "file"))
        assert unboxed.submit(sent).result() == "done"

    def test_on_the_network_and_other_processes(self, unboxed, places):
        with socket.create_server(("127.0.0.1", 0)) as server:
            targets = {
                "connect": server.getsockname()[1],
                "connect by thread": server.getsockname()[1],
                "subprocess": "/bin/true",
                "signal": os.getpid(),
                "limits of others": os.getpid(),
            }
            for what, target in targets.items():
                sent = errand("attempt", places / "inside", what=what, target=str(target))
                assert unboxed.submit(sent).result() == "done", what


class TestProbe:
    def test_it_names_the_layers_for_the_provenance(self, box):
        assert {"landlock", "seccomp", "no-new-privileges", "rlimits", "no-network"} <= set(box.layers)
        assert str(box).startswith("landlock+seccomp+")
        assert str(Box()) == "none"

    @pytest.mark.parametrize("missing", ["landlock_create_ruleset", "seccomp"])
    def test_it_does_not_hold_where_the_kernel_lacks_a_layer(self, box, missing):
        """A filter of our own makes the kernel one that lacks it."""
        program = (
            "import errno, os\n"
            "from hpcfair_kg.backends import sandbox\n"
            "from hpcfair_kg.backends.box import kernel, seccomp, syscalls\n"
            "kernel.drop_capabilities()\n"
            "syscalls.REFUSED.clear(), syscalls.ABSENT.clear()\n"
            f"lacking = {missing!r}\n"
            "if lacking == 'seccomp':\n"
            "    seccomp._tests = lambda pid: [('prctl', seccomp._never(0, (22,)))]\n"
            "else:\n"
            "    seccomp._tests = lambda pid: []\n"
            "    syscalls.ABSENT['landlock_create_ruleset'] = (444, 444)\n"
            "seccomp.install()\n"
            "found = sandbox.probe()\n"
            "print(found.holds, found)\n"
        )
        done = subprocess.run(
            [sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=True
        )
        holds, _, named = done.stdout.strip().partition(" ")
        assert holds == "False"
        assert missing.partition("_")[0] not in named
        assert "rlimits" in named

    def test_a_process_with_threads_cannot_enter(self):
        waiting = threading.Event()
        thread = threading.Thread(target=waiting.wait)
        thread.start()
        with pytest.raises(RuntimeError, match="several threads"):
            sandbox.enter(Limits(), layers=())
        waiting.set()
        thread.join()


class TestEnvironment:
    def test_it_holds_no_secret_and_keeps_what_libraries_need(self, monkeypatch):
        monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "hunter2")
        monkeypatch.setenv("OMP_NUM_THREADS", "3")
        made = sandbox.environment()
        assert "hunter2" not in made.values()
        assert made["OMP_NUM_THREADS"] == "3"
        assert made["ORT_DISABLE_TELEMETRY"] == "1"
