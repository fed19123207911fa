from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pyoxigraph as ox
import pytest
import rdflib
from pyld import jsonld as pyld
from pyoxigraph import BlankNode, Literal, NamedNode, Triple

from hpcfair_kg.activity import Job
from hpcfair_kg.artifact import Artifact, Column
from hpcfair_kg.errors import UnknownFormat
from hpcfair_kg.knowledge.describe import describe, read
from hpcfair_kg.knowledge.jsonld import SYNTAXES, canonical_hash, jsonl, jsonld, serialise
from hpcfair_kg.knowledge.provenance import provenance

GOLDEN = Path(__file__).parent / "golden"
ID = "https://models.example.org/ark:/99999/h7x2k9b4m"


@pytest.fixture(params=["model", "dataset", "provenance"])
def graph(request: pytest.FixtureRequest) -> tuple[str, list[Triple]]:
    if request.param == "provenance":
        return request.param, provenance(ID, request.getfixturevalue("jobs"))
    return request.param, describe(request.getfixturevalue(request.param))


def stored(quads: Any) -> list[Triple]:
    """Return quads as a store spells them: 4.4E-7 and 0.00000044 are one double."""
    store = ox.Store()
    store.extend(quads)
    return [quad.triple for quad in store]


def test_the_documents_are_the_golden_ones(graph: tuple[str, list[Triple]]) -> None:
    name, triples = graph
    document = jsonld(triples)
    del document["@context"]
    expected = json.loads((GOLDEN / f"{name}.jsonld").read_text())
    assert json.dumps(document, indent=1) == json.dumps(expected, indent=1)


def test_oxigraph_reads_the_same_graph_back(graph: tuple[str, list[Triple]]) -> None:
    _, triples = graph
    back = [quad.triple for quad in ox.parse(serialise(triples, "jsonld"), format=ox.RdfFormat.JSON_LD)]
    assert canonical_hash(back) == canonical_hash(triples)


def test_pyld_reads_the_same_graph_back(graph: tuple[str, list[Triple]]) -> None:
    def refuse(url: str, options: Any) -> Any:
        raise AssertionError(f"{url} was asked for")

    _, triples = graph
    quads = pyld.to_rdf(jsonld(triples), {"format": "application/n-quads", "documentLoader": refuse})
    back = stored(ox.parse(quads, format=ox.RdfFormat.N_QUADS))
    assert canonical_hash(back) == canonical_hash(triples)


@pytest.mark.parametrize("format", sorted(SYNTAXES))
def test_every_syntax_holds_the_whole_graph(graph: tuple[str, list[Triple]], format: str) -> None:
    _, triples = graph
    back = [quad.triple for quad in ox.parse(serialise(triples, format), format=SYNTAXES[format])]
    assert set(back) == set(triples)


def test_an_artifact_comes_back_through_json_ld(model: Artifact) -> None:
    quads = ox.parse(serialise(describe(model), "jsonld"), format=ox.RdfFormat.JSON_LD)
    assert read(quad.triple for quad in quads) == model


def test_the_context_is_inside(model: Artifact) -> None:
    assert isinstance(jsonld(describe(model))["@context"], dict)


def test_a_wide_table_keeps_its_order(dataset: Artifact) -> None:
    wide = replace(dataset, columns=tuple(Column(f"c{n}", "float64") for n in range(300)))
    fields = jsonld(describe(wide))["columns"]["fields"]
    assert [field["name"] for field in fields] == [f"c{n}" for n in range(300)]


def test_turtle_begins_with_the_artifact(model: Artifact) -> None:
    lines = [line for line in serialise(describe(model), "ttl").decode().splitlines() if line[0] == "<"]
    assert lines[0].startswith(f"<{model.id}> a ")


def test_a_graph_without_an_artifact_is_a_list() -> None:
    triples = [Triple(NamedNode(f"http://e/{n}"), NamedNode("http://e/p"), Literal(n)) for n in range(2)]
    assert [node["id"] for node in jsonld(triples)["@graph"]] == ["http://e/0", "http://e/1"]


def test_nothing_at_all_is_a_document_too() -> None:
    assert set(jsonld([])) == {"@context"}


def test_rdf_xml_is_well_formed_whatever_a_converter_complained_of(model: Artifact) -> None:
    text = serialise(describe(replace(model, reason="\x1b[31mred\x00")), "rdf")
    graph = rdflib.Graph().parse(data=text, format="xml")
    assert "\ufffd[31mred\ufffd" in {str(value) for value in graph.objects()}


def test_an_unknown_syntax_is_answered_with_those_there_are() -> None:
    with pytest.raises(UnknownFormat, match="ttl, nt, rdf, jsonld"):
        serialise([], "trix")


def test_the_hash_is_of_the_canonical_n_quads() -> None:
    """Against the definition: sha256 over the sorted lines, `_:c14n0` for the blank node (RDFC-1.0, section 4)."""
    import hashlib

    triples = [
        Triple(NamedNode("http://e/b"), NamedNode("http://e/p"), Literal("x")),
        Triple(NamedNode("http://e/a"), NamedNode("http://e/p"), BlankNode("anything")),
    ]
    lines = b'<http://e/a> <http://e/p> _:c14n0 .\n<http://e/b> <http://e/p> "x" .\n'
    assert canonical_hash(triples) == hashlib.sha256(lines).hexdigest()
    assert canonical_hash(reversed(triples)) == canonical_hash(triples)


def test_the_hash_moves_with_the_record_and_not_with_the_job(model: Artifact, jobs: tuple[Job, ...]) -> None:
    assert canonical_hash(describe(model)) != canonical_hash(describe(replace(model, title="Another")))
    subjects = {t.subject.value for t in describe(model)}
    assert not any(job.id in subject for job in jobs for subject in subjects)


def test_a_line_is_the_document_in_one_line(graph: tuple[str, list[Triple]]) -> None:
    _, triples = graph
    line = jsonl(triples)
    assert (line.count(b"\n"), line[-1:]) == (1, b"\n")
    assert json.loads(line) == jsonld(triples)
    assert json.loads(jsonl([])) == jsonld([])
