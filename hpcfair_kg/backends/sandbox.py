"""The box around strangers' bytes: no network, nothing to read but libraries, nothing to write but one folder.

A process enters by itself and for good, in layers that each hold alone and
that no right of root undoes: limits on what it uses (rlimits), namespaces of
its own, no capabilities and no way to win any (no-new-privileges), Landlock
for files, seccomp for what Landlock does not see.  User namespaces are often
off, and old kernels lack Landlock: `probe` says what holds on this machine.
"""

from __future__ import annotations

import json
import math
import os
import resource
import socket
import subprocess
import sys
import tempfile
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from pathlib import Path

from hpcfair_kg.backends.box import kernel, landlock, places, seccomp
from hpcfair_kg.backends.work.base import Limits

FACILITIES = ("landlock", "seccomp", "namespaces", "no-new-privileges", "rlimits")
"""What `enter` can put on, as provenance lists it."""

_FILES = 4096
_CLONE_NEWUSER, _CLONE_NEWUTS, _CLONE_NEWIPC, _CLONE_NEWNET = 0x10000000, 0x04000000, 0x08000000, 0x40000000


@dataclass(frozen=True)
class Box:
    """What holds on this machine: the layers out of `FACILITIES`, and "no-network" when that was seen.

    `holds` is whether both were seen to be refused: the network, and the files
    outside (reading, writing, changing their modes).
    """

    layers: tuple[str, ...] = ()
    holds: bool = False

    def __str__(self) -> str:
        named = [layer for layer in self.layers if layer not in ("no-network", "no-new-privileges")]
        return "+".join(named) or "none"


def enter(
    limits: Limits,
    reads: Collection[Path] = (),
    writes: Path | None = None,
    layers: Collection[str] = FACILITIES,
) -> None:
    """Box this process for good, by the layers named; it must have one thread.

    `limits.seconds` becomes CPU seconds on every core; the wall clock is for
    whoever started the process.  `limits.memory` is address space beyond what
    the process has taken by now.  Raises `OSError` when a layer fails.
    """
    if len(os.listdir("/proc/self/task")) != 1:  # noqa: PTH208
        raise RuntimeError(
            "a process with several threads cannot enter a box: only one of them would be in it"
        )
    if "rlimits" in layers:
        _limit(limits)
    if "namespaces" in layers:
        _leave_namespaces()
    if "no-new-privileges" in layers:
        kernel.drop_capabilities()
    if "landlock" in layers:
        inside = [places.NULL] if writes is None else [places.NULL, writes]
        landlock.restrict([*places.readable(), *reads], inside)
    if "seccomp" in layers:
        seccomp.install()


def probe() -> Box:
    """Try every layer in a process of its own, then attack them, and say what holds."""
    with tempfile.TemporaryDirectory() as folder, socket.create_server(("127.0.0.1", 0)) as server:
        for part in ("inside", "outside"):
            Path(folder, part).mkdir()
        Path(folder, "outside", "secret").write_text("secret")
        command = [folder, str(server.getsockname()[1])]
        trial = subprocess.run(
            [sys.executable, "-P", "-m", "hpcfair_kg.backends.box.trial", *command],
            env=environment(),
            capture_output=True,
            timeout=60,
            check=False,
        )
    return _judged(trial.stdout)


def environment() -> dict[str, str]:
    """Return all of the environment that processes of this package's own get: no secret of the operator's."""
    kept = ("LANG", "LC_ALL", "LD_LIBRARY_PATH", "TZ", "PYTHONDONTWRITEBYTECODE")
    threads = [name for name in os.environ if name.endswith("_NUM_THREADS")]
    return {
        "PATH": "/usr/local/bin:/usr/bin:/bin",
        "HOME": "/nonexistent",
        "USER": "hpcfair",
        "ORT_DISABLE_TELEMETRY": "1",
        "TF_CPP_MIN_LOG_LEVEL": "3",
        "JOBLIB_MULTIPROCESSING": "0",  # its semaphores lie in /dev/shm, which no box may open
        "PYTHONPATH": os.pathsep.join(_module_path()),
        **{name: os.environ[name] for name in (*kept, *threads) if name in os.environ},
    }


def _module_path() -> Sequence[str]:
    here = str(Path(__file__).resolve().parents[2])
    return [here, *(entry for entry in sys.path if entry and entry != here and Path(entry).exists())]


def _judged(said: bytes) -> Box:
    try:
        report = json.loads(said)
    except ValueError:
        return Box()
    got_through = set(report["got_through"])
    layers = [layer for layer in FACILITIES if layer in report["layers"]]
    if "network" not in got_through:
        layers.append("no-network")
    return Box(tuple(layers), holds=not got_through)


def _limit(limits: Limits) -> None:
    cores = os.cpu_count() or 1
    endless = math.isinf(limits.seconds)
    seconds = resource.RLIM_INFINITY if endless else math.ceil(limits.seconds * cores) + 1
    wanted = {
        resource.RLIMIT_AS: _address_space() + limits.memory,
        resource.RLIMIT_CPU: seconds,
        resource.RLIMIT_FSIZE: limits.file_size,
        resource.RLIMIT_NOFILE: _FILES,
        resource.RLIMIT_CORE: 0,
    }
    for kind, value in wanted.items():
        _, most = resource.getrlimit(kind)
        if most != resource.RLIM_INFINITY and (value == resource.RLIM_INFINITY or value > most):
            value = most
        resource.setrlimit(kind, (value, value))


def _address_space() -> int:
    """Return what the warm process had taken before: libraries reserve more the more cores there are."""
    return int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()


def _leave_namespaces() -> None:
    """Leave the user, network, IPC and host name namespaces; as root without user namespaces, the last three."""
    others = _CLONE_NEWNET | _CLONE_NEWIPC | _CLONE_NEWUTS
    try:
        kernel.unshare(_CLONE_NEWUSER | others)
    except OSError:
        kernel.unshare(others)
