"""Triples as JSON-LD and the other syntaxes, and their canonical hash; `expand` is the way in.

What goes out has our context inside it, never only the address of one.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from typing import Any, Final

import pyoxigraph as ox
from pyoxigraph import NamedNode, Quad, Triple

from hpcfair_kg.errors import UnknownFormat
from hpcfair_kg.knowledge.checks import UNSPEAKABLE
from hpcfair_kg.knowledge.ontology import context
from hpcfair_kg.knowledge.vocabulary import HK, PREFIXES, PROV, RDF, XSD

SYNTAXES: Final = {
    "ttl": ox.RdfFormat.TURTLE,
    "nt": ox.RdfFormat.N_TRIPLES,
    "rdf": ox.RdfFormat.RDF_XML,
    "jsonld": ox.RdfFormat.JSON_LD,
}
# Beyond this a JSON number is no longer exact everywhere (RFC 8259, section 6).
_EXACT: Final = 2**53
_INTEGER, _BOOLEAN, _TYPE = XSD.integer.value, XSD.boolean.value, RDF.type.value


def canonical_hash(triples: Iterable[Triple]) -> str:
    """Return the SHA-256, in hex, of the graph's canonical N-Quads (RDFC-1.0)."""
    graph = ox.Dataset(Quad(*triple) for triple in triples)
    graph.canonicalize(ox.CanonicalizationAlgorithm.RDFC_1_0)
    lines = sorted(f"{quad} .\n" for quad in graph)
    return hashlib.sha256("".join(lines).encode()).hexdigest()


def serialise(triples: Iterable[Triple], format: str) -> bytes:
    """Return a graph as "ttl", "nt", "rdf" or "jsonld", what it is about first; raises `UnknownFormat`."""
    if format not in SYNTAXES:
        raise UnknownFormat(f"no {format!r} among the syntaxes; there are: {', '.join(SYNTAXES)}")
    if format == "jsonld":
        return json.dumps(jsonld(triples), indent=1, ensure_ascii=False).encode()
    graph = list(triples)
    body = ox.serialize(_legible(graph, _subject(graph)), format=SYNTAXES[format], prefixes=PREFIXES) or b""
    # XML 1.0 has no way to write most control characters, which a framework's complaint may hold.
    return UNSPEAKABLE.sub("\N{REPLACEMENT CHARACTER}", body.decode()).encode() if format == "rdf" else body


def jsonld(triples: Iterable[Triple]) -> dict[str, Any]:
    """Return a graph as JSON-LD in our context: a tree from its artifact, or a list where it has none.

    Doubles stay text of their datatype: the JSON-LD algorithms keep 16 digits
    of a number, and a double needs 17.
    """
    from pyld import jsonld as pyld

    graph = list(triples)
    document = ox.serialize(_legible(graph, _subject(graph)), format=ox.RdfFormat.JSON_LD) or b"[]"
    nodes = {node["@id"]: node for node in json.loads(document, object_hook=_native)}
    found = pyld.compact(_trees(nodes), context(), {"skipExpansion": True})
    return {"@context": context()} | {key: found[key] for key in _leading(found)}


def _trees(nodes: dict[str, dict[str, Any]]) -> list[dict[str, Any]]:
    """Put each node where it is first spoken of, from the first one on.

    PyLD's framing would do it, in time that grows with the square of a list's
    length: a table of 2,000 columns took it three seconds.
    """

    def placed(node: dict[str, Any]) -> dict[str, Any]:
        parts = {key: values for key, values in node.items() if not key.startswith("@")}
        for key, values in parts.items():
            node[key] = [placed(nodes.pop(v["@id"])) if v.get("@id") in nodes else v for v in values]
        return node

    trees = []
    while nodes:
        trees.append(placed(nodes.pop(next(iter(nodes)))))
    return trees


def _subject(graph: list[Triple]) -> NamedNode | None:
    """Return what a record or provenance graph is about."""
    about = (HK.handle, PROV.wasInfluencedBy)
    return next((t.subject for t in graph if t.predicate in about and isinstance(t.subject, NamedNode)), None)


def _native(value: dict[str, Any]) -> dict[str, Any]:
    """Turn integers and booleans into JSON's own, and rdf:type into @type."""
    if _TYPE in value:
        value["@type"] = [kind["@id"] for kind in value.pop(_TYPE)]
    elif value.get("@type") == _BOOLEAN:
        return {"@value": value["@value"] == "true"}
    elif value.get("@type") == _INTEGER and abs(int(value["@value"])) < _EXACT:
        return {"@value": int(value["@value"])}
    return value


def _leading(document: dict[str, Any]) -> list[str]:
    """Return a record's keys with those first that say what it is."""
    first = [key for key in ("id", "type", "title", "name", "version", "description") if key in document]
    return first + [key for key in document if key not in first and key != "@context"]


def _legible(graph: list[Triple], subject: NamedNode | None) -> list[Triple]:
    """Sort a graph for people: what it is about first, types first, ordered things in their order."""
    places: dict[Any, int] = {t.subject: int(t.object.value) for t in graph if t.predicate == HK.position}  # type: ignore[union-attr]
    places |= {
        t.object: places[t.subject] for t in graph if t.predicate == PROV.agent and t.subject in places
    }

    def key(triple: Triple) -> tuple[Any, ...]:
        about, predicate, value = triple
        return (
            about != subject,
            str(about),
            predicate != RDF.type,
            str(predicate),
            places.get(value, 0),
            str(value),
        )

    return sorted(graph, key=key)
