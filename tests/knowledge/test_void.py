"""The VoID description of a catalogue."""

from __future__ import annotations

from pyoxigraph import Literal, NamedNode

from hpcfair_kg.knowledge.site import Site
from hpcfair_kg.knowledge.terms import by_subject
from hpcfair_kg.knowledge.vocabulary import DCAT, HK, HPC, VOID
from hpcfair_kg.knowledge.void import Counts, describe

SITE = Site("https://models.example.org", "models.example.org")
COUNTS = Counts({"model": 5, "dataset": 2}, {"Encoder": 3, "no class of ours": 1}, 1018)
DATASET = NamedNode("https://models.example.org/.well-known/void#dataset")


def described(counts: Counts = COUNTS, example: str | None = None):
    return by_subject(describe(SITE, "99999", counts, example))


def test_how_much_there_is() -> None:
    said = described()[DATASET]
    assert [int(value.value) for value in said[VOID.entities]] == [7]
    assert [int(value.value) for value in said[VOID.triples]] == [1018]
    assert VOID.triples not in described(Counts({}, {}, None))[DATASET]


def test_classes_are_counted_with_those_above_them() -> None:
    nodes = described()
    counted = {
        nodes[part][VOID["class"]][0]: int(nodes[part][VOID.entities][0].value)
        for part in nodes[DATASET][VOID.classPartition]
    }
    assert counted[HPC.AIModel] == 5
    assert counted[HPC.Dataset] == 2
    assert counted[DCAT.Dataset] == 7
    assert counted[HK.Encoder] == 3
    assert not any("no class" in kind.value for kind in counted)


def test_how_it_is_had() -> None:
    said = described(example="https://models.example.org/ark:/99999/x")[DATASET]
    assert said[VOID.sparqlEndpoint] == [NamedNode("https://models.example.org/sparql")]
    assert said[VOID.dataDump] == [NamedNode("https://models.example.org/harvest.jsonl")]
    assert said[VOID.uriSpace] == [Literal("https://models.example.org/ark:/99999/")]
    assert said[VOID.exampleResource] == [NamedNode("https://models.example.org/ark:/99999/x")]
    assert NamedNode(str(HPC)) in said[VOID.vocabulary]
    assert VOID.exampleResource not in described()[DATASET]
