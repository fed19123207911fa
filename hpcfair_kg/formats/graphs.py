"""What an ONNX graph says of itself: signature, weights, tables, and what its nodes really read.

The names are those of onnx.proto; nothing here runs a model.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from math import prod
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from hpcfair_kg.artifact import Dimension, TensorSpec
from hpcfair_kg.errors import CorruptFile

if TYPE_CHECKING:
    from onnx import GraphProto, ModelProto, NodeProto, TensorProto, TypeProto, ValueInfoProto

ML = "ai.onnx.ml"
STANDARD = frozenset(
    {
        "",
        "ai.onnx",
        ML,
        "ai.onnx.training",
        "ai.onnx.preview.training",
        "com.microsoft",
        "com.microsoft.nchwc",
    }
)
"""The operator domains that onnxruntime brings."""
TREES = frozenset(("TreeEnsembleRegressor", "TreeEnsembleClassifier", "TreeEnsemble"))
_SAME_VALUES = frozenset(
    {"Cast", "Identity", "Reshape", "Unsqueeze", "Squeeze", "Flatten", "Transpose", "Clip", "Expand"}
)
"""Operators whose output holds the values of their first input."""
_SAME_SHAPE = frozenset({"Cast", "Identity", "Scaler", "Imputer", "Normalizer", "Clip"})
"""Operators whose output has the shape of their first input."""


@dataclass(frozen=True, slots=True)
class Read:
    """A node reads features 0 to `count` - 1 of the model's input `input`, which declares `declared`."""

    operator: str
    input: str
    count: int
    declared: Dimension | None


def load(path: Path) -> ModelProto:
    """Parse an ONNX file without the weights that lie outside it; raises `CorruptFile`."""
    import onnx
    from google.protobuf.message import DecodeError

    try:
        return onnx.load(path, load_external_data=False)
    except DecodeError as exc:
        raise CorruptFile(
            f"{path.name} is ONNX and damaged: its protobuf message cannot be parsed; send the whole file"
        ) from exc


def nodes(graph: GraphProto) -> Iterator[NodeProto]:
    """Yield the nodes of a graph and of the graphs inside them."""
    for node in graph.node:
        yield node
        for attribute in node.attribute:
            for inner in (attribute.g, *attribute.graphs):
                yield from nodes(inner)


def weights(model: ModelProto) -> Iterator[TensorProto]:
    """Yield the tensors that a model holds: initialisers and constants, also of inner graphs."""
    graphs = [model.graph]
    while graphs:
        graph = graphs.pop()
        yield from graph.initializer
        for node in graph.node:
            for attribute in node.attribute:
                graphs.extend((attribute.g, *attribute.graphs) if attribute.type in (5, 10) else ())
                if node.op_type == "Constant" and attribute.name == "value":
                    yield attribute.t


def signature(graph: GraphProto) -> tuple[tuple[TensorSpec, ...], tuple[TensorSpec, ...]]:
    """Return the declared inputs, without those that are weights, and outputs."""
    held = {tensor.name for tensor in graph.initializer}
    inputs = tuple(spec(value) for value in graph.input if value.name not in held)
    return inputs, tuple(spec(value) for value in graph.output)


def spec(value: ValueInfoProto) -> TensorSpec:
    """Return one declared input or output; a dimension without a name gets "{tensor}_{axis}"."""
    kind = value.type
    if kind.WhichOneof("value") != "tensor_type":
        return TensorSpec(value.name, type_name(kind))
    dimensions: list[Dimension] = []
    for axis, dimension in enumerate(kind.tensor_type.shape.dim):
        size = dimension.dim_value if dimension.HasField("dim_value") and dimension.dim_value >= 0 else None
        dimensions.append(dimension.dim_param or f"{value.name}_{axis}" if size is None else size)
    return TensorSpec(value.name, element_name(kind.tensor_type.elem_type), tuple(dimensions))


def element_name(element: int) -> str:
    """Return NumPy's name of an ONNX element type; "undefined" for none."""
    from onnx import TensorProto, helper

    if element == TensorProto.STRING:
        return "string"
    try:
        return str(np.dtype(helper.tensor_dtype_to_np_dtype(element)).name)
    except KeyError:
        return "undefined"


