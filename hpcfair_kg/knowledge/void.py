"""VoID: what the RDF of a catalogue is about, how much of it there is, and how it is had (https://www.w3.org/TR/void/)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from pyoxigraph import Literal, NamedNode, Triple

from hpcfair_kg.knowledge.codecs import INTEGER
from hpcfair_kg.knowledge.dcat import DESCRIPTION
from hpcfair_kg.knowledge.describe import KINDS
from hpcfair_kg.knowledge.site import Site
from hpcfair_kg.knowledge.terms import typed
from hpcfair_kg.knowledge.vocabulary import (
    ARCHITECTURES,
    CR,
    DCAT,
    DCTERMS,
    DQV,
    FAIR4ML,
    FOAF,
    HK,
    HPC,
    PROV,
    SPDX,
    VOID,
)

VOCABULARIES: Final = (HPC, HK, DCAT, DCTERMS, PROV, FAIR4ML, SPDX, CR, DQV, FOAF)
FORMATS: Final = ("Turtle", "JSON-LD", "N-Triples", "RDF_XML")
"""The syntaxes, as https://www.w3.org/ns/formats/ names them."""
ONE_EACH: Final = (DCTERMS.identifier, DCTERMS.created, DCTERMS.modified, DCAT.isVersionOf, HK.handle)
"""Properties that every artifact has one value of."""


@dataclass(frozen=True, slots=True)
class Counts:
    """How much there is: artifacts by kind and by architecture, and triples where they were counted."""

    kinds: Mapping[str, int]
    architectures: Mapping[str, int]
    triples: int | None

    @property
    def entities(self) -> int:
        """How many artifacts there are."""
        return sum(self.kinds.values())


def describe(site: Site, naan: str, counts: Counts, example: str | None) -> list[Triple]:
    """Return the VoID description; `example` is the IRI of an artifact."""
    document = NamedNode(f"{site.address}/.well-known/void")
    dataset = NamedNode(f"{document.value}#dataset")
    return [
        *typed(document, (VOID.DatasetDescription,)),
        Triple(document, DCTERMS.title, Literal(f"VoID description: {site.title}")),
        Triple(document, FOAF.primaryTopic, dataset),
        *typed(dataset, (VOID.Dataset,)),
        *(Triple(dataset, predicate, value) for predicate, value in _said(site, naan, example)),
        *typed(NamedNode(site.agent), (FOAF.Agent,)),
        Triple(NamedNode(site.agent), FOAF.name, Literal(site.publisher)),
        *_counted(dataset, counts),
    ]


def _said(site: Site, naan: str, example: str | None) -> Iterator[tuple[NamedNode, NamedNode | Literal]]:
    yield DCTERMS.title, Literal(site.title)
    yield DCTERMS.description, Literal(DESCRIPTION)
    yield DCTERMS.publisher, NamedNode(site.agent)
    yield FOAF.homepage, NamedNode(site.root)
    yield VOID.uriSpace, Literal(f"{site.address}/ark:/{naan}/")
    yield VOID.sparqlEndpoint, NamedNode(f"{site.address}/sparql")
    yield VOID.dataDump, NamedNode(f"{site.address}/harvest.jsonl")
    if example:
        yield VOID.exampleResource, NamedNode(example)
    for vocabulary in VOCABULARIES:
        yield VOID.vocabulary, NamedNode(str(vocabulary))
    for syntax in FORMATS:
        yield VOID.feature, NamedNode(f"http://www.w3.org/ns/formats/{syntax}")


def _counted(dataset: NamedNode, counts: Counts) -> Iterator[Triple]:
    yield Triple(dataset, VOID.entities, INTEGER.write(counts.entities))
    if counts.triples is not None:
        yield Triple(dataset, VOID.triples, INTEGER.write(counts.triples))
    for kind, count in _classes(counts).items():
        yield from _part(dataset, VOID.classPartition, VOID["class"], kind, VOID.entities, count)
    for property in ONE_EACH:
        yield from _part(
            dataset, VOID.propertyPartition, VOID.property, property, VOID.triples, counts.entities
        )


def _classes(counts: Counts) -> dict[NamedNode, int]:
    found: dict[NamedNode, int] = {}
    for kind, count in counts.kinds.items():
        for name in KINDS[kind]:
            found[name] = found.get(name, 0) + count
    return found | {ARCHITECTURES[a]: n for a, n in counts.architectures.items() if a in ARCHITECTURES}


def _part(
    dataset: NamedNode, link: NamedNode, what: NamedNode, term: NamedNode, counting: NamedNode, count: int
) -> Iterator[Triple]:
    part = NamedNode(f"{dataset.value.partition('#')[0]}#{link.value.rpartition('#')[2]}-{_name(term)}")
    yield Triple(dataset, link, part)
    yield Triple(part, what, term)
    yield Triple(part, counting, INTEGER.write(count))


def _name(term: NamedNode) -> str:
    return term.value.replace("#", "/").split("//", 1)[1].replace("/", ".")
