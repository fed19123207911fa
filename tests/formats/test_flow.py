"""What depends on a graph's inputs, and what stands before and after a node."""

import onnx

from hpcfair_kg.formats.flow import Flow


def flow(body):
    model = onnx.parser.parse_model(f'<ir_version: 8, opset_import: ["" : 18]> {body}')
    return Flow(model)


def node(found, operator):
    return next(n for n in found.nodes if n.op_type == operator)


def test_what_weights_constants_and_sizes_give_is_fixed():
    found = flow(
        """g (float[N, 3] x) => (float[N, 3] y) <float[3, 3] w = {1, 0, 0, 0, 1, 0, 0, 0, 1}> {
            turned = Transpose (w)
            half = Constant <value = float {0.5}> ()
            size = Shape (x)
            flat = Cast <to = 1> (size)
            product = MatMul (x, turned)
            y = Mul (product, half)
        }"""
    )
    assert [n.op_type for n in found.live] == ["MatMul", "Mul"]
    assert found.inputs(node(found, "MatMul")) == ["x"]


def test_an_inner_graph_is_part_of_what_flows():
    found = flow(
        """g (bool b, float[3] x) => (float[3] y) {
            y = If (b) <then_branch = one () => (float[3] p) { p = Relu (x) },
                        else_branch = two () => (float[3] q) { q = Neg (x) }>
        }"""
    )
    assert {n.op_type for n in found.live} == {"If", "Relu", "Neg"}


def test_what_only_passes_values_on_is_looked_through():
    found = flow(
        """g (float[3] x) => (float[3] y) {
            a = Relu (x)
            b = Identity (a)
            c = Sigmoid (b)
            d = Identity (c)
            y = Tanh (d)
        }"""
    )
    passing = frozenset({"Identity"})
    assert found.after(lambda n: n.op_type == "Relu", passing) == {"a", "b"}
    assert found.before(lambda n: n.op_type == "Tanh", passing) == {"c", "d"}
    assert found.before(lambda n: n.op_type == "Tanh", frozenset()) == {"d"}
