"""What a graph store promises: named graphs, replaced whole and at once, durable when the call returns."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

from pyoxigraph import Literal, NamedNode, QueryBoolean, QuerySolutions, QueryTriples, Triple

Term = NamedNode | Literal
Results = QuerySolutions | QueryBoolean | QueryTriples


class Graphs(ABC):
    """A store of named graphs; the union of them is what a query sees."""

    generation: int = 0
    """Counts the writes; two equal generations are the same content."""

    @abstractmethod
    def triples(self, name: str) -> list[Triple]:
        """Return one graph; an unknown one is empty."""

    @abstractmethod
    def names(self) -> Iterator[str]:
        """Yield the name of every graph that is not empty."""

    @abstractmethod
    def write(self, graphs: Mapping[str, Iterable[Triple]]) -> None:
        """Replace each of the graphs by what is given, all in one transaction; empty ones vanish.

        Durable when it returns: it survives a power cut.
        """

    @abstractmethod
    def subjects(self, predicate: NamedNode, value: Term) -> Iterator[str]:
        """Yield the IRIs of what has this value."""

    @abstractmethod
    def count(self) -> int:
        """Return how many triples there are in all graphs together, which takes 0.3 s for each million."""

    @abstractmethod
    def query(self, text: str, **values: Term) -> Results:
        """Ask a question of our own, in process; `values` are bound to variables of its projection.

        What a stranger wrote goes to `guard.Guard` instead.
        """

    @abstractmethod
    def checkpoint(self, folder: Path) -> None:
        """Write a copy of the store that another process may open read-only."""

    @abstractmethod
    def close(self) -> None:
        """Let go of the store."""
