from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from pyoxigraph import BlankNode, NamedNode

from hpcfair_kg.backends.graph.oxigraph import Oxigraph
from hpcfair_kg.knowledge.runs import describe_run, read_run, run_iri
from hpcfair_kg.knowledge.vocabulary import DQV, HK, PROV
from hpcfair_kg.run import Run

IRI = "https://models.example.org/runs/run-0123456789"


def test_a_run_comes_back(run: Run) -> None:
    assert run_iri("https://models.example.org", run.id) == IRI
    assert read_run(describe_run(IRI, run)) == run


def test_so_does_one_that_has_only_begun() -> None:
    bare = Run("run-1", "queued", task="search")
    assert read_run(reversed(describe_run(IRI, bare))) == bare
    assert read_run([]) is None


def test_the_store_keeps_every_triple_as_it_was_written(run: Run, tmp_path: Path) -> None:
    store = Oxigraph(tmp_path)
    store.write({IRI: describe_run(IRI, run)})
    assert read_run(store.triples(IRI)) == run
    store.close()


def test_steps_speak_of_the_run_s_own_files_and_of_artifacts_by_iri(run: Run) -> None:
    used = {str(t.object.value) for t in describe_run(IRI, run) if t.predicate == PROV.used}
    assert {f"{IRI}#file-in.csv", "https://models.example.org/ark:/99999/h7x2k9b4m#file-encoder.onnx"} < used


def test_figures_are_measurements_of_the_artifact_by_the_step(run: Run) -> None:
    triples = describe_run(IRI, run)
    figures = {t.subject for t in triples if t.object == DQV.QualityMeasurement}
    assert len(figures) == 2
    by = {t.object for t in triples if t.predicate == PROV.wasGeneratedBy}
    assert by == {NamedNode(f"{IRI}#step-1")}
    assert HK.latencyP50 in {t.object for t in triples if t.predicate == DQV.isMeasurementOf}


def test_there_are_no_blank_nodes_and_ten_steps_keep_their_order(run: Run) -> None:
    many = replace(run, steps=run.steps * 4)
    triples = describe_run(IRI, many)
    assert not [t for t in triples if BlankNode in (type(t.subject), type(t.object))]
    assert read_run(triples) == many
