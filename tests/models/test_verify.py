"""The proof must catch conversions that succeed and are wrong."""

import numpy as np
import onnx
import pytest
from onnx import helper, numpy_helper

from hpcfair_kg.artifact import TensorSpec
from hpcfair_kg.formats.base import Reference
from hpcfair_kg.models.verify import consistent, proof, prove
from tests.onnx_files import FLOAT, INT64, linear, save, tree, value

W = np.arange(1, 7, dtype=np.float32).reshape(3, 2)


class Function(Reference):
    """An original that is a Python function of its inputs."""

    def __init__(self, call, inputs=None, outputs=("y",), labels=(), probes=()):
        self._call, self.outputs, self.labels = call, tuple(outputs), frozenset(labels)
        self.inputs = inputs or (TensorSpec("x", "float32", ("batch", 3)),)
        self._probes = probes

    def __call__(self, feeds):
        found = self._call(*feeds.values())
        return found if isinstance(found, list) else [found]

    def probes(self, seed):
        return self._probes


@pytest.fixture
def product():
    return Function(lambda x: x @ W)


def test_an_equal_form_is_equal_in_every_figure(tmp_path, product):
    verdict = prove(product, linear(tmp_path / "m.onnx"), seed=7)
    assert (verdict.outcome, verdict.reason, verdict.seed, verdict.opset) == ("equal", None, 7, 18)
    assert verdict.normalised < 1e-6
    assert verdict.cosine == pytest.approx(1.0)
    assert verdict.ulp.p50 <= verdict.ulp.p99 <= verdict.ulp.max
    assert verdict.label_mismatches == 0
    assert (1, 3) in verdict.shapes
    assert len(verdict.shapes) >= 3


def test_one_changed_weight_is_found(tmp_path, product):
    verdict = prove(product, linear(tmp_path / "m.onnx", [1, 2, 3, 4, 5, 6.01]), seed=7)
    assert verdict.outcome == "different"
    assert "output 'y' on" in verdict.reason
    assert "of its largest value; 0.0001 is allowed" in verdict.reason
    assert 1e-4 < verdict.normalised < 0.1


def test_swapped_outputs_are_found(tmp_path):
    nodes = [helper.make_node("Relu", ["x"], ["b"]), helper.make_node("Neg", ["x"], ["a"])]
    path = save(tmp_path / "m.onnx", nodes, [value("x")], [value("a"), value("b")])
    good = Function(lambda x: [-x, np.maximum(x, 0)], outputs=("a", "b"))
    swapped = Function(lambda x: [-x, np.maximum(x, 0)], outputs=("b", "a"))
    unnamed = Function(lambda x: [np.maximum(x, 0), -x], outputs=("first", "second"))
    assert prove(good, path, seed=1).outcome == "equal"
    assert prove(swapped, path, seed=1).outcome == "different"
    assert prove(unnamed, path, seed=1).outcome == "different"


def test_a_missing_output_is_found(tmp_path):
    reference = Function(lambda x: [x @ W, x], outputs=("y", "z"))
    verdict = prove(reference, linear(tmp_path / "m.onnx"), seed=1)
    assert verdict.outcome == "different"
    assert verdict.reason == "it gives 1 outputs where the original gives 2"


def test_a_baked_branch_is_found(tmp_path):
    """What the legacy exporter makes of `x if x.sum() > 0 else 2 * x`: one of the two."""
    path = save(tmp_path / "m.onnx", [helper.make_node("Identity", ["x"], ["y"])], [value("x")], [value("y")])
    verdict = prove(Function(lambda x: x if x.sum() > 0 else 2 * x), path, seed=3)
    assert verdict.outcome == "different"


def test_a_form_frozen_at_one_length_is_found(tmp_path):
    shape = numpy_helper.from_array(np.array([-1, 7, 3]), "shape")
    node = helper.make_node("Reshape", ["x", "shape"], ["y"])
    specs = ("batch", "length", 3)
    path = save(tmp_path / "m.onnx", [node], [value("x", shape=specs)], [value("y", shape=specs)], [shape])
    verdict = prove(Function(lambda x: x, (TensorSpec("x", "float32", specs),)), path, seed=1)
    assert verdict.outcome == "different"
    assert "the original runs and the form does not" in verdict.reason or "has the shape" in verdict.reason


def test_nans_must_be_where_the_originals_are(tmp_path):
    root = helper.make_node("Sqrt", ["x"], ["y"])
    path = save(tmp_path / "m.onnx", [root], [value("x")], [value("y")])
    with np.errstate(invalid="ignore"):
        assert prove(Function(np.sqrt), path, seed=1).outcome == "equal"
        verdict = prove(Function(lambda x: np.nan_to_num(np.sqrt(x))), path, seed=1)
    assert verdict.outcome == "different"
    assert "NaN" in verdict.reason


def test_a_float64_original_is_compared_fairly(tmp_path):
    verdict = prove(
        Function(lambda x: x.astype(float) @ W.astype(float)), linear(tmp_path / "m.onnx"), seed=1
    )
    assert verdict.outcome == "equal"
    assert verdict.ulp.p50 <= 1


