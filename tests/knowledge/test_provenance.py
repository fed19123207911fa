from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from pyoxigraph import BlankNode, Literal, NamedNode

from hpcfair_kg.activity import Job, Step
from hpcfair_kg.backends.graph.oxigraph import Oxigraph
from hpcfair_kg.knowledge.iris import job_node
from hpcfair_kg.knowledge.provenance import provenance, read_jobs
from hpcfair_kg.knowledge.vocabulary import DCAT, HK, HPC, PROV, RDF

ID = "https://models.example.org/ark:/99999/h7x2k9b4m"


def test_jobs_come_back(jobs: tuple[Job, ...]) -> None:
    assert read_jobs(provenance(ID, jobs)) == jobs


def test_no_jobs_are_no_triples() -> None:
    assert provenance(ID, ()) == []
    assert read_jobs([]) == ()


def test_jobs_come_back_in_order_beyond_nine() -> None:
    many = tuple(
        Job(f"h7x2k9b4m.{n}", steps=tuple(Step(f"s{m}", "running") for m in range(12))) for n in range(1, 13)
    )
    assert read_jobs(reversed(provenance(ID, many))) == many


def test_the_store_keeps_every_triple_as_it_was_written(jobs: tuple[Job, ...], tmp_path: Path) -> None:
    store = Oxigraph(tmp_path)
    store.write({ID: provenance(ID, jobs)})
    assert set(store.triples(ID)) == set(provenance(ID, jobs))
    store.close()


def test_each_step_is_an_activity_of_its_class(jobs: tuple[Job, ...]) -> None:
    triples = provenance(ID, jobs)
    node = job_node(ID, jobs[0].id).value
    types = [
        {t.object for t in triples if t.subject == NamedNode(f"{node}-step-{n}") and t.predicate == RDF.type}
        for n in range(6)
    ]
    classes = [HK.Recognition, HK.Conversion, HK.Verification, HK.SmokeRun, HK.HookCall]
    assert types == [*({kind, PROV.Activity} for kind in classes), {PROV.Activity}]


def test_software_is_one_node_for_each_version(jobs: tuple[Job, ...]) -> None:
    twice = (jobs[0], replace(jobs[1], steps=jobs[0].steps))
    triples = provenance(ID, twice)
    software = {t.subject for t in triples if t.object == HPC.Software}
    assert software == {
        NamedNode(f"https://models.example.org/#software/{name}")
        for name in ("onnxscript@0.7.1", "torch@2.13.0+cpu", "onnxruntime@1.32.0")
    }
    assert Literal("2.13.0+cpu") in {t.object for t in triples if t.predicate == DCAT.version}


def test_a_restart_finds_what_is_unfinished_by_its_state(jobs: tuple[Job, ...]) -> None:
    queued = [
        t.subject
        for t in provenance(ID, jobs)
        if t.predicate == HK.jobState and t.object == Literal("queued")
    ]
    assert queued == [job_node(ID, "h7x2k9b4m.2")]


def test_there_are_no_blank_nodes(jobs: tuple[Job, ...]) -> None:
    assert not [t for t in provenance(ID, jobs) if BlankNode in (type(t.subject), type(t.object))]
