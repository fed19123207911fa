"""A service in a process of its own, started and ended as an operator does it."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

ORCID = "0000-0002-1825-0097"


@dataclass(frozen=True)
class Live:
    """A service in a process of its own: its address, its folder, a token of ada's, the process."""

    url: str
    data_dir: Path
    token: str
    process: subprocess.Popen[str]


def start(folder: Path, *flags: str, **settings: object) -> Live:
    """Start `hpcfair-server serve`, with settings that have no flag, and wait until it says where it answers."""
    told = {f"HPCFAIR_{name.upper()}": str(value) for name, value in settings.items()}
    command = [sys.executable, "-m", "server", "serve", "--port", "0", "--data-dir", str(folder), *flags]
    log = (folder.parent / f"{folder.name}.log").open("w")
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=log, text=True, env=environ() | told)
    log.close()
    assert process.stdout is not None
    for line in process.stdout:
        if match := re.search(r"catalogue\s+(http://\S+?)/$", line.rstrip()):
            return Live(match[1], folder, _token(folder), process)
    raise AssertionError(f"the service did not start:\n{(folder.parent / f'{folder.name}.log').read_text()}")


def operator(*words: str, folder: Path, **settings: str) -> subprocess.CompletedProcess[str]:
    """Give one of the operator's commands for a data folder, with `settings` in the environment."""
    command = [sys.executable, "-m", "server", *words, "--data-dir", str(folder)]
    return subprocess.run(command, capture_output=True, text=True, check=False, env=environ() | settings)


def stop(process: subprocess.Popen[str]) -> int:
    """End a service as an operator ends it and return its exit status."""
    process.send_signal(signal.SIGTERM)
    status = process.wait(timeout=60)
    assert process.stdout is not None
    process.stdout.close()
    return status


def _token(folder: Path) -> str:
    create = ["token", "create", "ada", "--name", "Ada Lovelace", "--orcid", ORCID, "--data-dir", str(folder)]
    done = subprocess.run(
        [sys.executable, "-m", "server", *create], capture_output=True, text=True, check=True, env=environ()
    )
    return done.stdout.strip()


def environ() -> dict[str, str]:
    """Return the environment without settings of this project's own."""
    root = str(Path(__file__).resolve().parents[1])
    return {k: v for k, v in os.environ.items() if not k.startswith("HPCFAIR_")} | {"PYTHONPATH": root}
