"""A multilayer perceptron, told from an ONNX graph: dense layers on one another, with activations between."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from hpcfair_kg.formats.flow import Flow

if TYPE_CHECKING:
    from onnx import NodeProto

DENSE = frozenset({"Gemm", "MatMul"})
ACTIVE = frozenset({
    "Celu", "Clip", "Elu", "Erf", "Gelu", "HardSigmoid", "HardSwish", "LeakyRelu", "Mish", "PRelu", "Relu",
    "Selu", "Sigmoid", "Softplus", "Softsign", "Swish", "Tanh", "ThresholdedRelu"
})  # fmt: skip
GATES = frozenset({"Div", "Mul", "Pow"})
INERT = frozenset({
    "Add", "ArgMax", "ArrayFeatureExtractor", "BatchNormalization", "Cast", "Concat", "Dropout", "Flatten",
    "Identity", "LayerNormalization", "LogSoftmax", "Neg", "Normalizer", "Reshape", "Scaler", "Softmax",
    "Squeeze", "Sub", "Unsqueeze", "ZipMap"
})  # fmt: skip
"""What may stand between, before and after the layers; what moves values about, such as Slice, is none of it."""


def perceptron(flow: Flow) -> Iterator[tuple[str, str]]:
    """Yield the class and what tells it, once for each dense layer, if the graph is one and nothing else.

    Each layer has weights of its own: the same ones again would be steps of a recurrence.
    """
    dense = [node for node in flow.live if node.op_type in DENSE]
    known = DENSE | ACTIVE | GATES | INERT
    if len(dense) < 2 or any(node.op_type not in known for node in flow.live):
        return
    weights = {name for node in dense for name in node.input[:2] if name not in flow.inputs(node)}
    if len(weights) != len(dense) or any(len(_factors(flow, node)) != 1 for node in dense):
        return
    if _gated(flow) or not _stacked(flow):
        return
    yield from (("MultilayerPerceptron", f"dense layers ({node.op_type})") for node in dense)


def _factors(flow: Flow, node: NodeProto) -> list[str]:
    return [name for name in flow.inputs(node) if name in node.input[:2]]


def _stacked(flow: Flow) -> bool:
    """Whether a dense layer reads another's values after an activation."""
    between = ACTIVE | GATES | INERT
    made = flow.after(lambda node: node.op_type in DENSE, between)
    active = flow.after(lambda node: node.op_type in ACTIVE and not made.isdisjoint(node.input), between)
    return any(node.op_type in DENSE and not active.isdisjoint(node.input) for node in flow.live)


def _gated(flow: Flow) -> bool:
    """Whether values of one origin scale those of another, as in the cell of a recurrent network.

    An activation that is written out, such as x · sigmoid(x), has one origin.
    """
    origin: dict[str, str] = {}
    for node in flow.live:
        sources = {origin.get(name, name) for name in flow.inputs(node)}
        if node.op_type in GATES and len(sources) > 1:
            return True
        passes = len(sources) == 1 and node.op_type not in DENSE
        origin.update({name: sources.copy().pop() if passes else name for name in node.output})
    return False
