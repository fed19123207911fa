"""Triples as JSON-LD and the other syntaxes, and their canonical hash; `expand` is the way in.

What goes out has our context inside it, never only the address of one.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from functools import cache
from typing import Any, Final

import orjson
import pyoxigraph as ox
from pyoxigraph import Quad, Triple

from hpcfair_kg.errors import UnknownFormat
from hpcfair_kg.knowledge.checks import UNSPEAKABLE
from hpcfair_kg.knowledge.compact import Node, Nodes, Scope, trees
from hpcfair_kg.knowledge.ontology import context
from hpcfair_kg.knowledge.terms import by_subject
from hpcfair_kg.knowledge.vocabulary import HK, PREFIXES, PROV, RDF

SYNTAXES: Final = {
    "ttl": ox.RdfFormat.TURTLE,
    "nt": ox.RdfFormat.N_TRIPLES,
    "rdf": ox.RdfFormat.RDF_XML,
    "jsonld": ox.RdfFormat.JSON_LD,
}
_TYPE, _POSITION, _AGENT = RDF.type, HK.position, PROV.agent
# What a record is about has the first, a provenance graph the second, a run's graph the third.
_ABOUT = (HK.handle, PROV.wasInfluencedBy, HK.plan)


def canonical_hash(triples: Iterable[Triple]) -> str:
    """Return the SHA-256, in hex, of the graph's canonical N-Quads (RDFC-1.0)."""
    graph = ox.Dataset(Quad(*triple) for triple in triples)
    graph.canonicalize(ox.CanonicalizationAlgorithm.RDFC_1_0)
    lines = sorted(f"{quad} .\n" for quad in graph)
    return hashlib.sha256("".join(lines).encode()).hexdigest()


def serialise(triples: Iterable[Triple], format: str, prefixes: Mapping[str, str] = PREFIXES) -> bytes:
    """Return a graph as "ttl", "nt", "rdf" or "jsonld", what it is about first; raises `UnknownFormat`."""
    if format not in SYNTAXES:
        raise UnknownFormat(f"no {format!r} among the syntaxes; there are: {', '.join(SYNTAXES)}")
    if format == "jsonld":
        return json.dumps(jsonld(triples), indent=1, ensure_ascii=False).encode()
    graph = (
        Triple(about, predicate, value)
        for about, said in _legible(triples).items()
        for predicate, values in said.items()
        for value in values
    )
    body = ox.serialize(graph, format=SYNTAXES[format], prefixes=dict(prefixes)) or b""
    # XML 1.0 has no way to write most control characters, which a framework's complaint may hold.
    return UNSPEAKABLE.sub("\N{REPLACEMENT CHARACTER}", body.decode()).encode() if format == "rdf" else body


def jsonld(triples: Iterable[Triple]) -> Node:
    """Return a graph as JSON-LD in our context: a tree from its artifact, or a list where it has none."""
    found = trees(_legible(triples), _scope())
    tree = found[0] if len(found) == 1 else {"@graph": found} if found else {}
    return {"@context": context()} | {key: tree[key] for key in _leading(tree)}


def jsonl(triples: Iterable[Triple]) -> bytes:
    """Return a graph as `jsonld` does, in one line that ends in a newline."""
    return orjson.dumps(jsonld(triples), option=orjson.OPT_APPEND_NEWLINE)


@cache
def _scope() -> Scope:
    return Scope(context())


def _leading(document: Node) -> list[str]:
    """Return a record's keys with those first that say what it is."""
    first = [key for key in ("id", "type", "title", "name", "version", "description") if key in document]
    return first + [key for key in document if key not in first]


def _legible(triples: Iterable[Triple]) -> Nodes:
    """Sort a graph for people: what it is about first, types first, ordered things in their order."""
    nodes = by_subject(triples)
    subject = next((node for node, said in nodes.items() if any(term in said for term in _ABOUT)), None)
    places = {node: int(said[_POSITION][0].value) for node, said in nodes.items() if _POSITION in said}
    places |= {agent: places[node] for node in list(places) for agent in nodes[node].get(_AGENT, ())}

    def sorted_values(values: list[Any]) -> list[Any]:
        return sorted(values, key=lambda v: (places.get(v, 0), str(v))) if len(values) > 1 else values

    return {
        about: {
            predicate: sorted_values(nodes[about][predicate])
            for predicate in sorted(nodes[about], key=lambda p: (p != _TYPE, p.value))
        }
        for about in sorted(nodes, key=lambda node: (node != subject, str(node)))
    }
