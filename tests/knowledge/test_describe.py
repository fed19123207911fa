from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any, get_args

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pyoxigraph import BlankNode, NamedNode, Triple

from hpcfair_kg.activity import Outcome, Ulp, Verdict
from hpcfair_kg.artifact import (
    Artifact,
    Column,
    File,
    Kind,
    Machine,
    Metric,
    Person,
    Project,
    Role,
    Status,
    TensorSpec,
)
from hpcfair_kg.backends.graph.oxigraph import Oxigraph
from hpcfair_kg.knowledge.background import MACHINES
from hpcfair_kg.knowledge.describe import describe, read
from hpcfair_kg.knowledge.vocabulary import (
    DCAT,
    DCTERMS,
    FAIR4ML,
    HK,
    HPC,
    ORCID,
    PROV,
    RDF,
    XSD,
)


def objects(triples: list[Triple], subject: NamedNode, predicate: NamedNode) -> set[Any]:
    return {t.object for t in triples if t.subject == subject and t.predicate == predicate}


def test_a_model_comes_back(model: Artifact) -> None:
    assert read(describe(model)) == model


def test_a_dataset_comes_back(dataset: Artifact) -> None:
    assert read(describe(dataset)) == dataset


def test_what_was_harvested_comes_back(harvested: Artifact) -> None:
    assert read(describe(harvested)) == harvested


def test_an_artifact_of_defaults_comes_back() -> None:
    bare = Artifact("http://h/ark:/1/k", "k", "ada", "x")
    assert read(describe(bare)) == bare


def test_settings_keep_their_types(model: Artifact) -> None:
    back = read(describe(model)).hyperparameters
    assert {name: type(value) for name, value in back.items()} == {
        name: type(value) for name, value in model.hyperparameters.items()
    }


def test_the_store_keeps_every_triple_as_it_was_written(
    model: Artifact, dataset: Artifact, tmp_path: Path
) -> None:
    store = Oxigraph(tmp_path)
    for artifact in (model, dataset):
        triples = describe(artifact)
        store.write({artifact.id: triples})
        assert set(store.triples(artifact.id)) == set(triples)
        assert read(store.triples(artifact.id)) == artifact
    store.close()


def test_there_are_no_blank_nodes_and_nothing_twice(model: Artifact) -> None:
    triples = describe(model)
    assert not [t for t in triples if isinstance(t.subject, BlankNode) or isinstance(t.object, BlankNode)]
    assert len(set(triples)) == len(triples)


def test_a_model_has_the_types_that_others_look_for(model: Artifact) -> None:
    assert objects(describe(model), NamedNode(model.id), RDF.type) == {
        HPC.AIModel, HPC.RecurrentNeuralNetwork, FAIR4ML.MLModel, DCAT.Dataset, PROV.Entity,
    }  # fmt: skip


def test_an_architecture_that_nobody_has_a_class_for_is_said_all_the_same(model: Artifact) -> None:
    triples = describe(replace(model, architecture="Kolmogorov–Arnold"))
    assert HPC.AIModel in objects(triples, NamedNode(model.id), RDF.type)
    assert {o.value for o in objects(triples, NamedNode(model.id), FAIR4ML.modelCategory)} == {
        "Kolmogorov–Arnold"
    }


def test_a_converted_file_says_what_it_was_made_from(model: Artifact) -> None:
    converted = NamedNode(f"{model.id}#file-encoder.onnx")
    assert objects(describe(model), converted, HK.convertedFrom) == {
        NamedNode(f"{model.id}#file-encoder.pt2")
    }


def test_a_creator_is_known_by_orcid(model: Artifact) -> None:
    creators = objects(describe(model), NamedNode(model.id), DCTERMS.creator)
    assert NamedNode(ORCID + "0000-0002-1825-0097") in creators


def test_what_is_withdrawn_says_since_when(model: Artifact, dataset: Artifact) -> None:
    since = objects(describe(dataset), NamedNode(dataset.id), PROV.invalidatedAtTime)
    assert {(o.value, o.datatype) for o in since} == {("2026-02-03T00:00:00Z", XSD.dateTime)}
    assert not objects(describe(model), NamedNode(model.id), PROV.invalidatedAtTime)


def test_versions_of_a_name_are_versions_of_one_thing(model: Artifact) -> None:
    later = replace(model, id=model.id.replace("h7x", "h8x"), version="2.0", previous=model.id)
    of = [objects(describe(a), NamedNode(a.id), DCAT.isVersionOf) for a in (model, later)]
    assert of[0] == of[1] == {NamedNode("https://models.example.org/#name/ada/encoder")}
    assert objects(describe(later), NamedNode(later.id), DCAT.previousVersion) == {NamedNode(model.id)}


def test_tags_come_back_sorted_since_a_set_has_no_order(model: Artifact) -> None:
    assert read(describe(replace(model, tags=("b", "a", "b")))).tags == ("a", "b")


