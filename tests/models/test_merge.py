import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper

from hpcfair_kg.errors import NotRunnable
from hpcfair_kg.models import infer
from hpcfair_kg.models.chain import Part
from hpcfair_kg.models.merge import merge
from hpcfair_kg.models.wiring import wire

F, D, I64 = TensorProto.FLOAT, TensorProto.DOUBLE, TensorProto.INT64


def value(name, kind, shape):
    return helper.make_tensor_value_info(name, kind, shape)


@pytest.fixture
def make(tmp_path):
    def save(name, nodes, inputs, outputs, opset=18, weights=(), ir=8, domains=(), stale=()):
        graph = helper.make_graph(nodes, name, inputs, outputs, weights, value_info=stale)
        imports = [helper.make_opsetid("", opset), *(helper.make_opsetid(d, v) for d, v in domains)]
        path = tmp_path / f"{name}.onnx"
        onnx.save(helper.make_model(graph, opset_imports=imports, ir_version=ir), path)
        return Part.open(name, path)

    return save


@pytest.fixture
def encoder(make):
    """x [batch, time, 3] -> the mean over time, and x itself, with a stale shape and a doubled import inside."""
    nodes = [
        helper.make_node("ReduceMean", ["x", "axes"], ["h"], keepdims=0),
        helper.make_node("Identity", ["x"], ["copy"]),
    ]
    return make(
        "encoder",
        nodes,
        [value("x", F, ["batch", "time", 3])],
        [value("h", F, ["batch", 3]), value("copy", F, ["batch", 8, 3])],
        opset=20,
        ir=10,
        weights=[helper.make_tensor("axes", I64, [1], [1])],
        domains=[("", 20)],
    )


def decoder(make, **options):
    """y = exp(state @ w), in names that the encoder has too."""
    nodes = [helper.make_node("MatMul", ["x", "w"], ["h"]), helper.make_node("Exp", ["h"], ["y"])]
    weights = [helper.make_tensor("w", F, [3, 2], [0.1, 0.2, 0.3, 0.4, 0.5, 0.6])]
    return make(
        "decoder", nodes, [value("x", F, ["n", 3])], [value("y", F, ["n", 2])], weights=weights, **options
    )


def test_models_of_different_opsets_become_one_that_is_equal(make, encoder, tmp_path):
    chain = wire([encoder, decoder(make, opset=13, ir=7)])
    path = tmp_path / "merged.onnx"
    verdict = merge(chain, path, seed=7)
    assert verdict.outcome == "equal"
    assert verdict.max_abs == 0
    assert verdict.opset == 20
    assert len(verdict.shapes) >= 3
    inputs, outputs = infer.signature(path)
    assert [(spec.name, spec.shape) for spec in inputs] == [("x", ("batch", "time", 3))]
    assert [spec.name for spec in outputs] == ["y"]
    model = onnx.load(path)
    assert [(entry.domain, entry.version) for entry in model.opset_import] == [("", 20)]
    onnx.checker.check_model(model, full_check=True)
    x = np.random.default_rng(1).normal(size=(4, 9, 3)).astype(np.float32)
    np.testing.assert_array_equal(infer.run(infer.load(path), {"x": x})["y"], chain.run({"x": x})["y"])


def test_three_parts_one_output_used_twice_and_a_column_for_two(make, tmp_path):
    ends = [value("a", F, ["n", 2])]
    first = make("first", [helper.make_node("Neg", ["x"], ["a"])], [value("x", F, ["n", 2])], ends)
    second = make(
        "second",
        [helper.make_node("Mul", ["a", "scale"], ["b"])],
        [*ends, value("scale", F, ["n", 2])],
        [value("b", F, ["n", 2])],
    )
    nodes = [helper.make_node("Sum", ["a", "b", "scale"], ["y"])]
    third = make(
        "third",
        nodes,
        [*ends, value("b", F, ["n", 2]), value("scale", F, ["n", 2])],
        [value("y", F, ["n", 2])],
    )
    chain = wire([first, second, third], ["x", "scale"])
    assert merge(chain, tmp_path / "m.onnx", seed=7).outcome == "equal"
    feeds = {"x": np.float32([[1, 2]]), "scale": np.float32([[10, 10]])}
    assert infer.run(infer.load(tmp_path / "m.onnx"), feeds)["y"].tolist() == [[-1 - 10 + 10, -2 - 20 + 10]]


def test_an_output_named_as_an_input_is_renamed(make, tmp_path):
    first = make("f", [helper.make_node("Neg", ["x"], ["h"])], [value("x", F, ["n"])], [value("h", F, ["n"])])
    last = make("l", [helper.make_node("Abs", ["h"], ["x"])], [value("h", F, ["n"])], [value("x", F, ["n"])])
    assert merge(wire([first, last]), tmp_path / "m.onnx", seed=7).outcome == "equal"
    assert infer.signature(tmp_path / "m.onnx")[1][0].name == "x_out"


def test_branches_inside_nodes_are_joined_too(make, encoder, tmp_path):
    out = [value("r", F, None)]
    then = helper.make_graph([helper.make_node("Exp", ["h"], ["r"])], "then", [], out)
    other = helper.make_graph([helper.make_node("Neg", ["h"], ["r"])], "else", [], out)
    nodes = [
        helper.make_node("ReduceSum", ["h"], ["total"], keepdims=0),
        helper.make_node("Greater", ["total", "zero"], ["positive"]),
        helper.make_node("If", ["positive"], ["y"], then_branch=then, else_branch=other),
    ]
    weights = [helper.make_tensor("zero", F, [], [0])]
    branching = make("branch", nodes, [value("h", F, ["n", 3])], [value("y", F, ["n", 3])], weights=weights)
    assert merge(wire([encoder, branching]), tmp_path / "m.onnx", seed=7).max_abs == 0


def test_graphs_that_do_not_join_say_why(make, tmp_path):
    first = make(
        "f", [helper.make_node("Neg", ["x"], ["h"])], [value("x", D, ["n", 3])], [value("h", D, ["n", 3])]
    )
    last = make(
        "l", [helper.make_node("Abs", ["h"], ["y"])], [value("h", F, ["n", 3])], [value("y", F, ["n", 3])]
    )
    chain = wire([first, last])
    assert chain.run({"x": np.array([[1.0, 2.0, 3.0]])})["y"].tolist() == [[1, 2, 3]]
    with pytest.raises(
        NotRunnable, match=r"run as a chain and are not merged into one file: .*type"
    ) as caught:
        merge(chain, tmp_path / "m.onnx", seed=7)
    assert caught.value.members["reason"]
    assert not (tmp_path / "m.onnx").exists()


def test_other_domains_of_other_versions_are_not_merged(make, encoder, tmp_path):
    last = decoder(make, domains=[("ai.onnx.ml", 1)])
    scaler = make(
        "scaler",
        [helper.make_node("Scaler", ["x"], ["x_scaled"], domain="ai.onnx.ml", offset=[0.0], scale=[1.0])],
        [value("x", F, ["n", 3])],
        [value("x_scaled", F, ["n", 3])],
        domains=[("ai.onnx.ml", 3)],
    )
    with pytest.raises(NotRunnable, match="operator set"):
        merge(wire([scaler, last]), tmp_path / "m.onnx", seed=7)
