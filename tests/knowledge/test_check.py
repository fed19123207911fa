from __future__ import annotations

from dataclasses import replace

import pytest
from pyoxigraph import Literal, NamedNode, Triple

from hpcfair_kg.activity import Environment, Hardware, Job
from hpcfair_kg.artifact import Artifact, Person
from hpcfair_kg.backends.graph.oxigraph import Oxigraph
from hpcfair_kg.knowledge.catalogue import Catalogue
from hpcfair_kg.knowledge.check import Finding, check
from hpcfair_kg.knowledge.runs import describe_run, run_iri
from hpcfair_kg.knowledge.vocabulary import DCTERMS, HK, HPC
from hpcfair_kg.run import Run

BASE = "https://models.example.org"


@pytest.fixture
def sound(catalogue: Catalogue, model: Artifact, dataset: Artifact, jobs: tuple[Job, ...]) -> Artifact:
    """A model in the catalogue, and nothing wrong with it."""
    data = replace(dataset, status="ready", description="Irises", reason=None)
    catalogue.commit(data, [])
    places = catalogue.surround(Environment("3.11", "Linux", ("numpy 2",)), Hardware("EPYC", 2, 1 << 30))
    step = replace(jobs[0].steps[1], environment=places[0], hardware=places[1])
    found = replace(model, trained_on=(data.id,), previous=None, derived_from=(), workflow=None)
    catalogue.commit(found, [replace(jobs[0], steps=(step,))])
    return found


def told(graphs: Oxigraph, catalogue: Catalogue) -> list[Finding]:
    return [finding for checked in check(graphs, catalogue) for finding in checked.findings]


def test_nothing_is_wrong_with_what_the_catalogue_writes(
    graphs: Oxigraph, catalogue: Catalogue, sound: Artifact
) -> None:
    checked = list(check(graphs, catalogue))
    assert [finding for found in checked for finding in found.findings] == []
    assert {found.done for found in checked} == {2}


def test_a_violation_is_told_of_its_artifact(graphs: Oxigraph, catalogue: Catalogue, sound: Artifact) -> None:
    record = [t for t in graphs.triples(sound.id) if t.predicate != DCTERMS.license]
    graphs.write({sound.id: [*record, Triple(NamedNode(sound.id), HK.owner, Literal("eve"))]})
    found = [(f.about, f.path) for f in told(graphs, catalogue) if f.severity == "violation"]
    assert sorted(found) == [(sound.id, "license"), (sound.id, "owner")]


def test_what_is_wrong_in_its_provenance_is_too(
    graphs: Oxigraph, catalogue: Catalogue, sound: Artifact
) -> None:
    story = f"{sound.id}/provenance"
    graphs.write({story: [t for t in graphs.triples(story) if t.predicate != HK.jobState]})
    assert ["a job is queued" in f.message for f in told(graphs, catalogue) if f.about == sound.id] == [True]


def test_terms_that_nobody_declared(graphs: Oxigraph, catalogue: Catalogue, sound: Artifact) -> None:
    more = [Triple(NamedNode(sound.id), term, Literal("x")) for term in (HK.colour, HPC.hyperParam)]
    graphs.write({sound.id: [*graphs.triples(sound.id), *more]})
    assert {f.path for f in told(graphs, catalogue) if f.severity == "violation"} == {
        "hk:colour",
        "hpc:hyperParam",
    }


def test_references_to_what_is_not_here_and_to_what_was_withdrawn(
    graphs: Oxigraph, catalogue: Catalogue, sound: Artifact
) -> None:
    data = catalogue.get("d0000000x")
    catalogue.commit(replace(data, status="withdrawn", reason="mislabelled"), [])
    catalogue.commit(
        replace(sound, derived_from=(f"{BASE}/ark:/99999/nothing00",)), catalogue.jobs(sound.key)
    )
    found = [(f.path, f.severity) for f in told(graphs, catalogue) if f.about == sound.id]
    assert sorted(found) == [("derived_from", "violation"), ("trained_on", "warning")]


