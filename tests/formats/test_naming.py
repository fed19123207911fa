"""Names in an ONNX file."""

from onnx import TensorProto, helper, load, save

from hpcfair_kg.formats.naming import axis_name, distinct, rename, renamed


def test_tensors_and_dimensions_are_renamed_also_in_branches(tmp_path):
    def value(name, *shape):
        return helper.make_tensor_value_info(name, TensorProto.FLOAT, shape)

    inner = helper.make_graph([helper.make_node("Neg", ["in_0"], ["n"])], "then", [], [value("n", "s0")])
    other = helper.make_graph([helper.make_node("Abs", ["in_0"], ["m"])], "else", [], [value("m", "s0")])
    chosen = helper.make_node("If", ["c"], ["out_0"], then_branch=inner, else_branch=other)
    condition = helper.make_tensor_value_info("c", TensorProto.BOOL, [])
    graph = helper.make_graph([chosen], "g", [value("in_0", "s0"), condition], [value("out_0", "2*s0")])
    save(helper.make_model(graph), tmp_path / "m.onnx")
    rename(tmp_path / "m.onnx", {"in_0": "x", "out_0": "y"}, {"s0": "batch"})
    graph = load(tmp_path / "m.onnx").graph
    assert [v.name for v in graph.input] == ["x", "c"]
    assert graph.output[0].name == graph.node[0].output[0] == "y"
    assert graph.output[0].type.tensor_type.shape.dim[0].dim_param == "2*batch"
    assert {a.g.node[0].input[0] for a in graph.node[0].attribute} == {"x"}


def test_words():
    assert renamed("2*s7 + s77", {"s7": "batch"}) == "2*batch + s77"
    assert distinct(["", "y", "y", "y"], "output") == ("output", "y", "y_1", "y_2")
    assert [axis_name(4, axis) for axis in range(4)] == ["batch", "height", "width", "channels"]
    assert axis_name(6, 5) == "dim_5"
