"""What the search index held after one commit: clauses, counts and pages in the engine's terms."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import orjson
from tantivy import Occur
from tantivy import Query as Clause

from hpcfair_kg.knowledge import index
from hpcfair_kg.knowledge.query import Place, Query

NARROWING = frozenset({"tag"})
"""The facets whose repeated values are ANDed; those of all others are ORed."""

TOP = 20

# Counts are exact when no segment cuts its list of values short.
_ALL_VALUES = 1 << 20
_CACHED = 256


class Question:
    """A query as clauses: one a facet, one for the words; `digest` is the same on all its pages.

    `within` is one more clause, which every hit meets.
    """

    def __init__(self, query: Query, within: Any = None) -> None:
        self.query = query
        self.words = index.words(query.q)
        chosen = {facet: values for facet, values in query.filters.items() if values}
        self._clauses = {f: (Occur.Must, _chosen(f, values)) for f, values in chosen.items()}
        # What was withdrawn is found by those who ask for it.
        self._clauses.setdefault("status", (Occur.MustNot, index.term("status", "withdrawn")))
        if query.q.strip():
            self._clauses["q"] = (Occur.Must, _text(self.words))
        if within is not None:
            self._clauses["within"] = (Occur.Must, within)
        asked = ["q" in self._clauses, self.words, sorted((f, sorted(v)) for f, v in chosen.items())]
        self.digest = hashlib.sha256(orjson.dumps(asked)).hexdigest()[:12]

    def widens(self, facet: str) -> bool:
        """Say whether a facet's own choice is to be left out of its counts."""
        return facet in self._clauses and facet not in NARROWING

    def clause(self, without: str = "", after: Place | None = None) -> Any:
        """Return it all as one clause; one facet left out, or, without words, from a place on."""
        parts = [part for facet, part in self._clauses.items() if facet != without]
        if after and not self.words:
            parts.append((Occur.Must, index.between("created", 0, int(after.value))))
        if all(occur == Occur.MustNot for occur, _ in parts):
            parts.append((Occur.Must, Clause.all_query()))
        return Clause.boolean_query(parts)


@dataclass(frozen=True)
class Row:
    """One hit before it is read: its value in the order (time or score), its tie-breaker, its address."""

    value: float
    tie: int
    address: Any

    @property
    def order(self) -> tuple[float, int]:
        """What rows are sorted by."""
        return -self.value, self.tie


class Snapshot:
    """The index as one commit left it, and what was counted in it so far."""

    def __init__(self, searcher: Any, generation: int = 0) -> None:
        self.searcher, self.generation = searcher, generation
        self._counted: dict[tuple[str, tuple[str, ...]], _Counts] = {}

    def counts(self, question: Question) -> tuple[int, dict[str, list[dict[str, Any]]]]:
        """Return the total and, by facet, its values with their counts; counted once a commit."""
        asked = (question.digest, question.query.facets)
        found = self._counted.get(asked)
        if found is None:
            if len(self._counted) >= _CACHED:
                self._counted.clear()
            self._counted[asked] = found = self._count(question)
        return found.total, {f: [{"value": v, "count": n} for v, n in found.facets[f]] for f in asked[1]}

    def _count(self, question: Question) -> _Counts:
        facets = question.query.facets
        found = self._aggregate(question.clause(), [f for f in facets if not question.widens(f)])
        for facet in filter(question.widens, facets):
            found.facets.update(self._aggregate(question.clause(without=facet), [facet]).facets)
        return found

    def _aggregate(self, clause: Any, facets: Iterable[str]) -> _Counts:
        asked: dict[str, Any] = {"": {"value_count": {"field": "created"}}}
        asked |= {f: {"terms": {"field": f, "size": TOP, "segment_size": _ALL_VALUES}} for f in facets}
        found = self.searcher.aggregate(clause, asked)
        total = int(found.pop("")["value"])
        return _Counts(
            total, {f: [(b["key"], b["doc_count"]) for b in v["buckets"]] for f, v in found.items()}
        )

    def page(self, question: Question, after: Place | None) -> list[Row]:
        """Return one row more than the limit, where there are so many, from a place on.

        The engine breaks ties by where a document lies, which merging changes:
        so the window grows until the last group of ties that is shown is whole.
        """
        limit, clause = question.query.limit, question.clause(after=after)
        window = limit + 3 + (after.seen if after and question.words else 0)
        while True:
            window = min(window, self.searcher.num_docs + 1)
            rows = self._top(clause, window, ranked=bool(question.words))
            whole = len(rows) < window
            if not whole:
                rows = [row for row in rows if row.value != rows[-1].value]
            if after:
                rows = [row for row in rows if row.order > (-after.value, after.tie)]
            if whole or len(rows) > limit:
                return rows[: limit + 1]
            window *= 4

    def latest(self) -> int | None:
        """Return when a record last changed, in microseconds since 1970."""
        hits = self.searcher.search(Clause.all_query(), 1, count=False, order_by_field="modified").hits
        return int(hits[0][0]) if hits else None

    def _top(self, clause: Any, window: int, ranked: bool) -> list[Row]:
        order = {} if ranked else {"order_by_field": "created"}
        hits = self.searcher.search(clause, window, count=False, **order).hits
        ties = self.searcher.fast_field_values("tie", [address for _, address in hits])
        rows = [Row(value, tie, address) for (value, address), tie in zip(hits, ties, strict=True)]
        return sorted(rows, key=lambda row: row.order)

    def summary(self, row: Row) -> dict[str, Any]:
        """Return what a hit shows."""
        return index.summary(self.searcher, row.address)


@dataclass(frozen=True)
class _Counts:
    total: int
    facets: dict[str, list[tuple[str, int]]]


def _chosen(facet: str, values: tuple[str, ...]) -> Any:
    """Return the clause for the values chosen in one facet; it moves no score."""
    occur = Occur.Must if facet in NARROWING else Occur.Should
    return Clause.const_score_query(
        Clause.boolean_query([(occur, index.term(facet, v)) for v in values]), 0.0
    )


def _text(words: list[str]) -> Any:
    """Return the clause for the words: each somewhere, headings first; the last may be unfinished."""
    parts = []
    for place, word in enumerate(words, start=1):
        ways = [Clause.boost_query(_word("heading", word), 3.0), _word("words", word)]
        if place == len(words) and len(word.encode()) > 1:
            begun = Clause.fuzzy_term_query(index.schema(), "words", word, 0, prefix=True)
            ways.append(Clause.const_score_query(begun, 0.1))
        parts.append((Occur.Must, Clause.boolean_query([(Occur.Should, way) for way in ways])))
    return Clause.boolean_query(parts)  # of no parts: what has no words is found nowhere


def _word(name: str, word: str) -> Any:
    return Clause.term_query(index.schema(), name, word, "freq")
