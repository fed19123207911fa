"""Sends foreign descriptions to be read in the box, many files at a time, and hears what they say."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Final

from hpcfair_kg.backends.work.base import Errand, Event, Limits, Work
from hpcfair_kg.errors import BoxFailed, TooLarge
from hpcfair_kg.ingest.gathering import Given
from hpcfair_kg.ingest.report import Report

LONGEST: Final = 256 << 20
"""Bytes that one document may have."""
TOGETHER: Final = (100, 32 << 20)
"""Files, and bytes of files, in one errand; a larger file has one of its own."""
_CALL: Final = "hpcfair_kg.knowledge.harvest.reading"


class Reader:
    """Reads by `work`, in boxes of at most `memory` bytes."""

    def __init__(self, work: Work, memory: int) -> None:
        self._work, self._memory = work, memory

    def read(self, files: Iterable[Given], report: Report) -> Iterator[Event]:
        """Yield what the box says of the files; those that end it are found out one by one, and told."""
        waiting = list(_groups(files, report))
        while waiting:
            group = waiting.pop(0)
            events: list[Event] = []
            try:
                self._work.submit(self._errand(group), events.append).result()
            except BoxFailed as exc:
                if len(group) > 1:
                    waiting[:0] = [[given] for given in group]
                else:
                    ended = BoxFailed(f"it cannot be read, the reader ended early: {exc.detail}")
                    report.refuse("", group[0].name, ended)
                continue
            yield from report.noted(events)

    def _errand(self, group: Sequence[Given]) -> Errand:
        size = sum(given.path.stat().st_size for given in group)
        files = [{"path": str(g.path), "kind": g.kind, "address": g.address, "name": g.name} for g in group]
        return Errand(
            f"{_CALL}:read",
            {"files": files},
            preload=("pyoxigraph", "yaml", _CALL),
            reads=tuple(given.path for given in group),
            limits=Limits(seconds=60 + size / 100_000, memory=self._memory),
        )


def _groups(files: Iterable[Given], report: Report) -> Iterator[list[Given]]:
    """Yield the files in groups that one box reads; what is too large is told."""
    group: list[Given] = []
    total = 0
    for given in files:
        size = given.path.stat().st_size
        if size > LONGEST:
            reason = TooLarge(f"this has {size:,} bytes; a document may have {LONGEST:,}: send it in parts")
            report.refuse("", given.name, reason)
            continue
        if group and (len(group) == TOGETHER[0] or total + size > TOGETHER[1]):
            yield group
            group, total = [], 0
        group.append(given)
        total += size
    if group:
        yield group
