"""The one reader of ontology/: our terms, those of the HPC Ontology that we use, and the JSON-LD context."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Final

import pyoxigraph as ox
from pyoxigraph import BlankNode, Literal, NamedNode, Triple

from hpcfair_kg.errors import NotFound
from hpcfair_kg.knowledge.terms import Properties, by_subject
from hpcfair_kg.knowledge.vocabulary import OWL, PREFIXES, RDF, RDFS, SKOS

_HERE = Path(__file__).resolve()

Nodes = Mapping[Any, Properties]

MODULES: Final = ("hk.ttl", "hpc-used.ttl", "hpc-errata.ttl", "alignments.ttl")
"""The modules: our terms, the HPC Ontology's that we use, what it forgot, and how they stand to others' terms."""


def folder(name: str) -> Path:
    """Return where a folder of shipped files lies: beside the package in a checkout, else inside it."""
    root = _HERE.parents[2]
    # In site-packages another distribution's folder may be called "ontology" too.
    return root / name if (root / "pyproject.toml").is_file() else _HERE.parent / f"_{name}"


@cache
def text(name: str) -> str:
    """Return a file of the ontology, "hk.ttl" for one; raises `NotFound` with the names there are."""
    names = sorted(path.name for path in folder("ontology").iterdir())
    if name not in names:
        raise NotFound(f"the ontology has no file {name!r}; there are: {', '.join(names)}")
    return (folder("ontology") / name).read_text(encoding="utf-8")


@cache
def context() -> dict[str, Any]:
    """Return the JSON-LD context: what stands under "@context". It is shared: copy it to change it."""
    found: dict[str, Any] = json.loads(text("context.jsonld"))["@context"]
    return found


@cache
def triples(*names: str) -> tuple[Triple, ...]:
    """Return what modules of the ontology say, by their names ("hk.ttl"); all of them where none is named."""
    chosen = names or MODULES
    return tuple(quad.triple for name in chosen for quad in ox.parse(text(name), format=ox.RdfFormat.TURTLE))


@dataclass(frozen=True, slots=True)
class Entry:
    """One term as a reader looks it up; `parents`, `same`, `domain` and `range` are IRIs.

    `definitions` are the expressions that a defined class is the same as, in
    OWL 2's Manchester syntax.
    """

    iri: str
    kind: str
    label: str
    definition: str
    parents: tuple[str, ...]
    same: tuple[str, ...]
    domain: tuple[str, ...]
    range: tuple[str, ...]
    definitions: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        """The term with its prefix, "hk:Verification"."""
        return short(self.iri)

    @property
    def anchor(self) -> str:
        """The fragment that the term has on the page: for one of ours, that of its IRI."""
        return anchor(self.iri)


def anchor(iri: str) -> str:
    """Return the fragment that a term has on the page of the ontology."""
    return short(iri).removeprefix("hk:").replace(":", "-")


def short(iri: str) -> str:
    """Return an IRI with its prefix where it has a known one."""
    for prefix, namespace in PREFIXES.items():
        if iri.startswith(namespace):
            return f"{prefix}:{iri.removeprefix(namespace)}"
    return iri


@cache
def glossary(name: str) -> tuple[Entry, ...]:
    """Return the terms that a module declares, by their labels, with what every module says of them."""
    found = by_subject(triples())
    declared = {t.subject for t in triples(name) if t.predicate == RDFS.label}
    entries = (_entry(node.value, said, found) for node, said in found.items() if node in declared)
    return tuple(sorted(entries, key=lambda entry: entry.label.lower()))


def _entry(iri: str, said: Properties, nodes: Nodes) -> Entry:
    def values(*properties: NamedNode) -> tuple[str, ...]:
        found = (value for property in properties for value in said.get(property, ()))
        return tuple(value.value for value in found if not isinstance(value, BlankNode))

    return Entry(
        iri,
        values(RDF.type)[0].partition("#")[2],
        values(RDFS.label)[0],
        " ".join(values(SKOS.definition)),
        values(RDFS.subClassOf, RDFS.subPropertyOf),
        values(OWL.equivalentClass, OWL.equivalentProperty),
        values(RDFS.domain),
        values(RDFS.range),
        tuple(
            _expression(same, nodes)
            for same in said.get(OWL.equivalentClass, ())
            if isinstance(same, BlankNode)
        ),
    )


def _expression(node: Any, nodes: Nodes) -> str:
    """Return a class expression in Manchester syntax (https://www.w3.org/TR/owl2-manchester-syntax/)."""
    if isinstance(node, Literal):
        return json.dumps(node.value, ensure_ascii=False)
    if isinstance(node, NamedNode):
        return short(node.value)
    said = nodes[node]
    if OWL.intersectionOf in said:
        return " and ".join(_expression(one, nodes) for one in _listed(said[OWL.intersectionOf][0], nodes))
    kind, filler = ("value", OWL.hasValue) if OWL.hasValue in said else ("some", OWL.someValuesFrom)
    of = _expression(said[OWL.onProperty][0], nodes)
    return f"({of} {kind} {_expression(said[filler][0], nodes)})"


def _listed(node: Any, nodes: Nodes) -> Iterator[Any]:
    """Yield the members of an RDF list."""
    while node != RDF.nil:
        yield nodes[node][RDF.first][0]
        node = nodes[node][RDF.rest][0]


@cache
def terms() -> dict[str, str]:
    """Return the label of every term that the ontology declares, by its IRI."""
    return {
        triple.subject.value: triple.object.value
        for triple in triples()
        if triple.predicate == RDFS.label
        if isinstance(triple.subject, NamedNode) and isinstance(triple.object, Literal)
    }
