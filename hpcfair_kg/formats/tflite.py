"""TensorFlow Lite: a graph with its weights in one FlatBuffer."""

from __future__ import annotations

import struct
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from math import prod
from pathlib import Path
from typing import ClassVar

import numpy as np

from hpcfair_kg.artifact import TensorSpec
from hpcfair_kg.errors import CorruptFile
from hpcfair_kg.formats import architecture
from hpcfair_kg.formats.base import Array, Bundle, Convertible, Exporter, Feeds, Inspection, Reference
from hpcfair_kg.formats.bounds import find_bounds
from hpcfair_kg.formats.flatbuffer import Table
from hpcfair_kg.formats.naming import axis_name, distinct
from hpcfair_kg.formats.tensorflow import PRELOAD
from hpcfair_kg.formats.tf2onnx_export import finish, handlers, nearest, refusals

DTYPES = (
    "float32", "float16", "int32", "uint8", "int64", "string", "bool", "int16", "complex64", "int8",
    "float64", "complex128", "uint64", "resource", "variant", "uint32", "uint16",
)  # fmt: skip
"""TensorType of tensorflow/compiler/mlir/lite/schema/schema.fbs, by number."""
OPERATORS = {
    3: "Conv2D", 4: "DepthwiseConv2D", 132: "Conv3D", 16: "LSTM", 44: "LSTM", 52: "LSTM", 24: "RNN", 35: "RNN", 46: "RNN",
    119: "While", 126: "BatchMatMul",
}  # fmt: skip
"""The BuiltinOperators that tell an architecture or may hide one; a dense layer, which every kind has, tells none."""


@dataclass(frozen=True)
class Lite:
    """What is read from the FlatBuffer: the first subgraph's signature under its public names."""

    inputs: tuple[TensorSpec, ...]
    outputs: tuple[TensorSpec, ...]
    tensors: Mapping[str, str]
    indices: Mapping[str, int]
    operators: tuple[str, ...]
    heights: tuple[int, ...]
    parameters: int


class TfLite(Convertible):
    """A .tflite model."""

    name: ClassVar[str] = "tflite"
    framework: ClassVar[str | None] = "tensorflow"
    media_type: ClassVar[str] = "application/octet-stream"
    rank: ClassVar[int] = 33
    extra: ClassVar[str] = "tensorflow"
    family: ClassVar[str] = "tensorflow"
    needs: ClassVar[tuple[str, ...]] = ("tensorflow", "tf2onnx")
    preload: ClassVar[tuple[str, ...]] = PRELOAD

    def claims(self, bundle: Bundle) -> tuple[str, ...]:
        """Return the FlatBuffers with the file identifier TFL3."""
        return tuple(name for name in bundle.names if bundle.head(name, 8)[4:] == b"TFL3")

    def inspect(self, bundle: Bundle, names: Sequence[str]) -> Inspection:
        """Read the first subgraph's signature and weights."""
        lite = read(bundle.path(names[0]))
        return Inspection(
            inputs=lite.inputs,
            outputs=lite.outputs,
            framework=self.framework,
            parameters=lite.parameters,
        ).recognised(architecture.told(lite.operators, f"operators of {names[0]}"), by_names=True)

    def exporters(self, bundle: Bundle, names: Sequence[str], opset: int) -> Iterable[tuple[str, Exporter]]:
        """Yield tf2onnx's reader of TensorFlow Lite."""
        path = bundle.path(names[0])
        yield "tf2onnx", partial(_export, path, read(path), opset)

    def reference(self, bundle: Bundle, names: Sequence[str]) -> Reference:
        """Load the model into TensorFlow Lite's interpreter."""
        path = bundle.path(names[0])
        lite = read(path)
        reference = InterpreterReference(path, lite)
        reference.bounds = find_bounds(reference, lite.heights, refusals())
        return reference


