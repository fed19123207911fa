"""Inside the box: answers strangers' SPARQL over a checkpoint of the store, and can be killed."""

from __future__ import annotations

import io
from collections.abc import Mapping
from typing import Any

import pyoxigraph as ox

from hpcfair_kg.backends.work.base import Answer, Bytes, Emit, Message
from hpcfair_kg.errors import QueryLimit, QuerySyntax

RESULTS = {
    "application/sparql-results+json": ox.QueryResultsFormat.JSON,
    "application/sparql-results+xml": ox.QueryResultsFormat.XML,
    "text/csv": ox.QueryResultsFormat.CSV,
    "text/tab-separated-values": ox.QueryResultsFormat.TSV,
}
GRAPHS = {
    "text/turtle": ox.RdfFormat.TURTLE,
    "application/n-triples": ox.RdfFormat.N_TRIPLES,
    "application/rdf+xml": ox.RdfFormat.RDF_XML,
    "application/ld+json": ox.RdfFormat.JSON_LD,
}


class Answers:
    """The handler of one resident box; it keeps the checkpoint it was last told to read open."""

    def __init__(self) -> None:
        self._folder = ""
        self._store = ox.Store()

    def __call__(self, message: Message, payload: Bytes) -> Answer:
        """Answer one query: {checkpoint, query, prefixes, union, default, named, results, graphs, size}."""
        self._open(str(message["checkpoint"]))
        try:
            found = self._store.query(
                str(message["query"]), prefixes=message["prefixes"], **_dataset(message)
            )
            return _serialise(found, message)
        except SyntaxError as exc:
            raise QuerySyntax(f"the query cannot be parsed: {exc}") from exc
        except (RuntimeError, OSError, ValueError) as exc:
            raise QuerySyntax(f"the query cannot be evaluated: {exc}") from exc
        except MemoryError as exc:
            raise QueryLimit("the query used up its memory", limit="memory") from exc

    def _open(self, folder: str) -> None:
        if folder != self._folder:
            self._store = ox.Store.read_only(folder)
            self._folder = folder


def serve(emit: Emit) -> Answers:
    """Return the handler; the errand of `guard.Guard`."""
    return Answers()


def _dataset(message: Message) -> dict[str, Any]:
    default, named = message["default"], message["named"]
    if default is None and named is None:
        return {"use_default_graph_as_union": bool(message["union"])}
    return {
        "default_graph": [ox.NamedNode(iri) for iri in default or ()],
        "named_graphs": [ox.NamedNode(iri) for iri in named or ()],
    }


def _serialise(found: Any, message: Mapping[str, Any]) -> Answer:
    media_type = message["graphs" if isinstance(found, ox.QueryTriples) else "results"]
    if media_type is None:
        wanted = ", ".join(GRAPHS if isinstance(found, ox.QueryTriples) else RESULTS)
        raise QuerySyntax(f"this form of query can be answered as: {wanted}; none of them was accepted")
    sheet = _Bounded(int(message["size"]))
    found.serialize(sheet, format=GRAPHS.get(media_type) or RESULTS[media_type])
    return {"media_type": media_type}, sheet.getvalue()


class _Bounded(io.BytesIO):
    """A buffer that ends the query when the answer grows past the limit."""

    def __init__(self, limit: int) -> None:
        super().__init__()
        self._limit = limit

    def write(self, data: Any) -> int:
        if self.tell() + len(data) > self._limit:
            raise QueryLimit(f"the answer is larger than {self._limit:,} bytes: add a LIMIT", limit="size")
        return super().write(data)
