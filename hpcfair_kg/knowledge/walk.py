"""The catalogue in the order in which it came about: for those who take all of it, or all that changed.

    stretch = index.walk(Walk(since=moment("2026-03-01")), limit=1000)
    stretch = index.walk(walk, stretch.next, limit=1000)     # until there is no next

A place in the order is a time and a key, not a number of a page: what changes
meanwhile moves to the end, and nothing else is skipped or comes twice.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final, Literal

from tantivy import Occur, Order
from tantivy import Query as Clause

from hpcfair_kg.errors import UnknownParameter
from hpcfair_kg.knowledge import cursors, index

MOST: Final = (1 << 64) - 1
"""The largest number that the index holds."""


@dataclass(frozen=True, slots=True)
class Walk:
    """What is gone through, by the time of its last change or of its coming, the earliest first.

    `since` and `until` are microseconds since 1970, both included; `kind` is
    one of the kinds of artifact, or "" for all of them.
    """

    by: Literal["modified", "created"] = "modified"
    since: int = 0
    until: int = MOST
    kind: str = ""
    withdrawn: bool = True


@dataclass(frozen=True, order=True, slots=True)
class Mark:
    """The place of an artifact in the order: its time, and its tie-breaker among those of the same microsecond."""

    time: int
    tie: int

    @classmethod
    def read(cls, *parts: cursors.Part) -> Mark:
        """Return the place of two numbers that a cursor held; raises `ValueError` where they are none."""
        time, tie = parts
        if not (isinstance(time, int) and isinstance(tie, int) and 0 <= time <= MOST and 0 <= tie <= MOST):
            raise ValueError("a place is two numbers that the index can hold")
        return cls(time, tie)


START: Final = Mark(0, 0)
"""The place before the first artifact."""


@dataclass(frozen=True, slots=True)
class Row:
    """One artifact on the way: its place, and where the index holds it."""

    mark: Mark
    address: Any


@dataclass(frozen=True)
class Stretch:
    """A part of a walk, as the index was when it was asked; `next` is the place to go on from, if there is more."""

    walk: Walk
    rows: tuple[Row, ...]
    next: Mark | None
    searcher: Any

    def hits(self) -> Iterator[dict[str, Any]]:
        """Yield the summary of each artifact, in order."""
        return (index.summary(self.searcher, row.address) for row in self.rows)

    @property
    def total(self) -> int:
        """How many artifacts the whole walk comes to."""
        walk = self.walk
        if walk.since > walk.until:
            return 0
        return int(self.searcher.search(_clause(walk, walk.since), 1).count)

    @property
    def latest(self) -> int:
        """When one of them was changed last, in microseconds since 1970; 0 where there are none."""
        return max(self.searcher.fast_field_values("modified", [row.address for row in self.rows]), default=0)


def stretch(searcher: Any, walk: Walk, after: Mark, limit: int) -> Stretch:
    """Return so many artifacts of a walk that come after a place: a time that grows with the catalogue only slowly."""
    rows = _tied(searcher, walk, after, limit + 1)
    if len(rows) <= limit:
        rows += _later(searcher, walk, after.time, limit + 1 - len(rows))
    page = tuple(rows[:limit])
    return Stretch(walk, page, page[-1].mark if len(rows) > limit else None, searcher)


def moment(text: str, name: str = "since") -> int:
    """Read a date or a time of ISO 8601, UTC where it says no zone, as microseconds since 1970.

    Raises `UnknownParameter` for what is neither.

    >>> moment("1970-01-02")
    86400000000
    """
    try:
        return index.microseconds(text)
    except (ValueError, OverflowError) as exc:
        said = text if len(text) <= 40 else f"{text[:40]}…"
        raise UnknownParameter(
            f"{name} is {said!r}; it must be a date or a time such as 2026-03-01 or 2026-03-01T12:00:00Z",
            known=[name],
        ) from exc


def spoken(moment: int) -> str:
    """Return a number of microseconds since 1970 as a time of ISO 8601, to the second.

    >>> spoken(86400000000)
    '1970-01-02T00:00:00Z'
    """
    return datetime.fromtimestamp(moment // 1_000_000, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _tied(searcher: Any, walk: Walk, after: Mark, limit: int) -> list[Row]:
    """Return those of the same microsecond that come after a place."""
    if not walk.since <= after.time <= walk.until or after.tie == MOST:
        return []
    clause = _clause(walk, after.time, after.time, index.between("tie", after.tie + 1, MOST))
    return [Row(Mark(after.time, tie), at) for tie, at in _first(searcher, clause, "tie", limit)]


def _later(searcher: Any, walk: Walk, time: int, limit: int) -> list[Row]:
    """Return those that come after a time.

    The engine knows one order only: of those that share the last time it has
    returned some, by chance, and which come first is asked again.
    """
    since = max(walk.since, time + 1)
    if since > walk.until:
        return []
    found = _first(searcher, _clause(walk, since), walk.by, limit)
    ties = searcher.fast_field_values("tie", [address for _, address in found])
    rows = sorted(
        (Row(Mark(when, tie), at) for (when, at), tie in zip(found, ties, strict=True)),
        key=lambda row: row.mark,
    )
    if len(rows) < limit:
        return rows
    last = rows[-1].mark.time
    whole = [row for row in rows if row.mark.time < last]
    return whole + _tied(searcher, walk, Mark(last, 0), limit - len(whole))


def _first(searcher: Any, clause: Any, by: str, limit: int) -> list[tuple[int, Any]]:
    limit = min(limit, searcher.num_docs) or 1
    found: list[tuple[int, Any]] = searcher.search(
        clause, limit, count=False, order_by_field=by, order=Order.Asc
    ).hits
    return found


def _clause(walk: Walk, since: int, until: int | None = None, *more: Any) -> Any:
    time = index.between(walk.by, since, walk.until if until is None else until)
    parts = [(Occur.Must, part) for part in (time, *more)]
    if walk.kind:
        parts.append((Occur.Must, index.term("kind", walk.kind)))
    if not walk.withdrawn:
        parts.append((Occur.MustNot, index.term("status", "withdrawn")))
    return Clause.boolean_query(parts)
