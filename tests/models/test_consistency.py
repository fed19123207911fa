import numpy as np
import onnx
import pytest
from onnx import helper, numpy_helper

from hpcfair_kg.errors import NotRunnable
from hpcfair_kg.models.consistency import examine
from tests.onnx_files import FLOAT, INT64, linear, save, tree, value


def test_a_model_that_does_what_it_declares_is_consistent(tmp_path):
    found = examine(linear(tmp_path / "m.onnx"), seed=7)
    assert (found.verdict.outcome, found.verdict.reason, found.verdict.opset) == ("consistent", None, 18)
    assert (1, 3) in found.verdict.shapes
    assert found.notes == ()
    assert found.outputs[0].shape == ("batch", 2)


def test_4_features_declared_and_13_read_is_found(tmp_path):
    verdict = examine(tree(tmp_path / "m.onnx", [None, 4]), seed=7).verdict
    assert verdict.outcome == "inconsistent"
    assert "declared with 4 features" in verdict.reason
    assert "reads 13" in verdict.reason


def test_it_is_found_behind_what_keeps_the_shape(tmp_path):
    path = tree(tmp_path / "t.onnx", [None, 4])
    model = onnx.load(path)
    model.graph.node[0].input[0] = "scaled"
    scaler = helper.make_node("Scaler", ["X"], ["scaled"], domain="ai.onnx.ml", offset=[0.0], scale=[1.0])
    model.graph.node.insert(0, scaler)
    onnx.save(model, path)
    assert examine(path, seed=7).verdict.outcome == "inconsistent"


def test_a_tree_whose_features_are_left_open_gets_as_many_as_it_reads(tmp_path):
    verdict = examine(tree(tmp_path / "m.onnx", [None, None]), seed=7).verdict
    assert verdict.outcome == "consistent"
    assert {shape[1] for shape in verdict.shapes} == {13}


def test_a_model_that_runs_on_nothing_it_declares_is_inconsistent(tmp_path):
    nine = numpy_helper.from_array(np.array(9), "nine")
    node = helper.make_node("Gather", ["x", "nine"], ["y"], axis=1)
    path = save(tmp_path / "m.onnx", [node], [value("x")], [value("y", shape=("batch",))], [nine])
    verdict = examine(path, seed=7).verdict
    assert verdict.outcome == "inconsistent"
    assert "runs on no input of its declared signature" in verdict.reason
    assert "sample.npz" in verdict.reason


def test_a_model_that_throws_dice_is_inconsistent(tmp_path):
    node = helper.make_node("RandomNormalLike", ["x"], ["y"])
    verdict = examine(save(tmp_path / "m.onnx", [node], [value("x")], [value("y")]), seed=7).verdict
    assert verdict.outcome == "inconsistent"
    assert "'y' differs between two runs" in verdict.reason


def test_nan_is_the_same_as_nan(tmp_path):
    node = helper.make_node("Sqrt", ["x"], ["y"])
    path = save(tmp_path / "m.onnx", [node], [value("x")], [value("y")])
    assert examine(path, seed=7).verdict.outcome == "consistent"


def test_a_wrong_shape_of_an_output_is_told_and_put_right(tmp_path):
    """LightGBM's converter declares one label whatever the batch."""
    node = helper.make_node("ArgMax", ["x"], ["label"], axis=1, keepdims=0)
    path = save(tmp_path / "m.onnx", [node], [value("x")], [value("label", INT64, (1,))])
    found = examine(path, seed=7)
    assert found.verdict.outcome == "consistent"
    assert found.outputs[0].shape == ("label_0",)
    assert found.notes == ("output 'label' is declared as [1] and is ['label_0']",)


def test_sizes_that_it_declares_and_refuses_are_told(tmp_path):
    s = numpy_helper.from_array(np.array([-1, 32]), "s")
    node = helper.make_node("Reshape", ["x", "s"], ["y"])
    path = save(
        tmp_path / "m.onnx", [node], [value("x", shape=("n", "t"))], [value("y", shape=("m", 32))], [s]
    )
    found = examine(path, seed=7)
    assert found.verdict.outcome == "consistent"
    assert "declares more shapes than it takes" in found.notes[0]


def test_the_authors_rows_make_a_model_run_that_wants_special_inputs(tmp_path):
    """An assertion that no generated row meets: a Reshape to the number in the input."""
    node = helper.make_node("Reshape", ["x", "shape"], ["y"])
    inputs = [value("x", FLOAT, (12345,)), value("shape", INT64, (2,))]
    path = save(tmp_path / "m.onnx", [node], inputs, [value("y", shape=("a", "b"))])
    assert examine(path, seed=7).verdict.outcome == "inconsistent"
    sample = {"x": np.zeros(12345, np.float32), "shape": np.array([5, 2469])}
    found = examine(path, seed=7, samples=[sample])
    assert found.verdict.outcome == "consistent"


def test_a_declared_input_of_3_gb_is_not_made(tmp_path):
    node = helper.make_node("Relu", ["x"], ["y"])
    shape = (1, 30000, 25000)
    path = save(tmp_path / "m.onnx", [node], [value("x", shape=shape)], [value("y", shape=shape)])
    verdict = examine(path, seed=7).verdict
    assert verdict.outcome == "none"
    assert "take 3.0 GB a run" in verdict.reason


def test_a_model_of_sequences_is_described_and_not_run(tmp_path):
    kind = helper.make_tensor_sequence_value_info("x", FLOAT, None)
    node = helper.make_node("SequenceLength", ["x"], ["y"])
    verdict = examine(save(tmp_path / "m.onnx", [node], [kind], [value("y", INT64, [])]), seed=7).verdict
    assert verdict.outcome == "none"
    assert "seq(tensor(float))" in verdict.reason


def test_a_classifier_with_maps_is_run(tmp_path):
    zipmap = helper.make_node("ZipMap", ["x"], ["p"], domain="ai.onnx.ml", classlabels_int64s=[0, 1, 2])
    element = helper.make_map_type_proto(INT64, helper.make_tensor_type_proto(FLOAT, []))
    kind = helper.make_value_info("p", helper.make_sequence_type_proto(element))
    path = save(tmp_path / "m.onnx", [zipmap], [value("x")], [kind], domains=[("ai.onnx.ml", 1)])
    found = examine(path, seed=7)
    assert found.verdict.outcome == "consistent"
    assert found.outputs[0].dtype == "seq(map(int64,tensor(float)))"


def test_what_onnxruntime_does_not_open_is_not_runnable(tmp_path):
    node = helper.make_node("Sqrt", ["x"], ["y"])
    path = save(tmp_path / "m.onnx", [node], [value("x", INT64)], [value("y", INT64)])
    with pytest.raises(NotRunnable):
        examine(path, seed=7)
