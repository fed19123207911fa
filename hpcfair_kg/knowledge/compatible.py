"""What can come before and after a model, which datasets feed it, and which models a dataset feeds.

The index finds the signatures that may fit by their words, each is judged once
a commit, and what has the best of them is listed first, the newest before the
others of its signature.
"""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import islice
from typing import Any, Final

from cachetools import LRUCache
from tantivy import Occur
from tantivy import Query as Clause

from hpcfair_kg.artifact import Artifact, Fit, plain
from hpcfair_kg.errors import NotRunnable
from hpcfair_kg.knowledge import cursors
from hpcfair_kg.knowledge import index as stored
from hpcfair_kg.knowledge.affinity import ROLES, Role
from hpcfair_kg.knowledge.query import MOST, TOO_MUCH, Place, Query, number, refusal, single
from hpcfair_kg.knowledge.search import Index
from hpcfair_kg.knowledge.signatures import Signature
from hpcfair_kg.knowledge.snapshot import Question, Row, Snapshot

PARAMETERS = ("role", "limit", "cursor")
SIGNATURES: Final = 20_000
"""Signatures that are judged for one question; where more may fit, the rarest are left out."""
_REMEMBERED: Final = 256
_KEPT: Final = 50_000


@dataclass(frozen=True)
class Asked:
    """A page of one list, or the first page of each; `limit` counts the entries of a list."""

    role: str | None = None
    limit: int = 20
    cursor: str | None = None

    def __post_init__(self) -> None:
        if not 0 <= self.limit <= MOST:
            raise refusal(f"limit is {self.limit}; it must be a whole number from 0 to {MOST}", PARAMETERS)
        if self.cursor and not self.role:
            raise refusal("a cursor is a place in one list; say which by role", PARAMETERS)


FIRST: Final = Asked()
"""The first page of each list."""


@dataclass(frozen=True)
class Page:
    """So many entries of one list, each a summary with its `fit`; `total` counts the whole list."""

    total: int
    entries: tuple[dict[str, Any], ...]
    next: str | None = None


@dataclass(frozen=True)
class Group:
    """The artifacts of one signature: how they fit, and how many there are."""

    fit: Fit
    digest: str
    count: int

    @property
    def order(self) -> tuple[float, str]:
        """What groups are sorted by."""
        return -self.fit.score, self.digest


def parse(args: Iterable[tuple[str, str]]) -> Asked:
    """Read what is asked for from URL parameters; raises `UnknownParameter`, naming those there are."""
    given: dict[str, list[str]] = {}
    for name, value in args:
        if name not in PARAMETERS:
            raise refusal(f"unknown parameter {name!r}", PARAMETERS, name)
        given.setdefault(name, []).append(value)
    once = {name: single(name, given.get(name, []), PARAMETERS) for name in PARAMETERS}
    limit = number(once["limit"], PARAMETERS) if once["limit"] else Asked.limit
    return Asked(once["role"] or None, limit, once["cursor"] or None)


