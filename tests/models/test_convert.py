"""The whole path of one conversion: the ladder, the proof, the evidence, the answer."""

import json

import numpy as np
import onnx
import onnxruntime
import pytest

from hpcfair_kg.artifact import TensorSpec
from hpcfair_kg.formats.base import Bundle, Convertible, Reference
from hpcfair_kg.models import convert as module
from hpcfair_kg.models.convert import climb
from hpcfair_kg.models.steps import Steps
from hpcfair_kg.models.task import Task
from tests.onnx_files import converted, linear

GOOD, BAD, WORSE = (1, 2, 3, 4, 5, 6), (1, 2, 3, 4, 5, 7), (9, 9, 9, 9, 9, 9)


class Product(Reference):
    inputs = (TensorSpec("x", "float32", ("batch", 3)),)
    outputs = ("y",)

    def __call__(self, feeds):
        return [feeds["x"] @ np.array(GOOD, np.float32).reshape(3, 2)]


class Laddered(Convertible):
    """A format whose exporters write the weights that a test says, or raise."""

    name, family, needs = "laddered", "core", ("onnxruntime",)

    def __init__(self, *rungs, reference=Product):
        self.rungs, self._reference = rungs, reference

    def claims(self, bundle):
        return bundle.names

    def exporters(self, bundle, names, opset):
        for number, rung in enumerate(self.rungs):
            yield f"rung {number}", lambda path, rung=rung: self.write(rung, path)

    def write(self, rung, path):
        if isinstance(rung, Exception):
            raise rung
        linear(path, **rung) if isinstance(rung, dict) else linear(path, rung)

    def reference(self, bundle, names):
        return self._reference()


@pytest.fixture
def task(tmp_path):
    def made(plugin, opset=18):
        out = tmp_path / "out"
        out.mkdir()
        bundle = Bundle(tmp_path, ("m",))
        return Task(bundle, ("m",), plugin, out / "model.onnx", opset, 7, (), Steps(lambda event: None))

    return made


def names(task):
    return sorted(file.name for file in task.target.parent.iterdir())


def test_the_first_equal_form_ends_the_ladder(task):
    it = task(Laddered(RuntimeError("no such operator"), BAD, GOOD, WORSE))
    answer = climb(it)
    assert (answer.status, answer.reason, answer.verdict.outcome) == ("ready", None, "equal")
    assert names(it) == ["model.onnx"]
    told = [(step.name, step.state) for step in it.steps.done]
    assert told == [
        ("convert", "failed"),
        ("convert", "succeeded"),
        ("verify", "failed"),
        ("convert", "succeeded"),
        ("verify", "succeeded"),
        ("smoke", "succeeded"),
    ]
    assert it.steps.done[0].detail == "rung 0: no such operator"
    assert it.steps.done[2].verdict.outcome == "different"


def test_of_forms_that_fail_the_nearest_is_kept_as_evidence_and_never_as_a_form(task):
    it = task(Laddered(WORSE, BAD, WORSE))
    answer = climb(it)
    assert answer.status == "failed-proof"
    assert answer.verdict.outcome == "different"
    assert answer.reason == answer.verdict.reason
    assert names(it) == ["model.evidence.onnx"]
    assert [file["role"] for file in answer.files] == ["evidence"]
    weights = onnx.load(it.evidence).graph.initializer[0]
    assert onnx.numpy_helper.to_array(weights).ravel().tolist() == list(BAD)


def test_what_no_exporter_takes_is_not_convertible_with_every_reason(task):
    answer = climb(task(Laddered(RuntimeError("first"), KeyError("second"))))
    assert answer.status == "not-convertible"
    assert answer.reason == "rung 0: first\nrung 1: KeyError: 'second'"
    assert answer.files == ()


def test_an_original_that_does_not_load_is_not_convertible(task):
    def broken():
        raise ModuleNotFoundError("No module named 'mine'")

    it = task(Laddered(GOOD, reference=broken))
    answer = climb(it)
    assert answer.status == "not-convertible"
    assert "No module named 'mine'" in answer.reason
    assert it.steps.done[0].state == "failed"
    assert names(it) == []


def test_exporters_that_cannot_be_set_up_give_the_reason(task):
    class Broken(Laddered):
        def exporters(self, bundle, names, opset):
            raise ValueError("opset 3 is too old for me")
            yield

    assert climb(task(Broken())).reason == "opset 3 is too old for me"


def test_a_long_error_is_cut(task):
    answer = climb(task(Laddered(ValueError("x" * 1_000_000))))
    assert len(answer.reason.encode()) <= 2048


def test_weights_outside_the_file_follow_the_form(task):
    apart = {"save_as_external_data": True, "size_threshold": 0, "location": "model.onnx.data"}
    it = task(Laddered({"weights": GOOD} | apart))
    answer = climb(it)
    assert answer.status == "ready"
    assert [(f["name"], f["role"]) for f in answer.files] == [
        ("model.onnx", "converted"), ("model.onnx.data", "converted"),
    ]  # fmt: skip


def test_evidence_with_weights_outside_can_still_be_opened(task):
    apart = {"save_as_external_data": True, "size_threshold": 0, "location": "model.onnx.data"}
    it = task(Laddered({"weights": BAD} | apart))
    assert climb(it).status == "failed-proof"
    assert names(it) == ["model.evidence.onnx", "model.evidence.onnx.data"]
    onnxruntime.InferenceSession(str(it.evidence))


def test_another_opset_than_the_one_asked_for_is_told(task):
    answer = climb(task(Laddered(GOOD), opset=10))
    assert answer.opset == 18
    assert answer.notes == ("opset 10 was asked for; rung 0 made opset 18",)


def test_the_answer_is_json_and_each_change_is_told(tmp_path):
    events = []
    answer = converted(tmp_path, linear(tmp_path / "m.onnx"), events=events)
    assert json.loads(json.dumps(answer)) == answer
    assert {
        "files", "verdict", "steps", "inputs", "outputs", "parameters", "status", "reason", "opset", "notes",
        "operators", "architecture", "evidence",
    } == set(answer)  # fmt: skip
    assert [(e["event"], e["name"], e["state"]) for e in events] == [
        ("step", "verify", "running"),
        ("step", "verify", "succeeded"),
        ("step", "smoke", "running"),
        ("step", "smoke", "succeeded"),
    ]
    assert all(step["software"] and step["started"] <= step["ended"] for step in answer["steps"])


def test_samples_that_do_not_fit_are_told(tmp_path):
    np.save(tmp_path / "sample.npy", np.zeros((2, 5)))
    answer = converted(tmp_path, linear(tmp_path / "m.onnx"), tmp_path / "sample.npy")
    assert answer["status"] == "ready"
    assert any("not used in the proof: sample.npy has the shape [2, 5]" in note for note in answer["notes"])


def test_both_errands_are_found_where_the_hub_looks():
    assert callable(module.recognise)
    assert callable(module.convert)
