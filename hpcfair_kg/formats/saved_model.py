"""A SavedModel read without TensorFlow: where its files lie, and the signatures in its protobuf.

The messages are those of tensorflow/core/protobuf/saved_model.proto and
meta_graph.proto, cut down to the fields that are read here.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path, PurePosixPath
from typing import Any

from hpcfair_kg.artifact import TensorSpec
from hpcfair_kg.errors import CorruptFile, UnknownFormat
from hpcfair_kg.formats import architecture
from hpcfair_kg.formats.architecture import Told
from hpcfair_kg.formats.archives import listing, member, unpack
from hpcfair_kg.formats.base import Bundle
from hpcfair_kg.formats.naming import axis_name

MODEL = "saved_model.pb"
DEFAULT = "serving_default"
DENSE = "MatMul"
"""TensorFlow's product of two matrices, a dense layer: an attention's has another name, with a batch."""
BELONGING = ("variables/", "assets/", "assets.extra/", "keras_metadata.pb", "fingerprint.pb", MODEL)
DTYPES = {
    1: "float32", 2: "float64", 3: "int32", 4: "uint8", 5: "int16", 6: "int8", 7: "string", 8: "complex64",
    9: "int64", 10: "bool", 14: "bfloat16", 17: "uint16", 19: "float16", 22: "uint32", 23: "uint64",
}  # fmt: skip
"""tensorflow/core/framework/types.proto."""
SCHEMA: Mapping[str, Mapping[str, tuple[int, str]]] = {
    "SavedModel": {"meta_graphs": (2, "*MetaGraph")},
    "MetaGraph": {"info": (1, "Info"), "graph": (2, "Graph"), "signatures": (5, "*NamedSignature")},
    "Info": {"tags": (4, "*string"), "tensorflow_version": (5, "string")},
    "Graph": {"nodes": (1, "*Node"), "library": (2, "Library")},
    "Library": {"functions": (1, "*Function")},
    "Function": {"nodes": (3, "*Node")},
    "Node": {"name": (1, "string"), "op": (2, "string")},
    "NamedSignature": {"key": (1, "string"), "value": (2, "Signature")},
    "Signature": {"inputs": (1, "*NamedTensor"), "outputs": (2, "*NamedTensor")},
    "NamedTensor": {"key": (1, "string"), "value": (2, "Tensor")},
    "Tensor": {"name": (1, "string"), "dtype": (2, "int32"), "shape": (3, "Shape")},
    "Shape": {"dims": (2, "*Dim"), "unknown_rank": (3, "bool")},
    "Dim": {"size": (1, "int64")},
}


@dataclass(frozen=True)
class Signature:
    """One signature: its tensors by the names that callers use."""

    name: str
    inputs: tuple[TensorSpec, ...]
    outputs: tuple[TensorSpec, ...]
    tensors: Mapping[str, str]
    tags: tuple[str, ...]

    @property
    def output_names(self) -> tuple[str, ...]:
        """The names of the outputs, in order."""
        return tuple(spec.name for spec in self.outputs)


@dataclass(frozen=True)
class Document:
    """What is read from saved_model.pb."""

    signatures: Mapping[str, Signature]
    version: str
    told: Told | None

    @property
    def usable(self) -> Mapping[str, Signature]:
        """The signatures that give something, without TensorFlow's own."""
        return {n: s for n, s in sorted(self.signatures.items()) if s.outputs and not n.startswith("__")}

    @property
    def chosen(self) -> Signature | None:
        """The signature that is served: serving_default, else the only one, else None."""
        only = next(iter(self.usable.values())) if len(self.usable) == 1 else None
        return self.usable.get(DEFAULT, only)

    @property
    def signature(self) -> Signature:
        """The signature that is served; raises `UnknownFormat` when it cannot be told."""
        if self.chosen is None:
            raise UnknownFormat(
                f"the SavedModel has no signature {DEFAULT!r} and not exactly one other "
                f"(there are: {', '.join(self.usable) or 'none'}): save it again with "
                f"signatures={{{DEFAULT!r}: your_function}}"
            )
        return self.chosen


@dataclass(frozen=True)
class SavedModelFiles:
    """Where a SavedModel lies: its folder, or the archive and the folder in it."""

    root: Path
    names: tuple[str, ...]
    inner: str
    packed: bool

    @contextmanager
    def folder(self) -> Iterator[Path]:
        """Give the folder that holds saved_model.pb, unpacked for as long as it is used."""
        if not self.packed:
            yield self.root / self.inner
            return
        with tempfile.TemporaryDirectory() as place:
            unpack(self.root / self.names[0], Path(place))
            yield Path(place) / self.inner

    def model(self) -> bytes:
        """Return what saved_model.pb holds, with nothing unpacked to a disk."""
        if not self.packed:
            return (self.root / self.inner / MODEL).read_bytes()
        return member(self.root / self.names[0], self.inner + MODEL)


