"""A few resident boxes that answer for one errand, started when they are needed, replaced when they die."""

from __future__ import annotations

from queue import Empty, LifoQueue

from hpcfair_kg.backends.work.base import Answer, Errand, Message, Resident, Work
from hpcfair_kg.errors import Busy


class Pool:
    """Up to `size` boxes, the one that answered last asked first, so that what it holds in memory serves again."""

    def __init__(self, work: Work, errand: Errand, size: int, patience: float = 30.0) -> None:
        self._work, self._errand, self._patience = work, errand, patience
        self._idle: LifoQueue[Resident | None] = LifoQueue()
        for _ in range(size):
            self._idle.put(None)

    def ask(self, message: Message, payload: bytes = b"", timeout: float | None = None) -> Answer:
        """Ask the next free box; raises `Busy` when none is free in time, and what `Resident.ask` raises."""
        box = self._take()
        try:
            return box.ask(message, payload, timeout)
        finally:
            self._idle.put(box if box.alive else None)

    def close(self) -> None:
        """End the boxes that are idle."""
        while True:
            try:
                box = self._idle.get_nowait()
            except Empty:
                return
            if box is not None:
                box.close()

    def _take(self) -> Resident:
        try:
            box = self._idle.get(timeout=self._patience)
        except Empty as exc:
            raise Busy(f"all places are taken for {self._patience:g} s now; try again in a moment") from exc
        if box is not None and box.alive:
            return box
        try:
            return self._work.resident(self._errand)
        except BaseException:
            self._idle.put(None)
            raise
