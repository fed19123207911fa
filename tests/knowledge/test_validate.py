from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest
from pyoxigraph import Literal, NamedNode, Triple

from hpcfair_kg.activity import Job, Verdict
from hpcfair_kg.artifact import Artifact, Column, File, Metric, Person, TensorSpec
from hpcfair_kg.errors import InvalidMetadata, NotFound
from hpcfair_kg.knowledge import validate
from hpcfair_kg.knowledge.describe import describe
from hpcfair_kg.knowledge.provenance import provenance
from hpcfair_kg.knowledge.validate import Shapes
from hpcfair_kg.knowledge.vocabulary import DCTERMS, HK

ID = "https://models.example.org/ark:/99999/h7x2k9b4m"
Bad = tuple[str, Callable[[Artifact], Artifact], str]


@pytest.fixture(scope="module")
def shapes() -> Shapes:
    return Shapes()


def test_good_records_conform(
    shapes: Shapes, model: Artifact, dataset: Artifact, jobs: tuple[Job, ...]
) -> None:
    assert shapes.validate(describe(model)) == []
    assert [v.severity for v in shapes.validate(describe(dataset))] == ["warning"]
    assert shapes.validate(provenance(ID, jobs)) == []


def test_what_was_harvested_may_say_less(shapes: Shapes, harvested: Artifact) -> None:
    shapes.require(harvested)
    shapes.require(replace(harvested, files=()))
    with pytest.raises(InvalidMetadata, match="unless it was harvested"):
        shapes.require(replace(harvested, source=None))


BAD: list[Bad] = [
    ("status", lambda a: replace(a, status="done"), "a status is registered"),  # type: ignore[arg-type]
    ("name", lambda a: replace(a, name="My Model"), "lower-case letters"),
    ("title", lambda a: replace(a, title=""), "one title"),
    ("title", lambda a: replace(a, title="x" * 1001), "1000 characters"),
    ("license", lambda a: replace(a, license=""), "one licence"),
    ("identity", lambda a: replace(a, identity="x"), "one SHA-256"),
    ("created", lambda a: replace(a, created="yesterday"), "xsd:dateTime"),
    ("tags", lambda a: replace(a, tags=("x" * 101,)), "1 to 100 characters"),
    ("files", lambda a: replace(a, files=()), "at least one file"),
    ("file-x.role", lambda a: with_file(a, role="copy"), "original, converted, evidence or auxiliary"),
    ("file-x.size", lambda a: with_file(a, size=-1), "whole number of bytes"),
    ("file-x.format", lambda a: with_file(a, format=""), "one format"),
    ("file-x.opset", lambda a: with_file(a, opset=0), "1 or more"),
    ("sha256-x.checksumValue", lambda a: with_file(a, sha256="AB" * 32), "64 hexadecimal digits"),
    ("parameters", lambda a: replace(a, parameters=-1), "0 or more"),
    ("input-0.dtype", lambda a: replace(a, inputs=(TensorSpec("x", ""),)), "element type"),
    ("verdict.outcome", lambda a: replace(a, verdict=Verdict("perhaps")), "equal, different"),  # type: ignore[arg-type]
    ("person-0.label", lambda a: replace(a, creators=(Person(""),)), "a person has one name"),
]


def with_file(artifact: Artifact, **changes: object) -> Artifact:
    return replace(artifact, files=(replace(File("x", "csv", "original", 1, "ab" * 32), **changes),))  # type: ignore[arg-type]


@pytest.mark.parametrize(("path", "spoil", "message"), BAD, ids=[f"{p}-{m[:12]}" for p, _, m in BAD])
def test_each_fault_is_told_with_its_place(
    shapes: Shapes, model: Artifact, path: str, spoil: Callable[[Artifact], Artifact], message: str
) -> None:
    found = [v for v in shapes.validate(describe(spoil(model))) if v.severity == "violation"]
    places = {v.path.replace("person-0.name", "person-0.label") for v in found}
    assert path in places
    assert any(message in v.message for v in found)


def test_a_dataset_has_rows_and_columns(shapes: Shapes, dataset: Artifact) -> None:
    assert "rows" in {v.path for v in shapes.validate(describe(replace(dataset, rows=-5)))}
    twice = [
        *describe(dataset),
        Triple(NamedNode(f"{dataset.id}#column-0"), HK.elementType, Literal("int64")),
    ]
    assert "column-0.dtype" in {v.path for v in shapes.validate(twice)}
    assert not [
        v
        for v in shapes.validate(describe(replace(dataset, columns=(Column("", "x"),))))
        if "column" in v.path
    ]


def test_a_metric_is_of_something(shapes: Shapes, model: Artifact) -> None:
    triples = describe(replace(model, metrics=(Metric("f1", 0.5),)))
    bare = [t for t in triples if "isMeasurementOf" not in t.predicate.value]
    assert [v.path for v in shapes.validate(bare)] == ["metric-0.isMeasurementOf"]


def test_jobs_and_steps_have_their_states(shapes: Shapes, jobs: tuple[Job, ...]) -> None:
    bad_job = replace(jobs[0], state="lost")  # type: ignore[arg-type]
    bad_step = replace(jobs[0], steps=(replace(jobs[0].steps[0], state="lost", started="soon"),))  # type: ignore[arg-type]
    assert [v.path for v in shapes.validate(provenance(ID, [bad_job]))] == ["job-h7x2k9b4m.1.job_state"]
    assert [v.path for v in shapes.validate(provenance(ID, [bad_step]))] == [
        "job-h7x2k9b4m.1-step-0.started",
        "job-h7x2k9b4m.1-step-0.step_state",
    ]


def test_two_titles_are_one_too_many(shapes: Shapes, model: Artifact) -> None:
    more = [*describe(model), Triple(NamedNode(model.id), DCTERMS.title, Literal("Another"))]
    assert [v.path for v in shapes.validate(more)] == ["title"]


def test_a_bad_artifact_is_refused_with_the_whole_report(shapes: Shapes, model: Artifact) -> None:
    shapes.require(model)
    with pytest.raises(InvalidMetadata) as caught:
        shapes.require(replace(model, license="", files=(), status="done"))  # type: ignore[arg-type]
    report = caught.value.members["report"]
    assert [entry["path"] for entry in report] == ["files", "license", "status"]
    assert report[2] == {
        "path": "status", "value": "done", "severity": "violation",
        "message": "a status is registered, converting, waiting-for-converter, ready, not-convertible, failed-proof"
        " or withdrawn",
    }  # fmt: skip


def test_a_warning_refuses_nothing(shapes: Shapes, model: Artifact) -> None:
    shapes.require(replace(model, description="", creators=()))
    found = shapes.validate(describe(replace(model, description="", creators=())))
    assert {v.severity for v in found} == {"warning"}
    assert {v.path for v in found} == {"description", "creators"}


def test_the_shapes_are_served_as_one_document() -> None:
    assert all(validate.text(f"{name}.ttl") in validate.text("") for name in ("artifact", "model", "file"))
    with pytest.raises(
        NotFound, match=r"activity\.ttl, artifact\.ttl, dataset\.ttl, file\.ttl, measurement\.ttl, "
    ):
        validate.text("hk.ttl")