words = st.text(st.characters(exclude_categories=["Cs"]), max_size=12)
names = words.filter(bool)
iris = st.sampled_from(["http://example.org/ü", "ark:/99999/x1", "ada/iris", "", "urn:x:%20"])
figures = st.one_of(st.none(), st.floats(allow_nan=False))
counts = st.one_of(st.none(), st.integers(min_value=0))
shapes = st.lists(st.one_of(st.integers(), words), max_size=4).map(tuple)
scalars = st.one_of(st.none(), st.booleans(), st.integers(), st.floats(allow_nan=False), words)
seconds = st.datetimes().map(lambda t: t.replace(microsecond=0).isoformat() + "Z")
instants = st.datetimes().filter(lambda t: t.microsecond > 0).map(lambda t: t.isoformat() + "Z")
times = st.one_of(seconds, instants, st.just(""))
maybe = st.one_of(st.none(), words)


def sets(elements: st.SearchStrategy[str]) -> st.SearchStrategy[tuple[str, ...]]:
    return st.sets(elements, max_size=4).map(lambda found: tuple(sorted(found)))


def some(elements: st.SearchStrategy[Any]) -> st.SearchStrategy[tuple[Any, ...]]:
    return st.lists(elements, max_size=3).map(tuple)


verdicts = st.builds(
    Verdict,
    outcome=st.sampled_from(get_args(Outcome)),
    normalised=figures, max_abs=figures, max_rel=figures, rms=figures, cosine=figures,
    ulp=st.one_of(st.none(), st.builds(Ulp, *[st.floats(allow_nan=False)] * 3)),
    label_mismatches=counts,
    shapes=some(st.lists(st.integers(0), max_size=3).map(tuple)),
    seed=counts, opset=counts, reason=maybe,
)  # fmt: skip
files = st.builds(
    File, names, words, st.sampled_from(get_args(Role)), counts, st.sampled_from(["ab" * 32, "00" * 32, ""]),
    words, counts, st.sampled_from([None, "https://elsewhere.example.org/x?y=%20#z"]),
)  # fmt: skip


def own(kind: str) -> st.SearchStrategy[str | None]:
    return st.one_of(st.none(), st.sampled_from([f"https://example.org/{kind}/{n}" for n in "xy"]))


projects = st.builds(Project, names, own("p"), sets(names), maybe)
machines = st.builds(Machine, names, own("m"), st.sampled_from(MACHINES), maybe) | st.builds(
    Machine, names, own("m"), gpu=st.sampled_from(["A100", "MI 250"]), vendor=st.just("AMD")
)


def apart(things: st.SearchStrategy[Any]) -> st.SearchStrategy[tuple[Any, ...]]:
    """Two that are known by the same IRI are one, so each has its own; they come back by name."""
    several = st.lists(things, max_size=3, unique_by=(lambda t: t.name, lambda t: t.id or t.name))
    return several.map(lambda found: tuple(sorted(found, key=lambda t: t.name)))


orcids = st.one_of(st.none(), st.integers(0, 10**15 - 1).map(lambda n: f"{n:015d}X"))
artifacts = st.builds(
    Artifact,
    id=st.just("http://h/ark:/99999/h7x2k9b4m"), key=st.just("h7x2k9b4m"), owner=names, name=words, version=words,
    kind=st.sampled_from(get_args(Kind)), title=words, description=words, tags=sets(words),
    license=st.sampled_from(["", "MIT", "MIT OR LicenseRef-x", "https://example.org/terms"]),
    creators=st.lists(st.builds(Person, words, orcids), max_size=3, unique_by=lambda p: p.orcid or id(p)).map(tuple),
    visibility=st.sampled_from(["public", "restricted", "private"]),
    framework=maybe, architecture=st.one_of(maybe, st.just("DecisionTree")), task=maybe,
    status=st.sampled_from(get_args(Status)), reason=maybe,
    files=st.lists(files, max_size=3, unique_by=lambda f: f.name).map(tuple),
    inputs=some(st.builds(TensorSpec, words, words, shapes)), outputs=some(st.builds(TensorSpec, words, words, shapes)),
    columns=some(st.builds(Column, words, words, shapes)), verdict=st.one_of(st.none(), verdicts),
    parameters=counts, rows=counts,
    hyperparameters=st.dictionaries(words, st.one_of(scalars, st.lists(scalars, max_size=3)), max_size=4),
    metrics=some(st.builds(Metric, words, st.floats(allow_nan=False), st.one_of(st.none(), iris))),
    architecture_evidence=maybe, operators=st.dictionaries(words, st.integers(0), max_size=3),
    tested_on=sets(iris), workflow=st.one_of(st.none(), iris), source=st.one_of(st.none(), iris),
    projects=apart(projects), machines=apart(machines),
    trained_on=sets(iris), derived_from=sets(iris), previous=st.one_of(st.none(), iris), notes=some(words),
    identity=words, created=times, modified=times, job=maybe,
)  # fmt: skip


@given(artifacts)
@settings(max_examples=150, deadline=None)
def test_every_artifact_comes_back(artifact: Artifact) -> None:
    back = read(describe(artifact))
    assert back == artifact
    # 1 == 1.0 == True: the types are compared by their text.
    assert repr(sorted(back.hyperparameters.items())) == repr(sorted(artifact.hyperparameters.items()))


@pytest.mark.parametrize("odd", ["a b.onnx", "ü/ñ#1?.bin", "%41", "<x>", '"', "\\", "..", "a/../b", "\t"])
def test_a_file_may_be_called_anything(model: Artifact, odd: str) -> None:
    renamed = replace(model, files=(replace(model.files[0], name=odd),))
    assert read(describe(renamed)) == renamed
