import onnx
from onnx import helper

from hpcfair_kg.formats.tidy import tidy
from tests.onnx_files import INT64, STRING, linear, save, value


def versions(model):
    return [(entry.domain, entry.version) for entry in model.opset_import]


def test_operator_sets_are_listed_once_at_the_version_asked_for(tmp_path):
    model = onnx.load(linear(tmp_path / "m", opset=13))
    model.opset_import.append(helper.make_opsetid("", 13))
    model.opset_import.append(helper.make_opsetid("ai.onnx", 12))
    assert versions(tidy(model, 18)) == [("", 18)]


def test_a_newer_model_is_never_lowered(tmp_path):
    assert versions(tidy(onnx.load(linear(tmp_path / "m", opset=18)), 15)) == [("", 18)]


def test_what_cannot_be_raised_keeps_its_version(tmp_path):
    node = helper.make_node("Upsample", ["x", "s"], ["y"], mode="linear")
    inputs = [value("x", shape=(1, 1, 2, 2)), value("s", shape=(4,))]
    model = onnx.load(save(tmp_path / "m", [node], inputs, [value("y", shape=None)], opset=9))
    assert versions(tidy(model, 18))[0][1] in (9, 18)


def test_the_first_axis_is_the_batch(tmp_path):
    nodes = [helper.make_node("ArgMax", ["x"], ["label"], axis=1, keepdims=0)]
    model = onnx.load(
        save(tmp_path / "m", nodes, [value("x", shape=(None, 3))], [value("label", INT64, (1,))])
    )
    model = tidy(model, 18)
    assert model.graph.input[0].type.tensor_type.shape.dim[0].dim_param == "batch"
    assert model.graph.output[0].type.tensor_type.shape.dim[0].dim_param == "batch"


def test_a_fixed_batch_stays_fixed(tmp_path):
    node = helper.make_node("Relu", ["x"], ["y"])
    model = tidy(onnx.load(save(tmp_path / "m", [node], [value("x", shape=(4, 3))], [value("y")])), 18)
    assert model.graph.input[0].type.tensor_type.shape.dim[0].dim_value == 4


def test_outputs_get_other_names(tmp_path):
    model = tidy(onnx.load(linear(tmp_path / "m")), 18, {"y": "prediction"})
    onnx.checker.check_model(model, full_check=True)
    assert model.graph.output[0].name == "prediction"


def test_texts_are_lowered_by_a_locale_that_every_machine_has(tmp_path):
    node = helper.make_node("StringNormalizer", ["x"], ["y"], case_change_action="LOWER")
    specs = [value("x", STRING, (None,))], [value("y", STRING, (None,))]
    model = tidy(onnx.load(save(tmp_path / "m", [node], *specs)), 18)
    assert {a.name: a.s for a in model.graph.node[0].attribute}["locale"] == b"C.UTF-8"
