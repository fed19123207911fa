"""What an ONNX graph is made of: its operators, and the class of model that they tell for certain."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

from hpcfair_kg.formats import forests, graphs
from hpcfair_kg.formats.architecture import Told, agreed, listed
from hpcfair_kg.formats.flow import Flow
from hpcfair_kg.formats.perceptron import perceptron

if TYPE_CHECKING:
    from onnx import ModelProto, NodeProto

MOST_NAMES = 200
"""How many operators are named; of more the rarest are left out."""
LONGEST_NAME = 100
SIGNS: Mapping[str, str] = {
    "LSTM": "LongShortTermMemory",
    "DynamicQuantizeLSTM": "LongShortTermMemory",
    "GRU": "GatedRecurrentUnit",
    "RNN": "RecurrentNeuralNetwork",
    **dict.fromkeys(("SVMClassifier", "SVMRegressor"), "SupportVectorMachine"),
    **dict.fromkeys(
        ("Conv", "ConvInteger", "ConvTranspose", "DeformConv", "FusedConv", "QLinearConv"),
        "ConvolutionalNeuralNetwork",
    ),
    **dict.fromkeys(
        ("Attention", "DecoderMaskedMultiHeadAttention", "GroupQueryAttention", "MultiHeadAttention",
         "PackedAttention", "PackedMultiHeadAttention", "QAttention", "SparseAttention"),
        "Transformer",
    ),
}  # fmt: skip
"""Operators of ONNX and onnxruntime that each tell one class by their name."""
LOOPS = frozenset({"Loop", "Scan"})
"""What they repeat may be a recurrence, a search or a distance: a graph that has one tells no class."""
PASSING = frozenset({
    "Add", "Cast", "Clip", "Div", "Dropout", "Expand", "Identity", "Max", "Min", "Mul", "Reshape", "Squeeze",
    "Sub", "Tanh", "Transpose", "Unsqueeze", "Where"
})  # fmt: skip
"""Between the products of an attention stand a scale, a mask and changes of shape, and nothing else."""
PRODUCTS = frozenset({"Einsum", "FusedMatMul", "MatMul"})
ATTENTION = "MatMul–Softmax–MatMul"

Found = tuple[str | None, str]
"""A class, None where what was found could be of several, and the words for what tells it."""


def operators(model: ModelProto) -> dict[str, int]:
    """Return how often each operator stands in a model, by name, in inner graphs too.

    Operators that are not ONNX's own carry their domain in front, such as
    "ai.onnx.ml.Scaler"; what a model's functions consist of is counted where they are called.
    """
    counts = Counter(_name(node) for node in graphs.nodes(_inlined(model).graph))
    return dict(sorted(counts.most_common(MOST_NAMES)))


def told(model: ModelProto, file: str) -> Told | None:
    """Return the class of model that a graph tells, with the facts; None when it tells none or several."""
    model = _inlined(model)
    flow = Flow(model)
    names = {node.op_type for node in flow.nodes}
    if names & LOOPS or model.functions:
        return None
    found = Counter(_found(flow)) or Counter(perceptron(flow))
    if any(kind is None for kind, _ in found):
        return None
    architecture = agreed(str(kind) for kind, _ in found)
    if architecture is None:
        return None
    total = len(flow.nodes)
    facts = listed([f"{count} {words}" for (_, words), count in found.items()])
    return Told(architecture, f"{facts} among {total} operator{'s'[: total > 1]} of {file}")


def _found(flow: Flow) -> Iterator[Found]:
    """Yield what each telling node tells."""
    trees = [node for node in flow.nodes if node.op_type in graphs.TREES]
    if len(trees) > 1:
        yield None, "ensembles that are counted together"
    elif trees:
        yield forests.told(trees[0])
    for node in flow.nodes:
        if node.op_type in SIGNS and node.domain in graphs.STANDARD:
            yield SIGNS[node.op_type], node.op_type
        elif node.op_type in ("LinearClassifier", "LinearRegressor"):
            yield _linear(node)
    yield from (("Transformer", ATTENTION) for _ in _attentions(flow))


def _linear(node: NodeProto) -> Found:
    """Tell what follows a linear function: nothing, or what makes it a probability."""
    transform = next((a.s.decode() for a in node.attribute if a.name == "post_transform"), "NONE")
    if node.op_type == "LinearRegressor":
        return ("LinearRegressionModel" if transform == "NONE" else None), node.op_type
    logistic = transform in ("LOGISTIC", "SOFTMAX")
    return ("LogisticRegressionModel" if logistic else None), f"{node.op_type} with {transform}"


def _attentions(flow: Flow) -> list[NodeProto]:
    """Return each softmax that weighs, by a product of two values that are not fixed, the terms of another."""

    def product(node: NodeProto) -> bool:
        return node.op_type in PRODUCTS and len(flow.inputs(node)) == 2

    scores, weights = flow.after(product, PASSING), flow.before(product, PASSING)
    found = (node for node in flow.live if node.op_type == "Softmax")
    return [n for n in found if not scores.isdisjoint(n.input) and not weights.isdisjoint(n.output)]


def _name(node: NodeProto) -> str:
    own = node.domain in ("", "ai.onnx")
    return (node.op_type if own else f"{node.domain}.{node.op_type}")[:LONGEST_NAME]


def _inlined(model: ModelProto) -> ModelProto:
    """Return a model with its functions put where they are called; as it is where that cannot be."""
    if not model.functions:
        return model
    from onnx import checker, inliner

    try:
        return inliner.inline_local_functions(model)
    except (checker.ValidationError, RuntimeError, ValueError):
        return model
