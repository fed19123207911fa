import onnx
import pytest
from onnx import helper

from hpcfair_kg.artifact import TensorSpec
from hpcfair_kg.errors import CorruptFile
from hpcfair_kg.formats import graphs
from tests.onnx_files import FLOAT, INT64, STRING, linear, save, tree, value


def test_the_signature_keeps_symbols_and_names_what_has_none(tmp_path):
    node = helper.make_node("Identity", ["x"], ["y"])
    path = save(tmp_path / "m", [node], [value("x", shape=("n", None, 3))], [value("y", shape=(-1, None, 3))])
    inputs, outputs = graphs.signature(onnx.load(path).graph)
    assert inputs == (TensorSpec("x", "float32", ("n", "x_1", 3)),)
    assert outputs == (TensorSpec("y", "float32", ("y_0", "y_1", 3)),)


def test_weights_listed_as_inputs_are_none(tmp_path):
    w = helper.make_tensor("w", FLOAT, [3], [1, 2, 3])
    node = helper.make_node("Add", ["x", "w"], ["y"])
    path = save(tmp_path / "m", [node], [value("x"), value("w", shape=[3])], [value("y")], [w])
    assert [spec.name for spec in graphs.signature(onnx.load(path).graph)[0]] == ["x"]


def test_what_is_no_tensor_is_written_as_onnxruntime_does():
    text = helper.make_tensor_type_proto(STRING, None)
    floats = helper.make_tensor_type_proto(FLOAT, None)
    assert graphs.type_name(text) == "tensor(string)"
    kind = helper.make_sequence_type_proto(helper.make_map_type_proto(INT64, floats))
    assert graphs.type_name(kind) == "seq(map(int64,tensor(float)))"


def test_parameters_are_counted_in_weights_constants_and_trees(tmp_path):
    assert graphs.count(linear(tmp_path / "m")) == 6
    constant = helper.make_node("Constant", [], ["c"], value=helper.make_tensor("c", FLOAT, [4], [1] * 4))
    node = helper.make_node("Identity", ["c"], ["y"])
    assert graphs.count(save(tmp_path / "c", [constant, node], [], [value("y", shape=[4])])) == 4
    assert graphs.count(tree(tmp_path / "t", [None, 13])) == 5


def test_operators_that_nobody_has_are_named_and_functions_of_the_model_are_not(tmp_path):
    node = helper.make_node("Foo", ["x"], ["y"], domain="acme")
    path = save(tmp_path / "m", [node], [value("x")], [value("y")], domains=[("acme", 1)])
    model = onnx.load(path)
    assert graphs.foreign(model) == ("acme::Foo",)
    body = [helper.make_node("Relu", ["a"], ["b"])]
    model.functions.append(helper.make_function("acme", "Foo", ["a"], ["b"], body, model.opset_import))
    assert graphs.foreign(model) == ()


def test_an_operator_inside_a_branch_is_seen(tmp_path):
    def branch(kind, domain=""):
        node = helper.make_node(kind, ["x"], [kind], domain=domain)
        return helper.make_graph([node], kind, [], [value(kind)])

    node = helper.make_node("If", ["c"], ["y"], then_branch=branch("Relu"), else_branch=branch("Bar", "acme"))
    inputs = [value("x"), value("c", onnx.TensorProto.BOOL, [])]
    path = save(tmp_path / "m", [node], inputs, [value("y")], domains=[("acme", 1)])
    assert graphs.foreign(onnx.load(path)) == ("acme::Bar",)


def test_a_table_bounds_the_integers_that_index_it_through_casts_and_reshapes(tmp_path):
    table = helper.make_tensor("table", FLOAT, [11, 2], [0.0] * 22)
    shape = helper.make_tensor("shape", INT64, [1], [-1])
    nodes = [
        helper.make_node("Reshape", ["ids", "shape"], ["flat"]),
        helper.make_node("Cast", ["flat"], ["wide"], to=INT64),
        helper.make_node("Gather", ["table", "wide"], ["y"]),
    ]
    inputs = [value("ids", onnx.TensorProto.INT32, ("b", "t"))]
    path = save(tmp_path / "m", nodes, inputs, [value("y", shape=("n", 2))], [table, shape])
    assert graphs.tables(onnx.load(path)) == {"ids": 11}


@pytest.mark.parametrize(("declared", "seen"), [([None, 4], 4), ([None, 13], 13), ([None, None], "X_1")])
def test_what_a_tree_reads_is_told_against_what_is_declared(tmp_path, declared, seen):
    (read,) = graphs.reads(onnx.load(tree(tmp_path / "m", declared)))
    assert (read.input, read.count, read.declared) == ("X", 13, seen)


def test_features_of_leaves_do_not_count(tmp_path):
    (read,) = graphs.reads(onnx.load(tree(tmp_path / "m", [None, 4], feature=0)))
    assert read.count == 1


def test_a_damaged_message_is_corrupt(tmp_path):
    path = tmp_path / "m.onnx"
    path.write_bytes(linear(tmp_path / "good").read_bytes()[:-3])
    with pytest.raises(CorruptFile, match="damaged"):
        graphs.load(path)


def test_outside_weights_follow_a_renaming(tmp_path):
    path = linear(tmp_path / "a.onnx", save_as_external_data=True, location="a.onnx.data", size_threshold=0)
    path.rename(tmp_path / "b.onnx")
    (tmp_path / "a.onnx.data").rename(tmp_path / "b.onnx.data")
    graphs.relocate(tmp_path / "b.onnx", "a.onnx", "b.onnx")
    assert onnx.load(tmp_path / "b.onnx").graph.initializer[0].raw_data
