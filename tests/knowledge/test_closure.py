from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from pyoxigraph import NamedNode

from hpcfair_kg.artifact import Artifact
from hpcfair_kg.backends.graph.oxigraph import Oxigraph
from hpcfair_kg.knowledge import closure, reason
from hpcfair_kg.knowledge.catalogue import Catalogue
from hpcfair_kg.knowledge.closure import above, broader, inferred, subclasses
from hpcfair_kg.knowledge.describe import describe
from hpcfair_kg.knowledge.namespaces import TERMS
from hpcfair_kg.knowledge.ontology import triples
from hpcfair_kg.knowledge.search import Index, Query
from hpcfair_kg.knowledge.vocabulary import ARCHITECTURES, FAIR4ML, HK, HPC, RDF

BASE = "https://models.example.org"
NETWORKS = """
PREFIX hpc: <https://hpc-fair.github.io/ontology#>
SELECT DISTINCT ?model WHERE { ?model a %s }
"""


def types(artifact: Artifact) -> set[NamedNode]:
    return {t.object for t in inferred(NamedNode(artifact.id), describe(artifact))}  # type: ignore[misc]


def test_the_nearest_come_first() -> None:
    assert above()[HPC.LongShortTermMemory][:3] == (
        HPC.RecurrentNeuralNetwork, HPC.ArtificialNeuralNetwork, HPC.MachineLearningModel,
    )  # fmt: skip


def test_equivalents_hold_both_ways() -> None:
    assert HPC.AIModel in above()[HPC.MachineLearningModel]
    assert {HPC.MachineLearningModel, FAIR4ML.MLModel} <= set(above()[HPC.AIModel])
    assert HPC.AIModel in above()[FAIR4ML.MLModel]


def test_no_class_is_above_itself_and_none_is_one_that_only_circulates() -> None:
    assert not [kind for kind, found in above().items() if kind in found]
    assert not {kind.value for found in above().values() for kind in found} & set(TERMS)


@pytest.mark.parametrize("name", ARCHITECTURES)
def test_every_architecture_is_a_model(name: str) -> None:
    assert {HPC.MachineLearningModel, HPC.AIModel} <= set(above()[ARCHITECTURES[name]])


@pytest.mark.parametrize(
    ("architecture", "wider"),
    [
        ("LongShortTermMemory", ("RecurrentNeuralNetwork", "ArtificialNeuralNetwork")),
        ("MultilayerPerceptron", ("FeedforwardNeuralNetwork", "ArtificialNeuralNetwork")),
        ("Transformer", ("ArtificialNeuralNetwork",)),
        ("DecisionTree", ()),
        ("a new idea", ()),
        (None, ()),
    ],
)
def test_an_architecture_is_one_of_wider_kinds(architecture: str | None, wider: tuple[str, ...]) -> None:
    assert broader(architecture) == wider


def test_only_the_artifact_gets_types_and_only_new_ones(model: Artifact) -> None:
    record = describe(model)
    found = inferred(NamedNode(model.id), record)
    assert {t.subject for t in found} == {NamedNode(model.id)}
    assert not set(found) & set(record)
    assert len(found) == len(set(found))


@pytest.mark.reasoner
@pytest.mark.skipif(reason.missing() is not None, reason=reason.missing() or "")
def test_it_is_what_the_reasoner_says_of_the_same_record(model: Artifact, dataset: Artifact) -> None:
    for artifact in (model, dataset):
        record = describe(artifact)
        said = {
            t.object
            for t in reason.classify([*triples(), *record]).types
            if t.subject == NamedNode(artifact.id)
        }
        stated = {t.object for t in record if t.subject == NamedNode(artifact.id) and t.predicate == RDF.type}
        owl_thing = NamedNode("http://www.w3.org/2002/07/owl#Thing")
        defined = {
            HK[name] for name in ("ProvedModel", "DerivedModel", "RemoteArtifact")
        }  # only an engine finds them
        assert types(artifact) == said - stated - {owl_thing} - defined


@pytest.fixture
def catalogue(tmp_path: Path) -> Catalogue:
    return Catalogue(Oxigraph(tmp_path / "graph"), Index(tmp_path / "index"), BASE, "99999")


def asked(catalogue: Catalogue, pattern: str) -> list[str]:
    return sorted(row["model"].value for row in catalogue._graphs.query(NETWORKS % pattern))  # type: ignore[union-attr]


def test_a_query_for_all_networks_finds_every_kind(
    catalogue: Catalogue, model: Artifact, dataset: Artifact
) -> None:
    convolutional = replace(
        model, id=model.id[:-1] + "n", key="h7x2k9b4n", name="cnn", architecture="ConvolutionalNeuralNetwork"
    )
    for artifact in (model, convolutional, dataset):
        catalogue.commit(artifact, ())
    both = sorted([model.id, convolutional.id])
    for pattern in (
        "hpc:ArtificialNeuralNetwork",
        "hpc:MachineLearningModel",
        "?kind . ?kind <http://www.w3.org/2000/01/rdf-schema#subClassOf>* hpc:ArtificialNeuralNetwork",
    ):
        assert asked(catalogue, pattern) == both, pattern
    assert asked(catalogue, "hpc:FeedforwardNeuralNetwork") == [convolutional.id]
    found = catalogue._index.search(
        Query(filters={"architecture": ("ArtificialNeuralNetwork",)}, facets=("architecture",))
    )
    assert found.total == 2
    assert {entry["value"]: entry["count"] for entry in found.facets["architecture"]} == {
        "ArtificialNeuralNetwork": 2, "RecurrentNeuralNetwork": 1, "ConvolutionalNeuralNetwork": 1,
        "FeedforwardNeuralNetwork": 1,
    }  # fmt: skip


def test_what_is_inferred_goes_when_its_ground_goes(catalogue: Catalogue, model: Artifact) -> None:
    catalogue.commit(model, ())
    catalogue.commit(replace(model, architecture=None), ())
    assert asked(catalogue, "hpc:ArtificialNeuralNetwork") == []
    assert asked(catalogue, "hpc:MachineLearningModel") == [model.id]


def test_the_record_is_not_touched(catalogue: Catalogue, model: Artifact) -> None:
    catalogue.commit(model, ())
    assert set(catalogue.triples(model.key)) == set(describe(model))
    assert catalogue.get(model.key) == model
    assert list(catalogue.all()) == [model]


def test_a_store_of_another_ontology_is_brought_up_to_this_one(
    tmp_path: Path, model: Artifact, monkeypatch: pytest.MonkeyPatch
) -> None:
    graphs = Oxigraph(tmp_path / "graph")
    index = Index(tmp_path / "index")
    Catalogue(graphs, index, BASE, "99999").commit(model, ())
    graphs.write({f"{model.id}/inferred": [], f"{BASE}/#inferred": []})
    again = Catalogue(graphs, index, BASE, "99999")
    assert asked(again, "hpc:ArtificialNeuralNetwork") == [model.id]
    assert set(graphs.triples(f"{BASE}/#inferred")) == set(subclasses())
    written = graphs.generation
    Catalogue(graphs, index, BASE, "99999")
    assert graphs.generation == written
    assert closure.above()[HK.Transformer]
