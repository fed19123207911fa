from __future__ import annotations

from dataclasses import fields as members

import pytest
from pyoxigraph import NamedNode

from hpcfair_kg.activity import Job, Measurement, Step, Ulp, Verdict
from hpcfair_kg.artifact import Artifact, File, Metric, Processing, Project, TensorSpec
from hpcfair_kg.knowledge import terms
from hpcfair_kg.run import Run

NODE = NamedNode("http://example.org/x")

# Fields that are no single triple of their node, and where they are written instead.
ELSEWHERE = {
    Artifact: {"id", "key", "kind", "creators", "files", "inputs", "outputs", "columns", "verdict", "hyperparameters",
               "metrics", "notes", "job", "operators", "hyperparameter_sources", "workflow", "chain", "projects", "machines", "processing"},
    Processing: {"file", "settings"},
    File: {"sha256", "remote"},
    Project: {"id", "funders"},
    Metric: {"name"},
    Verdict: {"ulp"},
    Step: {"software", "used", "generated", "verdict", "measurements"},
    Job: {"steps"},
    Measurement: {"metric", "unit"},
    Run: {"steps", "files"},
}  # fmt: skip


@pytest.mark.parametrize(
    ("noun", "table"),
    [(Artifact, terms.ARTIFACT), (File, terms.FILE), (TensorSpec, terms.TENSOR), (Metric, terms.METRIC), (Project, terms.PROJECT), (Processing, terms.PROCESSING),
     (Verdict, terms.VERDICT), (Ulp, terms.ULP), (Step, terms.STEP), (Job, terms.JOB),
     (Measurement, terms.MEASUREMENT), (Run, terms.RUN)],
)  # fmt: skip
def test_every_field_has_its_term(noun: type, table: terms.Table) -> None:
    assert set(table) | ELSEWHERE.get(noun, set()) == {member.name for member in members(noun)}
    assert len({term.predicate for term in table.values()}) == len(table)


def test_what_is_absent_has_no_triple() -> None:
    assert list(terms.fields(NODE, TensorSpec("x", "float32"), terms.TENSOR)) == [
        triple for triple in terms.fields(NODE, TensorSpec("x", "float32", (3,)), terms.TENSOR)
        if triple.predicate != terms.TENSOR["shape"].predicate
    ]  # fmt: skip


def test_no_verdict_is_none() -> None:
    assert terms.read_verdict({}) is None


def test_a_verdict_without_figures_is_one() -> None:
    bare = Verdict("none", reason="nothing to compare with")
    node = terms.by_subject(terms.verdict(NODE, bare))[NODE]
    assert terms.read_verdict(node) == bare
