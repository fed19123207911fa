import numpy as np
from onnx import helper, numpy_helper

from hpcfair_kg.models.smoke import smoke
from tests.onnx_files import INT64, linear, save, value


def test_a_form_is_run_on_its_smallest_inputs(tmp_path):
    found = smoke(linear(tmp_path / "m.onnx"), 7, None, [])
    assert found.reason is None
    assert found.inputs[0].shape == ("batch", 3)
    assert found.outputs[0].shape == ("batch", 2)
    assert found.detail.startswith("ran once on inputs x [1, 3] gave y [1, 2] in ")


def test_shapes_that_are_declared_wrong_are_put_right(tmp_path):
    node = helper.make_node("Shape", ["x"], ["y"])
    path = save(tmp_path / "m.onnx", [node], [value("x")], [value("y", INT64, (5,))])
    assert smoke(path, 7, None, []).outputs[0].shape == ("y_0",)


def test_a_form_that_wants_more_is_given_more(tmp_path):
    s = numpy_helper.from_array(np.array([-1, 32]), "s")
    node = helper.make_node("Reshape", ["x", "s"], ["y"])
    path = save(
        tmp_path / "m.onnx", [node], [value("x", shape=("n", "t"))], [value("y", shape=("m", 32))], [s]
    )
    assert smoke(path, 7, None, []).reason is None


def test_the_authors_rows_are_used_before_more_is_tried(tmp_path):
    node = helper.make_node("Reshape", ["x", "shape"], ["y"])
    inputs = [value("x", shape=(12345,)), value("shape", INT64, (2,))]
    path = save(tmp_path / "m.onnx", [node], inputs, [value("y", shape=("a", "b"))])
    sample = {"x": np.zeros(12345), "shape": np.array([5, 2469])}
    assert "gave y [5, 2469]" in smoke(path, 7, None, [sample]).detail
    assert smoke(path, 7, None, []).reason


def test_a_file_that_does_not_open_gives_the_reason(tmp_path):
    (tmp_path / "m.onnx").write_bytes(b"\x08\x08junk")
    assert smoke(tmp_path / "m.onnx", 7, None, []).reason