def test_two_names_for_one_person_are_no_fault_of_either_artifact(
    graphs: Oxigraph, catalogue: Catalogue, sound: Artifact
) -> None:
    ada = (Person("Ada Lovelace", "0000-0002-1825-0097"), Person("A. King", "0000-0002-1825-0097"))
    others = [replace(sound, id=f"{sound.id[:-1]}{n}", key=f"{sound.key[:-1]}{n}", name=f"n{n}",
                      identity=f"{n}" * 64, creators=(ada[n],), job=None) for n in (0, 1)]  # fmt: skip
    for other in others:
        catalogue.commit(other, [])
    assert [f for f in told(graphs, catalogue) if f.severity == "violation"] == []
    name = [t for t in graphs.triples(others[1].id) if t.object == Literal("A. King")]
    graphs.write({others[0].id: [*graphs.triples(others[0].id), *name]})
    found = {f.about for f in told(graphs, catalogue) if f.severity == "violation"}
    assert found == {others[0].id}


def test_a_record_that_is_no_artifact(graphs: Oxigraph, catalogue: Catalogue, sound: Artifact) -> None:
    record = [t for t in graphs.triples(sound.id) if t.object != HPC.AIModel]
    graphs.write({sound.id: record})
    found = [f for f in told(graphs, catalogue) if f.severity == "violation"]
    assert (sound.id, "this is the record of an artifact that is not here") in {
        (f.about, f.message) for f in found
    }


def test_what_follows_must_be_there(graphs: Oxigraph, catalogue: Catalogue, sound: Artifact) -> None:
    graphs.write({f"{sound.id}/inferred": []})
    found = told(graphs, catalogue)
    assert {(f.about, f.path) for f in found} == {(sound.id, "rdf:type")}
    assert any("it is a hpc:MachineLearningModel" in f.message for f in found)


def test_an_environment_that_is_described_nowhere(
    graphs: Oxigraph, catalogue: Catalogue, sound: Artifact
) -> None:
    name = next(n for n in graphs.names() if "/#environment/" in n)
    graphs.write({name: []})
    assert [(f.about, f.message) for f in told(graphs, catalogue)] == [
        (sound.id, f"{name} is described nowhere")
    ]


def test_graphs_that_belong_to_nothing(graphs: Oxigraph, catalogue: Catalogue, sound: Artifact) -> None:
    graphs.write({sound.id: []})
    graphs.write({"urn:x:stray": [Triple(NamedNode("urn:x:a"), DCTERMS.title, Literal("?"))]})
    found = {f.about: f.message for f in told(graphs, catalogue)}
    assert set(found) == {
        f"{sound.id}/provenance",
        f"{sound.id}/inferred",
        f"{BASE}/#name/ada/encoder",
        "urn:x:stray",
    }
    assert "nothing here is a version of this" in found[f"{BASE}/#name/ada/encoder"]


def test_a_concept_names_its_versions(graphs: Oxigraph, catalogue: Catalogue, sound: Artifact) -> None:
    concept = f"{BASE}/#name/ada/encoder"
    graphs.write({concept: graphs.triples(concept)[:1]})
    assert [(f.about, f.path) for f in told(graphs, catalogue)] == [(concept, "dcat:hasVersion")]


def test_surroundings_are_held_against_the_shapes(
    graphs: Oxigraph, catalogue: Catalogue, sound: Artifact
) -> None:
    name = next(n for n in graphs.names() if "/#environment/" in n)
    graphs.write({name: [t for t in graphs.triples(name) if t.predicate != HK.system]})
    assert [(f.about, f.message) for f in told(graphs, catalogue)] == [
        (name, "a software environment is for one system")
    ]


def test_a_record_that_cannot_be_read_does_not_end_the_check(
    graphs: Oxigraph, catalogue: Catalogue, sound: Artifact
) -> None:
    graphs.write({sound.id: [t for t in graphs.triples(sound.id) if t.predicate != HPC.name]})
    found = told(graphs, catalogue)
    assert any("cannot be read" in f.message for f in found)
    assert any("one name" in f.message for f in found)


def test_runs_are_held_against_the_shapes_too(
    graphs: Oxigraph, catalogue: Catalogue, sound: Artifact, run: Run
) -> None:
    iri = run_iri(BASE, run.id)
    graphs.write({iri: [t for t in describe_run(iri, replace(run, task="")) if t.predicate != HK.plan]})
    found = {(f.about, f.path) for f in told(graphs, catalogue)}
    assert found >= {(iri, "plan"), (iri, "task"), (iri, "provenance")}