def find(bundle: Bundle) -> SavedModelFiles | None:
    """Return the first SavedModel among the files; raise `CorruptFile` for one that lacks its parts."""
    for name in bundle.names:
        if is_model(name) and bundle.head(name, 2) == b"\x08\x01":
            return _in_folder(bundle, name.removesuffix(MODEL))
        inner = next((m for m in listing(bundle, name, (MODEL, "variables")) if is_model(m)), None)
        if inner is not None:
            return SavedModelFiles(bundle.root, (name,), inner.removesuffix(MODEL), packed=True)
    return None


def is_model(name: str) -> bool:
    """Tell whether a path is that of the protobuf that every SavedModel has."""
    return PurePosixPath(name).name == MODEL


def _in_folder(bundle: Bundle, folder: str) -> SavedModelFiles:
    names = tuple(n for n in bundle.names if n.startswith(tuple(folder + part for part in BELONGING)))
    variables = {n.removeprefix(folder) for n in names if n.startswith(f"{folder}variables/")}
    if ("variables/variables.index" in variables) != any(".data-" in n for n in variables):
        raise CorruptFile(
            f"{folder}{MODEL} lacks a part of its variables: upload the whole folder, with "
            "variables/variables.index and every variables/variables.data-… in it"
        )
    return SavedModelFiles(bundle.root, names, folder, packed=False)


def read(files: SavedModelFiles) -> Document:
    """Read the signatures; raise `CorruptFile` when the protobuf cannot be parsed."""
    from google.protobuf.message import DecodeError

    model = _messages()["SavedModel"]()
    try:
        model.ParseFromString(files.model())
    except DecodeError as exc:
        raise CorruptFile(f"{files.inner}{MODEL} is damaged or cut off: {exc}") from exc
    if not model.meta_graphs:
        raise CorruptFile(f"{files.inner}{MODEL} holds no graph")
    graph = next((g for g in model.meta_graphs if "serve" in g.info.tags), model.meta_graphs[0])
    functions = [node for function in graph.graph.library.functions for node in function.nodes]
    operators = [node.op for node in (*graph.graph.nodes, *functions) if node.op != DENSE]
    told = architecture.told(operators, f"operators of {MODEL}")
    signatures = {s.key: _signature(s, tuple(graph.info.tags)) for s in graph.signatures}
    return Document(signatures, graph.info.tensorflow_version or "of unknown version", told)


def _signature(entry: Any, tags: tuple[str, ...]) -> Signature:
    inputs = sorted(entry.value.inputs, key=lambda tensor: tensor.key)
    outputs = sorted(entry.value.outputs, key=lambda tensor: tensor.key)
    return Signature(
        entry.key,
        tuple(_spec(tensor) for tensor in inputs),
        tuple(_spec(tensor) for tensor in outputs),
        {tensor.key: tensor.value.name for tensor in (*inputs, *outputs)},
        tags,
    )


def _spec(tensor: Any) -> TensorSpec:
    sizes: Sequence[int] = [dim.size for dim in tensor.value.shape.dims]
    shape = tuple(axis_name(len(sizes), axis) if size < 0 else size for axis, size in enumerate(sizes))
    return TensorSpec(tensor.key, DTYPES.get(tensor.value.dtype, "unknown"), shape)


@cache
def _messages() -> Mapping[str, Any]:
    """Build the message classes of `SCHEMA`."""
    from google.protobuf import descriptor_pb2, descriptor_pool, message_factory

    file = descriptor_pb2.FileDescriptorProto(
        name="saved_model_signatures.proto", package="hpcfair", syntax="proto3"
    )
    field_type = descriptor_pb2.FieldDescriptorProto
    for message, members in SCHEMA.items():
        described = file.message_type.add(name=message)
        for name, (number, kind) in members.items():
            base = kind.removeprefix("*")
            field = described.field.add(name=name, number=number)
            field.label = field_type.LABEL_REPEATED if kind[0] == "*" else field_type.LABEL_OPTIONAL
            if base in SCHEMA:
                field.type, field.type_name = field_type.TYPE_MESSAGE, f".hpcfair.{base}"
            else:
                field.type = getattr(field_type, f"TYPE_{base.upper()}")
    pool = descriptor_pool.DescriptorPool()
    pool.Add(file)
    return {
        name: message_factory.GetMessageClass(pool.FindMessageTypeByName(f"hpcfair.{name}"))
        for name in SCHEMA
    }
