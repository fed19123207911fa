"""Models that stay open, the least recently used let go when they weigh too much together."""

from __future__ import annotations

import ctypes
from collections import OrderedDict
from collections.abc import Callable
from pathlib import Path
from typing import Generic, TypeVar

from hpcfair_kg.errors import NotFound

Opened = TypeVar("Opened")


class Sessions(Generic[Opened]):
    """What was opened by path; a file's folder is its own and weighs what the files in it do.

    Together they weigh `memory` bytes at most, but for one that is larger by itself.
    """

    def __init__(self, memory: int, load: Callable[[Path], Opened]) -> None:
        self.memory, self._load = memory, load
        self._open: OrderedDict[str, tuple[Opened, int]] = OrderedDict()
        self.changed = False

    def open(self, path: str) -> Opened:
        """Return what a file holds, opened now if need be; raises `NotFound` and what opening raises."""
        if path not in self._open:
            self._open[path] = self._opened(Path(path))
            self.changed = True
        self._open.move_to_end(path)
        return self._open[path][0]

    def close(self, path: str) -> None:
        """Let one go, if it is open."""
        if self._open.pop(path, None):
            self.changed = True
            _give_back()

    def told(self) -> list[str]:
        """Return the paths of what is open, which are then no news any more."""
        self.changed = False
        return list(self._open)

    def __len__(self) -> int:
        return len(self._open)

    def _opened(self, path: Path) -> tuple[Opened, int]:
        if not path.is_file():
            raise NotFound(f"there is no file {path.name}")
        weight = sum(file.stat().st_size for file in path.parent.rglob("*") if file.is_file())
        while self._open and sum(other for _, other in self._open.values()) + weight > self.memory:
            self.close(next(iter(self._open)))
        return self._load(path), weight


def _give_back() -> None:
    """Have the allocator return what it keeps of memory that was freed, where it is glibc's."""
    trim = getattr(ctypes.CDLL(None), "malloc_trim", None)
    if trim is not None:
        trim(0)
