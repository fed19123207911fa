"""Search: words and facets in, hits and counts out, in milliseconds.

    index = Index(folder)
    index.put(artifact)                       # seen by the next search
    index.search(parse([("q", "protein"), ("tag", "cnn"), ("tag", "3d")]))

Repeated tags narrow (AND), repeated values of any other facet widen (OR).  The
count beside a value is what choosing it would give: for a facet that is ORed,
its own choice is left out of its counts.  With words the order is by relevance
(BM25), else the newest come first; ties go by key.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import chain
from pathlib import Path
from typing import Any

from tantivy import Query as Clause

from hpcfair_kg.artifact import Artifact
from hpcfair_kg.errors import Conflict
from hpcfair_kg.knowledge import index as stored
from hpcfair_kg.knowledge.index import FACETS
from hpcfair_kg.knowledge.query import DEFAULT_FACETS, PARAMETERS, Place, Query, parse
from hpcfair_kg.knowledge.snapshot import Question, Snapshot
from hpcfair_kg.knowledge.walk import START, Mark, Stretch, Walk, stretch

__all__ = ["DEFAULT_FACETS", "FACETS", "PARAMETERS", "Found", "Index", "Query", "parse"]

HEAP = 64 << 20


@dataclass(frozen=True)
class Found:
    """The answer: how many there are, the summaries of this page, the counts, the next page's cursor."""

    total: int
    hits: tuple[dict[str, Any], ...]
    facets: dict[str, list[dict[str, Any]]]
    next: str | None = None


class Index:
    """The index in its folder: one writer at a time, and searches that never wait for it.

    What is missing, damaged or of another version is replaced by an empty
    index, which is `stale` until `rebuild` fills it.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._engine = stored.open_folder(folder)
        self._snapshot = Snapshot(self._engine.searcher())
        self._lock = threading.Lock()
        self._pending: deque[list[tuple[str, Any]]] = deque()
        self._writer: Any = None

    @property
    def stale(self) -> bool:
        """Whether the index was made anew and not rebuilt since."""
        return stored.is_stale(self._folder)

    @property
    def count(self) -> int:
        """The number of artifacts in the index, withdrawn ones too."""
        return int(self._snapshot.searcher.num_docs)

    @property
    def snapshot(self) -> Snapshot:
        """What the last commit left."""
        return self._snapshot

    @property
    def generation(self) -> int:
        """How many commits this object has made: what was counted before another is out of date."""
        return self._snapshot.generation

    @property
    def modified(self) -> str | None:
        """When a record last changed, ISO 8601 in UTC; None while there is none."""
        latest = self._snapshot.latest()
        return (
            None if latest is None else f"{datetime.fromtimestamp(latest / 1e6, UTC):%Y-%m-%dT%H:%M:%S.%fZ}"
        )

    def search(self, query: Query) -> Found:
        """Answer a query; raises `UnknownParameter` for a cursor that another query gave."""
        snapshot, question = self._snapshot, Question(query)
        after = Place.read(query.cursor, question.digest) if query.cursor else None
        total, facets = snapshot.counts(question)
        rows = snapshot.page(question, after) if query.limit else []
        page = rows[: query.limit]
        seen = len(page) + (after.seen if after else 0)
        more = len(rows) > len(page)
        following = Place(page[-1].value, page[-1].tie, seen).cursor(question.digest) if more else None
        return Found(total, tuple(snapshot.summary(row) for row in page), facets, following)

    def walk(self, walk: Walk, after: Mark = START, limit: int = 1000) -> Stretch:
        """Return so many artifacts of a walk that come after a place, withdrawn ones too where it says so."""
        return stretch(self._snapshot.searcher, walk, after, limit)

    def put(self, *artifacts: Artifact) -> None:
        """Add or replace artifacts in one commit; the next search sees them."""
        self._write([(artifact.key, stored.document(artifact)) for artifact in artifacts])

    def remove(self, *keys: str) -> None:
        """Take artifacts out in one commit; unknown keys are no fault."""
        self._write([(key, None) for key in keys])

    def rebuild(self, artifacts: Iterable[Artifact]) -> None:
        """Replace everything by these artifacts; until that is done, searches see what was."""
        with self._lock:
            self._transaction(lambda writer: _refill(writer, artifacts))
            stored.settle(self._folder)

    def close(self) -> None:
        """Finish what is being merged and let go of the folder."""
        with self._lock:
            if self._writer is not None:
                self._writer.wait_merging_threads()
                self._writer = None

    def _write(self, changes: list[tuple[str, Any]]) -> None:
        """Queue changes and see them committed: by this thread, with what others queued, or by another."""
        self._pending.append(changes)
        with self._lock:
            batch = [self._pending.popleft() for _ in range(len(self._pending))]
            if not batch:
                return
            try:
                self._transaction(lambda writer: _apply(writer, batch))
            except BaseException:
                # The others still wait for the lock: they try again, and hear for themselves.
                self._pending.extendleft(other for other in reversed(batch) if other is not changes)
                raise

    def _transaction(self, work: Callable[[Any], None]) -> None:
        """Do some work with the writer and commit it, or leave everything as it was."""
        writer = self._open_writer()
        try:
            work(writer)
            writer.commit()
        except BaseException:
            writer.rollback()
            raise
        self._engine.reload()
        self._snapshot = Snapshot(self._engine.searcher(), self.generation + 1)

    def _open_writer(self) -> Any:
        if self._writer is None:
            try:
                self._writer = self._engine.writer(HEAP, 1)
            except ValueError as exc:  # tantivy's LockBusy
                raise Conflict(f"another process writes the index in {self._folder}; end it first") from exc
        return self._writer


def _refill(writer: Any, artifacts: Iterable[Artifact]) -> None:
    writer.delete_documents_by_query(Clause.all_query())
    for artifact in artifacts:
        writer.add_document(stored.document(artifact))


def _apply(writer: Any, batch: list[list[tuple[str, Any]]]) -> None:
    for key, document in chain.from_iterable(batch):
        writer.delete_documents_by_term("key", key)
        if document is not None:
            writer.add_document(document)
