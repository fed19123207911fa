"""Room for those who wait: uploads, `Prefer: wait` and event streams hold a blocking thread each.

With every thread taken nobody is served, so only so many may wait and the next
is told to come back.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import cast

from flask import current_app

from hpcfair_kg.errors import Busy


class Room:
    """Places for `size` requests that may take long."""

    def __init__(self, size: int) -> None:
        self.size = size
        self._free = threading.BoundedSemaphore(size)
        self._lock = threading.Lock()
        self.taken = 0

    def enter(self) -> None:
        """Take a place; raises `Busy` when there is none."""
        if not self._free.acquire(blocking=False):
            raise Busy(f"{self.size} uploads and watchers are being served, which is all there is room for")
        with self._lock:
            self.taken += 1

    def leave(self) -> None:
        """Give the place back."""
        with self._lock:
            self.taken -= 1
        self._free.release()


def room() -> Room:
    """Return the room of this app."""
    return cast(Room, current_app.extensions["room"])


@contextmanager
def place() -> Iterator[None]:
    """Hold a place while the block runs."""
    held = room()
    held.enter()
    try:
        yield
    finally:
        held.leave()