def labelled(path, flip=0.0):
    """Label [batch] = argmax of scores, scores [batch, 3] = x, a little moved."""
    move = numpy_helper.from_array(np.array([0, 0, flip], np.float32), "move")
    nodes = [
        helper.make_node("Add", ["x", "move"], ["moved"]),
        helper.make_node("ArgMax", ["moved"], ["label"], axis=1, keepdims=0),
        helper.make_node("Identity", ["x"], ["scores"]),
    ]
    outputs = [value("label", INT64, ("batch",)), value("scores")]
    return save(path, nodes, [value("x")], outputs, [move])


def classifier():
    return Function(lambda x: [x.argmax(axis=1), x], outputs=("label", "scores"), labels=("label",))


def test_labels_must_be_equal(tmp_path):
    assert prove(classifier(), labelled(tmp_path / "a.onnx"), seed=1).outcome == "equal"
    verdict = prove(classifier(), labelled(tmp_path / "b.onnx", flip=0.5), seed=1)
    assert verdict.outcome == "different"
    assert verdict.label_mismatches > 0
    assert "values of 'label' differ on" in verdict.reason


def test_a_toss_up_is_no_mismatch_and_is_told(tmp_path):
    """On zeros all scores are equal, and the smallest rounding decides the label."""
    found = proof(classifier(), labelled(tmp_path / "m.onnx", flip=1e-7), 1)
    assert found.verdict.outcome == "equal"
    assert "labels fell differently" in found.notes[0]


def test_what_the_original_calls_hard_is_tried(tmp_path, product):
    hard = [{"x": np.full((1, 3), 1e30, np.float32)}]
    clipped = Function(lambda x: np.clip(x, -1e20, 1e20) @ W, probes=hard)
    verdict = prove(clipped, linear(tmp_path / "m.onnx"), seed=1)
    assert verdict.outcome == "different"
    assert "on probe inputs x [1, 3]" in verdict.reason


def test_the_authors_rows_are_tried(tmp_path, product):
    rows = [{"x": np.array([[1e4, 0, 0]])}]
    odd = Function(lambda x: np.where(x > 1e3, 0, x) @ W)
    assert prove(odd, linear(tmp_path / "m.onnx"), seed=1).outcome == "equal"
    verdict = prove(odd, linear(tmp_path / "m.onnx"), seed=1, samples=rows)
    assert verdict.outcome == "different"
    assert "on sample inputs x [1, 3]" in verdict.reason


def test_shapes_that_the_original_refuses_are_left_out(tmp_path):
    def wants_many(x):
        if len(x) < 5:
            raise ValueError("at least 5 rows")
        return x @ W

    verdict = prove(Function(wants_many), linear(tmp_path / "m.onnx"), seed=1)
    assert verdict.outcome == "equal"
    assert min(shape[0] for shape in verdict.shapes) >= 5


def test_an_original_that_runs_on_nothing_proves_nothing(tmp_path):
    def never(x):
        raise RuntimeError("needs a GPU")

    verdict = prove(Function(never), linear(tmp_path / "m.onnx"), seed=1)
    assert verdict.outcome == "none"
    assert "needs a GPU" in verdict.reason


def test_a_form_that_does_not_open_is_different(tmp_path, product):
    path = tmp_path / "m.onnx"
    path.write_bytes(b"\x08\x08junk")
    verdict = prove(product, path, seed=1)
    assert verdict.outcome == "different"
    assert verdict.reason


def test_an_input_that_the_form_dropped_is_not_needed(tmp_path):
    inputs = (TensorSpec("x", "float32", ("batch", 3)), TensorSpec("unused", "float32", ("batch",)))
    verdict = prove(Function(lambda x, unused: x @ W, inputs), linear(tmp_path / "m.onnx"), seed=1)
    assert verdict.outcome == "equal"


def test_half_precision_may_be_coarser(tmp_path):
    w = numpy_helper.from_array(np.ones((64, 2), np.float16), "w")
    node = helper.make_node("MatMul", ["x", "w"], ["y"])
    half = onnx.TensorProto.FLOAT16
    path = save(tmp_path / "m.onnx", [node], [value("x", half, ("b", 64))], [value("y", half, ("b", 2))], [w])
    inputs = (TensorSpec("x", "float16", ("b", 64)),)
    reference = Function(lambda x: x.astype(np.float32) @ np.ones((64, 2), np.float32), inputs)
    assert prove(reference, path, seed=1).outcome == "equal"


def test_consistent_is_the_verdict_on_what_came_as_onnx(tmp_path):
    assert consistent(linear(tmp_path / "a.onnx"), 1).outcome == "consistent"
    assert consistent(tree(tmp_path / "b.onnx", [None, 4]), 1).outcome == "inconsistent"


def test_the_names_are_used_where_they_agree(tmp_path):
    a = numpy_helper.from_array(np.array([2.0], np.float32), "two")
    node = helper.make_node("Mul", ["x", "two"], ["t"])
    last = helper.make_node("Sub", ["t", "z"], ["y"])
    path = save(tmp_path / "m.onnx", [node, last], [value("z"), value("x")], [value("y", FLOAT)], [a])
    inputs = (TensorSpec("x", "float32", ("batch", 3)), TensorSpec("z", "float32", ("batch", 3)))
    assert prove(Function(lambda x, z: 2 * x - z, inputs), path, seed=1).outcome == "equal"