class Compatible:
    """The lists of what fits, out of the index; safe to ask from many threads."""

    def __init__(self, index: Index) -> None:
        self._index = index
        self._signatures: LRUCache[str, Signature] = LRUCache(_KEPT)
        self._ranked: LRUCache[tuple[int, str, str], tuple[Group, ...]] = LRUCache(_REMEMBERED)
        self._lock = threading.Lock()

    def of(self, artifact: Artifact, asked: Asked) -> dict[str, Page]:
        """Return the lists by role: before, after and datasets of a model, models of a dataset.

        Raises `UnknownParameter` for a role that there is not and a cursor of
        another list, `Withdrawn`, and `NotRunnable` for what nothing can fit.
        """
        artifact.require_present()
        if artifact.kind not in ROLES or (artifact.kind == "model" and not artifact.runnable):
            reason = artifact.obstacle
            raise NotRunnable(
                f"{artifact.owner}/{artifact.name} cannot be run, so nothing fits it: {reason}", reason=reason
            )
        roles = ROLES[artifact.kind]
        if asked.role is not None and asked.role not in roles:
            raise refusal(f"a {artifact.kind} has no list {asked.role!r}", roles, asked.role)
        chosen = [asked.role] if asked.role else list(roles)
        snapshot = self._index.snapshot
        return {name: self._page(snapshot, artifact, name, roles[name], asked) for name in chosen}

    def _page(self, snapshot: Snapshot, artifact: Artifact, name: str, role: Role, asked: Asked) -> Page:
        groups = self._groups(snapshot, artifact, name, role)
        whose = hashlib.sha256(f"{artifact.key} {name}".encode()).hexdigest()[:12]
        after = _Mark.read(asked.cursor, whose) if asked.cursor else None
        rows = list(islice(_rows(snapshot, groups, artifact.key, after, asked.limit), asked.limit + 1))
        shown = rows[: asked.limit]
        more = len(rows) > len(shown) > 0
        entries = tuple(snapshot.summary(row) | {"fit": plain(group.fit)} for group, row in shown)
        following = _mark(*shown[-1]).cursor(whose) if more else None
        return Page(sum(group.count for group in groups), entries, following)

    def _groups(self, snapshot: Snapshot, artifact: Artifact, name: str, role: Role) -> tuple[Group, ...]:
        """Return the signatures that fit, the best first; judged once a commit."""
        known = (snapshot.generation, artifact.key, name)
        with self._lock:
            if (found := self._ranked.get(known)) is not None:
                return found
        found = tuple(sorted(self._judged(snapshot, artifact, role), key=lambda group: group.order))
        with self._lock:
            self._ranked[known] = found
        return found

    def _judged(self, snapshot: Snapshot, artifact: Artifact, role: Role) -> Iterator[Group]:
        asked = Signature.of(artifact)
        finding = [stored.any_of("fitting", words) for words in role.words(asked)]
        clause = _others(artifact.key, stored.term("kind", role.kind), *finding)
        terms = {"terms": {"field": "signature", "size": SIGNATURES, "segment_size": SIGNATURES}}
        for bucket in snapshot.searcher.aggregate(clause, {"signatures": terms})["signatures"]["buckets"]:
            if fit := role.judge(asked, self._signature(snapshot, bucket["key"])):
                yield Group(fit, bucket["key"], bucket["doc_count"])

    def _signature(self, snapshot: Snapshot, digest: str) -> Signature:
        with self._lock:
            found = self._signatures.get(digest)
        if found is None:
            found = stored.signature(snapshot.searcher, digest)
            with self._lock:
                self._signatures[digest] = found
        return found


@dataclass(frozen=True)
class _Mark:
    """A place in a list: the order of a group, and a place in it."""

    order: tuple[float, str]
    place: Place

    def cursor(self, whose: str) -> str:
        return cursors.write(whose, *self.order, self.place.value, self.place.tie)

    @classmethod
    def read(cls, cursor: str, whose: str) -> _Mark:
        try:
            list_, worth, digest, created, tie = cursors.read(cursor)
            numbers = [float(worth), int(created), int(tie)]
        except (ValueError, OverflowError) as exc:
            raise refusal("the cursor is none that this list gave; leave it out", PARAMETERS) from exc
        if list_ != whose or not isinstance(digest, str) or not all(n < TOO_MUCH for n in numbers):
            raise refusal("the cursor is another list's; leave it out to begin this one", PARAMETERS)
        return cls((numbers[0], digest), Place(max(0, int(created)), max(0, int(tie)), 0))


def _rows(
    snapshot: Snapshot, groups: Iterable[Group], key: str, after: _Mark | None, limit: int
) -> Iterator[tuple[Group, Row]]:
    """Yield the artifacts of each group, the newest first, from a place on; each group is asked when it is reached."""
    for group in groups:
        if after and group.order < after.order:
            continue
        within = _others(key, stored.term("signature", group.digest))
        place = after.place if after and group.order == after.order else None
        for row in snapshot.page(Question(Query(limit=limit, facets=()), within), place):
            yield group, row


def _mark(group: Group, row: Row) -> _Mark:
    return _Mark(group.order, Place(row.value, row.tie, 0))


def _others(key: str, *clauses: Any) -> Any:
    """Return a clause for what meets all of these and is not the artifact itself."""
    must = [(Occur.Must, clause) for clause in clauses]
    return Clause.boolean_query([*must, (Occur.MustNot, stored.term("key", key))])
