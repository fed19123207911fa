"""What any box may read: the interpreter, its libraries, and what those ask the system."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from pathlib import Path

_ROOT = Path(__file__).resolve().parents[3]

SYSTEM = (
    "/usr", "/lib", "/lib64", "/nix/store", "/gnu/store",
    "/etc/ld.so.cache", "/etc/ld.so.conf", "/etc/ld.so.conf.d", "/etc/localtime", "/etc/timezone",
    "/proc/cpuinfo", "/proc/meminfo", "/proc/sys/vm/overcommit_memory",
    "/sys/devices/system/cpu", "/sys/devices/system/node", "/sys/kernel/mm/transparent_hugepage",
    "/dev/null", "/dev/zero", "/dev/random", "/dev/urandom",
)  # fmt: skip
NULL = Path("/dev/null")


def readable() -> tuple[Path, ...]:
    """Return what may be read besides what an errand names; of this process, as it is now.

    Of `sys.path` only what holds installed packages: a script's own folder, or
    the checkout with a data folder in it, stays closed but for this package.
    """
    return (*map(Path, SYSTEM), Path(f"/proc/{os.getpid()}"), *_interpreter(), *_packages(), *_libraries())


def _interpreter() -> Iterator[Path]:
    for prefix in {sys.prefix, sys.base_prefix, sys.exec_prefix}:
        for part in ("lib", "lib64", "share", "pyvenv.cfg"):
            yield Path(prefix, part)


def _packages() -> Iterator[Path]:
    yield from (_ROOT / part for part in ("hpcfair_kg", "ontology", "shapes"))
    for entry in map(Path, filter(None, sys.path)):
        if entry.is_file() or entry.name in ("site-packages", "dist-packages"):
            yield entry


def _libraries() -> Iterator[Path]:
    """Yield where a computing centre's environment modules keep shared libraries."""
    yield from (Path(entry) for entry in os.environ.get("LD_LIBRARY_PATH", "").split(":") if entry)
