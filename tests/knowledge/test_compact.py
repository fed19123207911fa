"""Our compaction against PyLD's, which knows any context: the documents are the same to the letter."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any

import pytest
from hypothesis import given, settings
from pyld import jsonld as pyld
from pyoxigraph import BlankNode, Literal, NamedNode, Triple

from hpcfair_kg.activity import Job
from hpcfair_kg.artifact import Artifact
from hpcfair_kg.knowledge.compact import Scope, trees
from hpcfair_kg.knowledge.dcat import point
from hpcfair_kg.knowledge.describe import describe
from hpcfair_kg.knowledge.ontology import MODULES, context
from hpcfair_kg.knowledge.ontology import triples as ontology
from hpcfair_kg.knowledge.provenance import provenance
from hpcfair_kg.knowledge.site import Site
from hpcfair_kg.knowledge.terms import by_subject
from hpcfair_kg.knowledge.vocabulary import DCTERMS, FAIR4ML, HK, HPC, RDF, XSD
from tests.knowledge.test_describe import artifacts

ID = "https://models.example.org/ark:/99999/h7x2k9b4m"


def pyld_compacted(triples: Iterable[Triple], said: Mapping[str, Any] | None = None) -> dict[str, Any]:
    """Compact a graph by the general algorithm, each node placed where it is first spoken of."""
    nodes = by_subject(triples)

    def placed(subject: Any) -> dict[str, Any]:
        node = expanded(subject)
        properties = nodes.pop(subject)
        if kinds := properties.pop(RDF.type, None):
            node["@type"] = [kind.value for kind in kinds]
        for predicate, values in properties.items():
            node[predicate.value] = [placed(v) if v in nodes else expanded(v) for v in values]
        return node

    found = []
    while nodes:
        found.append(placed(next(iter(nodes))))
    document: dict[str, Any] = pyld.compact(found, said or context(), {"skipExpansion": True})
    del document["@context"]
    return document


def expanded(term: Any) -> dict[str, Any]:
    """Return a term as expanded JSON-LD has it; whole numbers and booleans are JSON's own."""
    if not isinstance(term, Literal):
        return {"@id": str(term) if isinstance(term, BlankNode) else term.value}
    if term.language:
        return {"@language": term.language, "@value": term.value}
    if term.datatype == XSD.boolean:
        return {"@value": term.value == "true"}
    if term.datatype == XSD.integer and abs(int(term.value)) < 2**53:
        return {"@value": int(term.value)}
    return {"@value": term.value} | ({} if term.datatype == XSD.string else {"@type": term.datatype.value})


def both(triples: Iterable[Triple], said: Mapping[str, Any] | None = None) -> tuple[str, str]:
    """Return our document and PyLD's as text, so that the order of their members counts too."""
    graph = sorted(triples, key=lambda triple: (str(triple.subject), triple.predicate.value))
    found = trees(by_subject(graph), Scope(said or context()))
    ours = found[0] if len(found) == 1 else {"@graph": found}
    return json.dumps(ours, indent=1), json.dumps(pyld_compacted(graph, said), indent=1)


@pytest.mark.parametrize("noun", ["model", "dataset", "harvested"])
def test_records_are_those_of_pyld(noun: str, request: pytest.FixtureRequest) -> None:
    artifact: Artifact = request.getfixturevalue(noun)
    ours, theirs = both(describe(artifact))
    assert ours == theirs


@settings(deadline=None, max_examples=60)
@given(artifacts)
def test_any_record_is_that_of_pyld(artifact: Artifact) -> None:
    ours, theirs = both(describe(artifact))
    assert ours == theirs


def test_provenance_is_that_of_pyld(jobs: tuple[Job, ...]) -> None:
    ours, theirs = both(provenance(ID, jobs))
    assert ours == theirs


@pytest.mark.parametrize("name", MODULES)
def test_what_is_no_record_is_written_as_pyld_does(name: str) -> None:
    """Classes defined by blank nodes, lists, texts in a language."""
    ours, theirs = both(ontology(name))
    assert ours == theirs


def test_what_is_said_of_the_catalogue_is_that_of_pyld() -> None:
    ours, theirs = both(point(Site("https://models.example.org", "A site"), "2026-03-01T12:00:00Z"))
    assert ours == theirs


NODE = NamedNode("http://example.org/x")


@pytest.mark.parametrize(
    "triple",
    [
        Triple(NODE, DCTERMS.title, Literal("Modell", language="de")),
        Triple(NODE, DCTERMS.created, Literal("2026")),
        Triple(NODE, DCTERMS.created, Literal("2026-01-01", datatype=XSD.date)),
        Triple(NODE, HK.seed, Literal(str(2**60), datatype=XSD.integer)),
        Triple(NODE, HK.seed, Literal("-7", datatype=XSD.integer)),
        Triple(NODE, DCTERMS.license, NamedNode("http://spdx.org/elsewhere/MIT")),
        Triple(NODE, DCTERMS.license, NamedNode("http://spdx.org/rdf/terms#noassertion")),
        Triple(NODE, DCTERMS.license, Literal("MIT")),
        Triple(NODE, FAIR4ML.trainedOn, Literal("a name")),
        Triple(NODE, FAIR4ML.trainedOn, BlankNode("b")),
        Triple(NODE, HPC.targetMachine, NamedNode("https://hpc-fair.github.io/ontology#lassen")),
        Triple(NODE, NamedNode("http://example.org/unheard-of"), NODE),
        Triple(NODE, NamedNode(str(HK)), Literal(True)),
        Triple(BlankNode("b"), RDF.type, HK.Note),
    ],
    ids=str,
)
def test_corners_are_those_of_pyld(triple: Triple) -> None:
    ours, theirs = both([triple])
    assert ours == theirs


def test_terms_within_terms_are_those_of_pyld() -> None:
    """A context of its own: two terms for one property, a set, a base, a vocabulary, a type that goes by another name."""
    said = {
        "ex": "http://example.org/",
        "id": "@id",
        "plain": "ex:p",
        "p": {"@id": "ex:p", "@type": "@id"},
        "many": {
            "@id": "ex:q",
            "@container": "@set",
            "@context": {"@base": "http://example.org/d/", "kind": "@type"},
        },
        "r": {"@id": "ex:r", "@context": {"@vocab": "http://example.org/v/", "plain": "ex:other"}},
    }
    ex = "http://example.org/"
    parts = [NamedNode(f"{ex}d/{name}") for name in ("one", "one/two", "")]
    ours, theirs = both(
        [
            *(Triple(NODE, NamedNode(f"{ex}{p}"), part) for p in "pqr" for part in parts),
            Triple(NODE, NamedNode(f"{ex}p"), Literal("text")),
            Triple(parts[0], RDF.type, NamedNode(f"{ex}v/Kind")),
            Triple(parts[0], NamedNode(f"{ex}v/word"), Literal(1)),
            Triple(parts[1], NamedNode(f"{ex}p"), Literal("inner")),
        ],
        said,
    )
    assert ours == theirs


def test_what_speaks_of_itself_ends() -> None:
    other = NamedNode("http://example.org/y")
    ours, theirs = both(
        [Triple(NODE, HK.job, other), Triple(other, HK.job, NODE), Triple(other, HK.note, other)]
    )
    assert ours == theirs