def type_name(kind: TypeProto) -> str:
    """Return the type of what is no tensor as onnxruntime writes it: "seq(map(int64,tensor(float)))"."""
    which = kind.WhichOneof("value")
    if which == "tensor_type":
        name = element_name(kind.tensor_type.elem_type)
        return f"tensor({ {'float32': 'float', 'float64': 'double'}.get(name, name) })"
    if which == "sequence_type":
        return f"seq({type_name(kind.sequence_type.elem_type)})"
    if which == "map_type":
        return f"map({element_name(kind.map_type.key_type)},{type_name(kind.map_type.value_type)})"
    return f"optional({type_name(kind.optional_type.elem_type)})" if which == "optional_type" else "undefined"


def opset(model: ModelProto) -> int | None:
    """Return the version of the default operator set, or None for a model that uses none of it."""
    versions = [entry.version for entry in model.opset_import if entry.domain in ("", "ai.onnx")]
    return max(versions, default=None)


def parameters(model: ModelProto) -> int:
    """Return the number of floating-point values that a model learned: weights, coefficients, thresholds."""
    learned: int = sum(
        prod(t.dims) for t in weights(model) if t.dims and element_name(t.data_type).startswith(_FLOATS)
    )
    for node in nodes(model.graph):
        if node.domain == ML:
            learned += sum(
                len(a.floats) + prod(a.t.dims or (0,)) for a in node.attribute if a.name not in _FACTS
            )
    return learned


_FLOATS = ("float", "bfloat", "double")
_FACTS = frozenset({"nodes_hitrates", "class_ids", "kernel_params"})


def foreign(model: ModelProto) -> tuple[str, ...]:
    """Return the operators, as domain::name, that neither onnxruntime nor the model itself brings."""
    own = {(function.domain, function.name) for function in model.functions}
    used = {(node.domain, node.op_type) for node in nodes(model.graph)}
    return tuple(sorted(f"{domain}::{name}" for domain, name in used - own if domain not in STANDARD))


def tables(model: ModelProto) -> Mapping[str, int]:
    """Return, for the integer inputs that index a table of weights, the number of its rows.

    Indices are followed back from each Gather through what keeps their values.
    """
    shapes = {tensor.name: tuple(tensor.dims) for tensor in weights(model)}
    makers = {output: node for node in nodes(model.graph) for output in node.output}
    names = {value.name for value in model.graph.input}
    found: dict[str, int] = {}
    for node in nodes(model.graph):
        if node.op_type == "Gather":
            table = shapes.get(_origin(node.input[0], makers, _DEQUANTISED))
            index = _origin(node.input[1], makers, _SAME_VALUES)
            axis = next((a.i for a in node.attribute if a.name == "axis"), 0)
            if table and index in names and -len(table) <= axis < len(table):
                found[index] = min(found.get(index, table[axis]), table[axis])
    return found


_DEQUANTISED = frozenset({"Cast", "Identity", "DequantizeLinear"})


def _origin(name: str, makers: Mapping[str, NodeProto], through: frozenset[str]) -> str:
    seen = set()
    while name in makers and name not in seen and makers[name].op_type in through:
        seen.add(name)
        name = makers[name].input[0]
    return name


def reads(model: ModelProto) -> tuple[Read, ...]:
    """Return what the tree ensembles read of the model's inputs, against what those declare.

    An input is found through operators that keep its shape; a tree behind
    anything else reads no input directly.
    """
    declared = {value.name: spec(value).shape for value in model.graph.input}
    makers = {output: node for node in nodes(model.graph) for output in node.output}
    found = []
    for node in nodes(model.graph):
        count = _features(node) if node.op_type in TREES and node.domain == ML else 0
        source = _origin(node.input[0], makers, _SAME_SHAPE) if count else ""
        if source in declared:
            shape = declared[source]
            found.append(Read(node.op_type, source, count, shape[-1] if shape else None))
    return tuple(found)


def _features(node: NodeProto) -> int:
    """Return one more than the highest feature that a branch of a tree ensemble tests."""
    values = {a.name: a for a in node.attribute}
    if "nodes_featureids" not in values:
        return 0
    features = list(values["nodes_featureids"].ints)
    if "nodes_modes" in values and values["nodes_modes"].strings:
        modes = values["nodes_modes"].strings
        features = [f for f, mode in zip(features, modes, strict=False) if mode != b"LEAF"]
    return max(features, default=-1) + 1


def count(path: Path) -> int:
    """Return the number of parameters of an ONNX file."""
    return parameters(load(path))


def relocate(path: Path, old: str, new: str) -> None:
    """Let an ONNX file find its outside weights after a renaming: what began with `old` begins with `new`."""
    import onnx

    model = load(path)
    for tensor in weights(model):
        for entry in tensor.external_data:
            if entry.key == "location":
                entry.value = new + entry.value.removeprefix(old)
    onnx.save(model, path)
