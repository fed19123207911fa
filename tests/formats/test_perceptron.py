"""Dense layers on one another, with activations between: and what only looks like it."""

import numpy as np
import onnx
import pytest
from onnx import numpy_helper

from hpcfair_kg.formats.flow import Flow
from hpcfair_kg.formats.perceptron import perceptron


def found(body):
    model = onnx.parser.parse_model(
        f'<ir_version: 8, opset_import: ["" : 18]> g (float[N, 2] x) => (float[N, 2] y) {{ {body} }}'
    )
    weights = [numpy_helper.from_array(np.full((2, 2), n, np.float32), f"w{n}") for n in range(4)]
    model.graph.initializer.extend(weights)
    return len(list(perceptron(Flow(model))))


@pytest.mark.parametrize(
    ("body", "layers"),
    [
        ("a = MatMul (x, w0) b = Relu (a) y = MatMul (b, w1)", 2),
        ("a = Gemm (x, w0) b = Tanh (a) c = Gemm (b, w1) d = Sigmoid (c) y = Gemm (d, w2)", 3),
        ("a = MatMul (x, w0) s = Sigmoid (a) b = Mul (a, s) y = MatMul (b, w1)", 2),
        ("a = MatMul (x, w0) b = Relu (a) c = MatMul (b, w1) d = Add (c, b) y = Softmax (d)", 2),
    ],
    ids=["relu", "three layers", "silu written out", "a layer that is skipped"],
)
def test_a_perceptron(body, layers):
    assert found(body) == layers


@pytest.mark.parametrize(
    "body",
    [
        "y = MatMul (x, w0)",
        "a = MatMul (x, w0) y = MatMul (a, w1)",
        "a = MatMul (x, w0) b = MatMul (x, w1) c = Add (a, b) y = Tanh (c)",
        "a = MatMul (x, w0) b = Tanh (a) c = MatMul (b, w0) d = Tanh (c) y = MatMul (d, w1)",
        "a = MatMul (x, w0) b = Relu (a) c = Transpose (b) y = MatMul (c, w1)",
        "a = MatMul (x, w0) i = Sigmoid (a) c = MatMul (x, w1) t = Tanh (c) h = Mul (i, t) y = MatMul (h, w2)",
        "a = MatMul (x, w0) b = Relu (a) c = MatMul (b, x) y = MatMul (c, w1)",
        "a = Relu (x) y = Add (a, x)",
    ],
    ids=["one layer", "no activation", "side by side", "the same weights again", "values moved about",
         "gates of a cell", "a product of values", "elementwise"],
)  # fmt: skip
def test_what_is_none(body):
    assert found(body) == 0
