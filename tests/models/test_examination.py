import os

import onnx
from onnx import TensorProto, helper

from hpcfair_kg.models.examination import complaints
from tests.onnx_files import FLOAT, INT64, converted, linear, save, tree, value


def test_a_sound_model_is_ready_and_nothing_is_written(tmp_path):
    answer = converted(tmp_path, linear(tmp_path / "m.onnx"))
    assert (answer["status"], answer["verdict"]["outcome"]) == ("ready", "consistent")
    assert answer["files"] == []
    assert list((tmp_path / "out").iterdir()) == []
    assert (answer["parameters"], answer["opset"]) == (6, 18)


def test_4_features_declared_and_13_read_fails_its_proof(tmp_path):
    answer = converted(tmp_path, tree(tmp_path / "m.onnx", [None, 4]))
    assert (answer["status"], answer["verdict"]["outcome"]) == ("failed-proof", "inconsistent")
    assert "declared with 4 features" in answer["reason"]
    assert "reads 13" in answer["reason"]


def test_an_operator_of_a_domain_that_nobody_has_is_named(tmp_path):
    node = helper.make_node("Foo", ["x"], ["y"], domain="acme")
    path = save(tmp_path / "m.onnx", [node], [value("x")], [value("y")], domains=[("acme", 1)])
    answer = converted(tmp_path, path)
    assert answer["status"] == "not-convertible"
    assert "acme::Foo" in answer["reason"]
    assert answer["verdict"] is None
    assert answer["steps"][0]["state"] == "failed"


def test_a_graph_that_onnxruntime_refuses_is_not_convertible(tmp_path):
    node = helper.make_node("Sqrt", ["x"], ["y"])
    answer = converted(tmp_path, save(tmp_path / "m.onnx", [node], [value("x", INT64)], [value("y", INT64)]))
    assert answer["status"] == "not-convertible"
    assert "Sqrt" in answer["reason"]
    assert any(note.startswith("onnx.checker: ") for note in answer["notes"])


def test_a_complaint_about_a_model_that_runs_is_a_note(tmp_path):
    path = linear(tmp_path / "m.onnx")
    model = onnx.load(path)
    model.graph.name = ""
    path.write_bytes(model.SerializeToString())
    answer = converted(tmp_path, path)
    assert answer["status"] == "ready"
    assert any("onnx.checker: " in note and "'name' of 'graph'" in note for note in answer["notes"])


def old(path, opset=6):
    """Relu, then an addition that broadcasts as it did before opset 7."""
    b = helper.make_tensor("b", FLOAT, [3], [1.0, 2.0, 3.0])
    nodes = [
        helper.make_node("Relu", ["x"], ["r"]),
        helper.make_node("Add", ["r", "b"], ["y"], broadcast=1, axis=1),
    ]
    return save(path, nodes, [value("x", shape=(2, 3))], [value("y", shape=(2, 3))], [b], opset=opset)


def test_an_old_model_is_upgraded_and_proved(tmp_path):
    answer = converted(tmp_path, linear(tmp_path / "m.onnx", opset=6))
    assert (answer["status"], answer["verdict"]["outcome"], answer["opset"]) == ("ready", "equal", 18)
    assert answer["files"] == [{"name": "model.onnx", "role": "converted", "opset": 18}]
    assert onnx.load(tmp_path / "out" / "model.onnx").opset_import[0].version == 18


def test_an_old_model_that_no_longer_runs_is_upgraded_and_examined(tmp_path):
    answer = converted(tmp_path, old(tmp_path / "m.onnx"))
    assert (answer["status"], answer["opset"]) == ("ready", 18)
    assert answer["verdict"]["outcome"] in ("consistent", "equal")
    assert answer["files"][0]["role"] == "converted"


def test_weights_in_a_file_beside_it_are_read_though_the_box_sees_links(tmp_path):
    linear(tmp_path / "m.onnx", save_as_external_data=True, location="w.bin", size_threshold=0)
    folder = tmp_path / "in"
    folder.mkdir()
    for name in ("m.onnx", "w.bin"):
        os.link(tmp_path / name, folder / name)
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "elsewhere" / "w.bin").hardlink_to(folder / "w.bin")
    (folder / "w.bin").unlink()
    (folder / "w.bin").symlink_to(tmp_path / "elsewhere" / "w.bin")
    from hpcfair_kg.models.convert import convert, recognise

    names = ["m.onnx", "w.bin"]
    seen = recognise(str(folder), names, lambda event: None)
    assert seen["formats"] == {"m.onnx": "onnx", "w.bin": "onnx"}
    (tmp_path / "out").mkdir()
    answer = convert(
        folder=str(folder), names=names, claimed=seen["claimed"], format="onnx", out=str(tmp_path / "out"),
        stem="m", opset=18, seed=1, samples=[], emit=lambda event: None,
    )  # fmt: skip
    assert (answer["status"], answer["verdict"]["outcome"]) == ("ready", "consistent")
    assert list((tmp_path / "out").iterdir()) == []


def test_a_declared_input_of_3_gb_is_refused_with_the_reason(tmp_path):
    node = helper.make_node("Relu", ["x"], ["y"])
    shape = (1, 30000, 25000)
    path = save(tmp_path / "m.onnx", [node], [value("x", shape=shape)], [value("y", shape=shape)])
    answer = converted(tmp_path, path)
    assert (answer["status"], answer["verdict"]["outcome"]) == ("not-convertible", "none")
    assert "3.0 GB" in answer["reason"]


def test_a_tensor_too_large_to_make_ends_in_a_reason(tmp_path):
    shape = helper.make_tensor("shape", INT64, [2], [10**9, 10**6])
    nodes = [
        helper.make_node("ConstantOfShape", ["shape"], ["huge"]),
        helper.make_node("ReduceSum", ["huge"], ["total"], keepdims=0),
        helper.make_node("Add", ["x", "total"], ["y"]),
    ]
    answer = converted(tmp_path, save(tmp_path / "m.onnx", nodes, [value("x")], [value("y")], [shape]))
    assert answer["status"] in ("failed-proof", "not-convertible")
    assert answer["reason"]


def test_the_checker_has_nothing_against_a_good_model(tmp_path):
    assert complaints(linear(tmp_path / "m.onnx")) == ()
    assert complaints(save(tmp_path / "e.onnx", [], [value("x", TensorProto.FLOAT)], [value("y")]))
