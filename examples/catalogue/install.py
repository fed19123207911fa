"""Put what is needed into .venv: `python3 -m examples.catalogue.install EXTRA…`.

Uses only the standard library, for it runs before anything is installed.  What
is there already, in the versions of constraints.txt, costs nothing.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
VENV = Path(os.environ.get("HPCFAIR_VENV") or ROOT / ".venv")
PYTHON = VENV / "bin" / "python"
TORCH = "torch==2.13.0"
CPU_INDEX = "https://download.pytorch.org/whl/cpu"
LOG = VENV / "install.log"


class CannotInstall(SystemExit):
    """Something is missing on this machine; the message says what to do."""


def install(*extras: str) -> bool:
    """Install the project with these extras; False when that was done before."""
    if not PYTHON.exists():
        _make_environment()
    wanted = {*extras, "core"}
    if wanted <= _installed():
        return False
    chosen = f"[{','.join(sorted(extras))}]" if extras else ""
    build = torch() if {"torch", "transformers"} & wanted else []
    _pip("-c", str(ROOT / "constraints.txt"), *build, "-e", f"{ROOT}{chosen}")
    _stamp().write_text("\n".join(sorted(wanted | _installed())))
    return True


def _make_environment() -> None:
    done = subprocess.run([sys.executable, "-m", "venv", str(VENV)], capture_output=True, text=True)
    if done.returncode:
        shutil.rmtree(VENV, ignore_errors=True)
        raise CannotInstall(
            f"{sys.executable} -m venv does not work here:\n{(done.stdout + done.stderr).strip()}\n"
            "On Debian and Ubuntu: apt install python3-venv; elsewhere use a Python that has venv and pip, "
            "for example: make run PYTHON=/path/to/python3"
        )


def _stamp() -> Path:
    """Return the file that lists the extras installed, for this state of the requirements."""
    state = hashlib.sha256(str(ROOT).encode())
    for name in ("pyproject.toml", "constraints.txt"):
        state.update((ROOT / name).read_bytes())
    return VENV / f"installed-{state.hexdigest()[:12]}"


def _installed() -> set[str]:
    return set(_stamp().read_text().split()) if _stamp().exists() else set()


def torch() -> list[str]:
    """Return what makes pip take the CPU build of PyTorch, which PyPI does not have.

    A machine with a GPU gets PyPI's; one with a CPU wheel of its own uses that;
    any other Linux is sent to PyTorch's index.
    """
    if shutil.which("nvidia-smi") or sys.platform != "linux":
        return [TORCH]
    local = [*_pip_command(), "--dry-run", "--no-deps", f"{TORCH}+cpu"]
    if subprocess.run(local, capture_output=True).returncode == 0:
        return [f"{TORCH}+cpu"]
    return ["--extra-index-url", CPU_INDEX, f"{TORCH}+cpu"]


def _pip_command() -> list[str]:
    return [str(PYTHON), "-m", "pip", "install", "--disable-pip-version-check", "--no-input"]


def _pip(*arguments: str) -> None:
    with LOG.open("a") as log:
        done = subprocess.run([*_pip_command(), *arguments], stdout=log, stderr=subprocess.STDOUT)
    if done.returncode:
        last = "\n".join(LOG.read_text(errors="replace").splitlines()[-12:])
        raise CannotInstall(f"pip could not install what is needed; {LOG} ends with:\n{last}")


if __name__ == "__main__":
    install(*sys.argv[1:])