class InterpreterReference(Reference):
    """A model in TensorFlow Lite's own interpreter."""

    def __init__(self, path: Path, lite: Lite) -> None:
        import tensorflow as tf

        self.interpreter = tf.lite.Interpreter(model_path=str(path), num_threads=1)
        self.inputs = lite.inputs
        self.outputs = tuple(spec.name for spec in lite.outputs)
        self.indices = lite.indices

    def __call__(self, feeds: Feeds) -> Sequence[Array]:
        """Return the outputs; tensors are allocated anew for each shape."""
        for spec in self.inputs:
            if any(isinstance(size, str) for size in spec.shape):
                self.interpreter.resize_tensor_input(self.indices[spec.name], feeds[spec.name].shape)
        self.interpreter.allocate_tensors()
        for spec in self.inputs:
            self.interpreter.set_tensor(self.indices[spec.name], np.ascontiguousarray(feeds[spec.name]))
        self.interpreter.invoke()
        return [np.array(self.interpreter.get_tensor(self.indices[name])) for name in self.outputs]


def read(path: Path) -> Lite:
    """Read the signature of a .tflite file; raise `CorruptFile` for what cannot be read."""
    try:
        return _read(path.read_bytes())
    except (struct.error, IndexError, ValueError, OverflowError) as exc:
        raise CorruptFile(f"{path.name} begins as TensorFlow Lite and is damaged or cut off: {exc}") from exc


def _read(data: bytes) -> Lite:
    model = Table.root(data)
    for buffer in model.tables(4):
        start, size = buffer.span(0)
        if start + size > len(data):
            raise ValueError(f"a weight reaches to byte {start + size} of {len(data)}")
    graph = model.tables(2)[0]
    tensors = graph.tables(0)
    signature = model.tables(7)[:1]
    named = [
        {entry.integer(1, "I"): entry.string(0) for entry in (signature[0].tables(side) if signature else ())}
        for side in (0, 1)
    ]
    inputs, outputs = (
        _specs(tensors, graph.integers(side), names) for side, names in zip((1, 2), named, strict=True)
    )
    places = {**dict(zip((s.name for s in inputs), graph.integers(1), strict=True))}
    places |= dict(zip((s.name for s in outputs), graph.integers(2), strict=True))
    weights = [t.integers(0) for t in tensors if _stored(model, t)]
    return Lite(
        inputs,
        outputs,
        {tensors[index].string(3): name for name, index in places.items()},
        places,
        tuple(filter(None, map(_operator, model.tables(1)))),
        tuple(shape[0] for shape in weights if len(shape) == 2),
        sum(prod(shape) for shape in weights),
    )


def _specs(
    tensors: Sequence[Table], indices: Sequence[int], names: Mapping[int, str]
) -> tuple[TensorSpec, ...]:
    """Return the tensors at some places, under the signature's names where it has them."""
    plain = (names.get(index) or tensors[index].string(3).removesuffix(":0") for index in indices)
    return tuple(
        TensorSpec(name, DTYPES[tensors[index].integer(1, "b")], _shape(tensors[index]))
        for name, index in zip(distinct(plain, "tensor"), indices, strict=True)
    )


def _shape(tensor: Table) -> tuple[int | str, ...]:
    """Return a tensor's shape; its "shape_signature" has -1 for what is free."""
    sizes = tensor.integers(7) or tensor.integers(0)
    return tuple(axis_name(len(sizes), axis) if n < 0 else n for axis, n in enumerate(sizes))


def _stored(model: Table, tensor: Table) -> bool:
    """Tell whether a tensor is a weight: floating-point, and with bytes in the file."""
    return tensor.integer(1, "b") in (0, 1) and model.tables(4)[tensor.integer(2, "I")].span(0)[1] > 0


def _operator(code: Table) -> str:
    return OPERATORS.get(max(code.integer(0, "b"), code.integer(3)), "")


def _export(path: Path, lite: Lite, opset: int, out: Path) -> None:
    import tf2onnx

    model, _ = tf2onnx.convert.from_tflite(str(path), opset=nearest(opset), custom_op_handlers=handlers())
    finish(model, lite.tensors, lite.inputs, out)


PLUGINS = (TfLite(),)
