"""The machine that this process runs on, and the software around it: by kind, never by a name of host, user or path.

Nothing is imported for it, and no device is opened: Linux says it in /proc and
/sys (proc(5), sysfs(5), cgroups(7)).
"""

from __future__ import annotations

import os
import platform
import re
import subprocess
import sys
import threading
from collections.abc import Iterator
from importlib import metadata
from pathlib import Path

from hpcfair_kg.activity import Environment, Hardware

ROOT = Path("/")
AMD = "0x1002"
"""The number of AMD among the vendors of PCI devices."""
_MODELS = ("model name", "cpu model", "cpu", "Model")
"""What /proc/cpuinfo calls the processor: on x86, MIPS, POWER, and boards with ARM."""
_CORES = {
    ("0x41", "0xd08"): "ARM Cortex-A72", ("0x41", "0xd0b"): "ARM Cortex-A76", ("0x41", "0xd0c"): "ARM Neoverse-N1",
    ("0x41", "0xd40"): "ARM Neoverse-V1", ("0x41", "0xd49"): "ARM Neoverse-N2", ("0x41", "0xd4f"): "ARM Neoverse-V2",
    ("0x43", "0x0af"): "Cavium ThunderX2", ("0x46", "0x001"): "Fujitsu A64FX", ("0x48", "0xd01"): "HiSilicon TaiShan v110",
    ("0xc0", "0xac3"): "Ampere-1", ("0xc0", "0xac4"): "Ampere-1A",
}  # fmt: skip
"""The processors of servers that give their numbers alone (MIDR_EL1: implementer and part)."""


class Machine:
    """What is found out once, and again only when packages were installed.

    `iri` is the machine that the operator says this is part of; `root` is where
    /proc and /sys are looked for.
    """

    def __init__(self, iri: str | None = None, root: Path = ROOT) -> None:
        self._iri, self._root = iri, root
        self._lock = threading.Lock()
        self._hardware: Hardware | None = None
        self._packages: tuple[str, ...] = ()
        self._seen: tuple[tuple[str, int], ...] | None = None

    def surroundings(self) -> tuple[Environment, Hardware]:
        """Return the software and the hardware that a step which begins now has around it."""
        with self._lock:
            if self._hardware is None:
                self._hardware = hardware(self._iri, self._root)
            changed = _changes()
            if changed != self._seen:
                self._packages, self._seen = packages(), changed
            return environment(self._packages), self._hardware


def environment(installed: tuple[str, ...]) -> Environment:
    """Return this Python and system with the packages installed."""
    return Environment(platform.python_version(), f"{platform.system()} {platform.machine()}", installed)


def packages() -> tuple[str, ...]:
    """Return every distribution that is installed, "name version", sorted; one that is half there is left out."""
    found: dict[str, str] = {}
    for distribution in metadata.distributions():
        try:
            said = distribution.metadata
        except FileNotFoundError:
            # The backport's finder raises this, which some package may have put in Python's place.
            continue
        if "Name" in said and "Version" in said:
            # The first on the path is the one that is imported.
            found.setdefault(said["Name"].lower(), f"{said['Name']} {said['Version']}")
    return tuple(sorted(found.values()))


def hardware(iri: str | None = None, root: Path = ROOT) -> Hardware:
    """Return the processor, the cores and bytes of memory this process may use, and the GPUs."""
    return Hardware(processor(root), len(os.sched_getaffinity(0)), memory(root), gpus(root), iri)


def processor(root: Path = ROOT) -> str | None:
    """Return the name of the processor, or that of its instruction set where it says no more."""
    said = dict(re.findall(r"^(.+?)[ \t]*:[ \t]*(.+?)[ \t]*$", _text(root / "proc/cpuinfo"), re.MULTILINE))
    named = next((said[key] for key in _MODELS if key in said and not said[key].isdigit()), None)
    numbers = said.get("CPU implementer", ""), said.get("CPU part", "")
    return named or _CORES.get(numbers) or platform.machine() or None


def memory(root: Path = ROOT) -> int | None:
    """Return the bytes of memory: the machine's, or what its control groups leave this process of them."""
    whole = re.search(r"^MemTotal:\s*(\d+) kB", _text(root / "proc/meminfo"), re.MULTILINE)
    amounts = [int(whole[1]) << 10] if whole else []
    return min((*amounts, *_limits(root)), default=None)


def gpus(root: Path = ROOT) -> tuple[str, ...]:
    """Return the names of the GPUs, one for each, sorted."""
    found = list(_nvidia(root)) or list(_nvidia_smi(root)) or list(_amd(root))
    return tuple(sorted(found))


def _limits(root: Path) -> Iterator[int]:
    """Yield the limits of memory of this process's control groups, of version 2 and of version 1."""
    for line in _text(root / "proc/self/cgroup").splitlines():
        _, controllers, path = line.split(":", 2)
        if controllers and "memory" not in controllers.split(","):
            continue
        tree, file = ("memory", "memory.limit_in_bytes") if controllers else ("", "memory.max")
        top = root / "sys/fs/cgroup" / tree
        group = top / path.lstrip("/")
        for place in (group, *group.parents):
            if place.is_relative_to(top) and (text := _text(place / file).strip()).isdigit():
                yield int(text)


def _nvidia(root: Path) -> Iterator[str]:
    for file in (root / "proc/driver/nvidia/gpus").glob("*/information"):
        if model := re.search(r"^Model:\s*(\S.*?)\s*$", _text(file), re.MULTILINE):
            yield model[1]


def _nvidia_smi(root: Path) -> tuple[str, ...]:
    """Ask NVIDIA's own tool, where there is a device and /proc does not show it, as in some containers."""
    if not (root / "dev/nvidiactl").exists():
        return ()
    command = ["nvidia-smi", "--query-gpu=name", "--format=csv,noheader"]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=10, check=True)
    except (OSError, subprocess.SubprocessError):
        return ()
    return tuple(filter(None, map(str.strip, done.stdout.splitlines())))


def _amd(root: Path) -> Iterator[str]:
    for device in (root / "sys/class/drm").glob("card*/device"):
        name = _text(device / "product_name").strip()
        if name and _text(device / "vendor").strip() == AMD:
            yield name


def _changes() -> tuple[tuple[str, int], ...]:
    """Return when each folder that packages are imported from was last changed: installing adds a folder to it."""
    return tuple((p, Path(p).stat().st_mtime_ns) for p in sys.path if p and Path(p).is_dir())


def _text(path: Path) -> str:
    """Return what a file of the kernel says, "" where there is none or it may not be read."""
    try:
        return path.read_text(errors="replace")
    except OSError:
        return ""
