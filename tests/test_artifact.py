"""The nouns: what is frozen, what travels as JSON and comes back, which form may be run."""

import json
import re
from dataclasses import FrozenInstanceError, fields, replace

import pytest

from hpcfair_kg.activity import Job, Step, Ulp, Verdict
from hpcfair_kg.artifact import SUMMARY, Artifact, Column, File, Metric, Person, TensorSpec, build, plain

VERDICT = Verdict(
    "equal", 4.4e-7, 1.8e-7, 3e-6, 4e-8, 1.0, Ulp(1, 12, 240), 0, ((1, 13), (7, 13)), seed=7, opset=18
)
ORIGINAL = File("encoder.pt2", "pt2", "original", 52311, "a" * 64)
CONVERTED = File("encoder.onnx", "onnx", "converted", 41007, "b" * 64, opset=18)
FULL = Artifact(
    id="http://x/ark:/99999/h7x2k9b4m",
    key="h7x2k9b4m",
    owner="ada",
    name="encoder",
    title="Encoder",
    tags=("seq2seq", "rnn"),
    license="MIT",
    creators=(Person("A. Author", "0000-0002-1825-0097"),),
    framework="pytorch",
    status="ready",
    files=(ORIGINAL, CONVERTED),
    inputs=(TensorSpec("x", "float32", ("batch", 13)),),
    outputs=(TensorSpec("y", "float32", ("batch", 3)),),
    columns=(Column("t", "float64", (3,)),),
    verdict=VERDICT,
    hyperparameters={"hidden": 128, "layers": [1, 2], "files": {"name": "x"}},
    metrics=(Metric("accuracy", 0.95, "http://x/d"),),
    trained_on=("http://x/d",),
    job="h7x2k9b4m.1",
)
PROMISED = set(
    re.findall(
        r"\w+",
        """id key owner name version kind title description tags license creators visibility framework architecture
task status files inputs outputs verdict parameters created modified job""",
    )
)
VERDICT_PROMISED = {
    "outcome", "normalised", "max_abs", "max_rel", "rms", "cosine", "ulp", "label_mismatches", "shapes", "seed", "opset", "reason",
}  # fmt: skip


def test_the_record_has_the_members_that_are_promised():
    record = FULL.record()
    assert record.keys() >= PROMISED
    assert {"name", "format", "role", "size", "sha256", "url"} <= record["files"][0].keys()
    assert record["inputs"] == [{"name": "x", "dtype": "float32", "shape": ["batch", 13]}]
    assert record["verdict"].keys() == VERDICT_PROMISED
    assert record["verdict"]["ulp"] == {"p50": 1, "p99": 12, "max": 240}


def test_a_record_comes_back_from_json_as_the_same_artifact():
    assert Artifact.from_record(json.loads(json.dumps(FULL.record()))) == FULL


def test_a_record_of_the_bare_minimum_comes_back_too():
    bare = Artifact("http://x/ark:/1/k", "k", "ada", "m")
    assert Artifact.from_record(bare.record()) == bare


def test_members_that_a_newer_service_adds_are_ignored():
    record = FULL.record() | {"invented": 1}
    record["files"][0]["invented"] = 2
    assert Artifact.from_record(record) == FULL


def test_a_summary_is_part_of_the_record():
    assert FULL.summary() == {name: FULL.record()[name] for name in SUMMARY}


def test_a_job_comes_back_from_json_with_its_steps_and_verdict():
    step = Step(
        "verify", "succeeded", software=("onnx 1.23",), used=("a",), generated=("b",), verdict=VERDICT
    )
    job = Job("h7x2k9b4m.1", "running", steps=(Step("convert", "succeeded"), step))
    assert build(Job, json.loads(json.dumps(plain(job)))) == job
    assert job.key == "h7x2k9b4m"


def test_plain_shares_nothing_with_the_artifact():
    record = FULL.record()
    record["hyperparameters"]["hidden"] = 0
    record["tags"].append("more")
    assert (FULL.hyperparameters["hidden"], FULL.tags) == (128, ("seq2seq", "rnn"))


@pytest.mark.parametrize(
    "noun", [FULL, VERDICT, ORIGINAL, FULL.inputs[0], Job("a.1"), Step("s", "queued")], ids=type
)
def test_nouns_are_frozen(noun):
    with pytest.raises(FrozenInstanceError):
        setattr(noun, fields(noun)[0].name, "other")


def test_a_files_address_is_quoted_and_keeps_its_folders():
    odd = replace(ORIGINAL, name="a b/ü?#.pt2")
    assert FULL.url(odd) == "http://x/ark:/99999/h7x2k9b4m/files/a%20b/%C3%BC%3F%23.pt2"


def test_a_file_is_found_by_its_name():
    assert FULL.file("encoder.onnx") == CONVERTED
    assert FULL.file("missing") is None


@pytest.mark.parametrize(
    ("outcome", "files", "runnable"),
    [
        ("equal", (ORIGINAL, CONVERTED), CONVERTED),
        ("consistent", (replace(CONVERTED, role="original"),), replace(CONVERTED, role="original")),
        ("consistent", (replace(CONVERTED, name="old.onnx", role="original"), CONVERTED), CONVERTED),
        ("different", (ORIGINAL, replace(CONVERTED, role="evidence")), None),
        ("different", (ORIGINAL, CONVERTED), None),
        ("inconsistent", (replace(CONVERTED, role="original"),), None),
        ("none", (CONVERTED,), None),
        ("equal", (ORIGINAL, replace(CONVERTED, role="evidence")), None),
        ("equal", (ORIGINAL,), None),
    ],
)
def test_only_a_form_that_passed_its_proof_may_be_run(outcome, files, runnable):
    assert replace(FULL, verdict=Verdict(outcome), files=files).runnable == runnable


def test_without_a_verdict_nothing_may_be_run():
    assert replace(FULL, verdict=None).runnable is None
