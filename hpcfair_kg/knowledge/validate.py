"""The one reader of shapes/: what a graph of the catalogue must say, checked before it is committed."""

from __future__ import annotations

import re
import threading
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any

import pyoxigraph as ox
from pyoxigraph import Literal, NamedNode, Triple

from hpcfair_kg.artifact import Artifact
from hpcfair_kg.errors import InvalidMetadata, NotFound
from hpcfair_kg.knowledge.describe import describe
from hpcfair_kg.knowledge.ontology import context, folder
from hpcfair_kg.knowledge.vocabulary import PREFIXES, SH, XSD

if TYPE_CHECKING:
    import rdflib
    import shacl


@dataclass(frozen=True, slots=True)
class Violation:
    """One finding: which part of the record, what would be right, what is there, and how bad it is.

    `path` is a key of the record ("license"), with its part before it where it
    is one ("file-encoder.onnx.size"); `severity` is "violation", "warning" or "info";
    `focus` is the IRI of the node that it is about.
    """

    path: str
    message: str
    value: str | None
    severity: str
    focus: str = ""

    def document(self) -> dict[str, str | None]:
        """Return the finding as an entry of a problem's report."""
        return {"path": self.path, "message": self.message, "value": self.value, "severity": self.severity}


class Shapes:
    """The shapes, read at the first use and kept: pyshacl takes a second to import."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._graph: rdflib.Graph | None = None
        self._quick: shacl.Shapes | None = None

    def validate(self, triples: Iterable[Triple]) -> list[Violation]:
        """Return everything that a graph gets wrong, violations first; see SHACL, section 3."""
        import pyshacl
        from rdflib import SH as REPORT

        graph = _rdflib(triples)
        with self._lock:
            self._graph = self._graph or _shapes()
            _, report, _ = pyshacl.validate(graph, shacl_graph=self._graph, inplace=True)
        results = report.objects(None, REPORT.result)
        found = {_violation({str(p): o for p, o in report.predicate_objects(result)}) for result in results}
        return sorted(found, key=lambda v: (v.severity != "violation", v.path, v.message))

    def require(self, artifact: Artifact) -> None:
        """Raise `InvalidMetadata`, with the report, where the artifact's record violates a shape."""
        found = [v for v in self.validate(describe(artifact)) if v.severity == "violation"]
        if found:
            message = "; ".join(dict.fromkeys(v.message for v in found))
            raise InvalidMetadata(message, report=[v.document() for v in found])

    def conforms(self, triples: Iterable[Triple]) -> bool:
        """Whether a graph of many records violates no shape, by an engine that is made for many.

        Where it is False that need not be any one's fault: two records may have
        one person by two names.  `require` tells of each by itself.
        """
        import shacl

        self._quick = self._quick or shacl.Shapes.from_turtle(text(""))
        body = ox.serialize(triples, format=ox.RdfFormat.N_TRIPLES) or b""
        results = self._quick.validate_turtle(body.decode()).results
        return all(result.severity != "Violation" for result in results)


@cache
def text(name: str) -> str:
    """Return a file of the shapes, "model.ttl" for one, "" for all of them as one document."""
    files = sorted(folder("shapes").glob("*.ttl"))
    if name and name not in (names := [path.name for path in files]):
        raise NotFound(f"there are no shapes {name!r}; there are: {', '.join(names)}")
    return "\n".join(path.read_text(encoding="utf-8") for path in files if name in ("", path.name))


def _shapes() -> rdflib.Graph:
    import rdflib

    return rdflib.Graph().parse(data=text(""), format="turtle")


def _rdflib(triples: Iterable[Triple]) -> rdflib.Graph:
    import rdflib

    def term(node: Any) -> rdflib.term.Node:
        if isinstance(node, Literal):
            # rdflib's plain literal is the shapes' "ready"; and what it would make of "1.0" is not asked.
            kind = None if node.datatype == XSD.string else rdflib.URIRef(node.datatype.value)
            return rdflib.Literal(node.value, datatype=kind, normalize=False)
        return rdflib.URIRef(node.value) if isinstance(node, NamedNode) else rdflib.BNode(node.value)

    graph = rdflib.Graph()
    graph.addN((term(s), term(p), term(o), graph) for s, p, o in triples)
    return graph


def _violation(result: dict[str, Any]) -> Violation:
    def said(name: str) -> str | None:
        value = result.get(SH[name].value)
        return None if value is None else str(value)

    focus = said("focusNode") or ""
    part = focus.partition("#")[2]
    term = said("resultPath") or ""
    key = _keys().get(term, re.split("[#/]", term)[-1])
    severity = (said("resultSeverity") or "").rpartition("#")[2].lower()
    place = f"{part}.{key}" if part else key
    return Violation(place, said("resultMessage") or "", said("value"), severity, focus)


@cache
def _keys() -> dict[str, str]:
    """Return the keys of the record by the IRIs of their terms, as the JSON-LD context pairs them."""
    keys: dict[str, str] = {}
    for key, definition in context().items():
        term = definition["@id"] if isinstance(definition, dict) else str(definition)
        prefix, colon, name = term.partition(":")
        if colon and prefix in PREFIXES and not key.startswith("@"):
            keys[PREFIXES[prefix] + name] = key
    return keys
