"""Records as they were read last, each kept until it is written again."""

from __future__ import annotations

import threading
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from typing import Final

from cachetools import LRUCache
from pyoxigraph import Triple

from hpcfair_kg.artifact import Artifact
from hpcfair_kg.backends.graph.base import Graphs
from hpcfair_kg.knowledge.codecs import ACCESS
from hpcfair_kg.knowledge.describe import read
from hpcfair_kg.knowledge.jsonld import canonical_hash
from hpcfair_kg.knowledge.terms import ARTIFACT

ROOM: Final = 60_000
"""Triples that are kept, of all records together; with the artifacts read from them they take about 50 MB."""

_VISIBILITY, _PUBLIC = ARTIFACT["visibility"].predicate, ACCESS["public"]


@dataclass(frozen=True)
class Entry:
    """One record at one moment: its triples, and what follows from these and no others."""

    triples: tuple[Triple, ...]

    @property
    def public(self) -> bool:
        """Whether anyone may see it, told without reading the artifact."""
        return any(t.object == _PUBLIC and t.predicate == _VISIBILITY for t in self.triples)

    @cached_property
    def artifact(self) -> Artifact:
        """The artifact that the triples describe."""
        return read(self.triples)

    @cached_property
    def etag(self) -> str:
        """The canonical hash of the triples (RDFC-1.0, SHA-256)."""
        return canonical_hash(self.triples)


class Entries:
    """Entries by the IRI of their graph; who writes a graph has it forgotten afterwards."""

    def __init__(self, graphs: Graphs, room: int = ROOM) -> None:
        self._graphs, self._room = graphs, room
        self._kept: LRUCache[str, Entry] = LRUCache(room, getsizeof=lambda entry: len(entry.triples))
        self._forgotten = 0
        self._lock = threading.Lock()

    def get(self, iri: str) -> Entry | None:
        """Return the entry of a graph; None where the graph is empty."""
        with self._lock:
            began, kept = self._forgotten, self._kept.get(iri)
        if kept is not None:
            return kept
        entry = Entry(tuple(self._graphs.triples(iri)))
        # What was read before a write must not stand in for what was written: then it is not kept.
        with self._lock:
            if began == self._forgotten and 0 < len(entry.triples) <= self._room:
                self._kept[iri] = entry
        return entry if entry.triples else None

    def forget(self, iris: Iterable[str]) -> None:
        """Have these read again, by those too who are reading them now."""
        with self._lock:
            self._forgotten += 1
            for iri in iris:
                self._kept.pop(iri, None)
