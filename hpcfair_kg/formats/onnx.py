"""ONNX, recognised by the fields of its protobuf message whatever the file is called."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from math import prod
from pathlib import Path, PurePosixPath
from typing import IO, TYPE_CHECKING, Any, ClassVar

from hpcfair_kg.artifact import TensorSpec
from hpcfair_kg.errors import CorruptFile
from hpcfair_kg.formats import anatomy, graphs
from hpcfair_kg.formats.base import Array, Bundle, Convertible, Exporter, Feeds, Inspection, Reference

if TYPE_CHECKING:
    from onnx import TensorProto

OLDEST = 7
"""The opset that onnxruntime promises to run; what is older is upgraded."""
_VARINT, _LENGTH = 0, 2
_FIELDS = {1: _VARINT, 2: _LENGTH, 3: _LENGTH, 4: _LENGTH, 5: _VARINT, 6: _LENGTH, 7: _LENGTH, 8: _LENGTH}
_FIELDS |= dict.fromkeys((14, 20, 25, 26), _LENGTH)
"""The fields of ModelProto (onnx.proto) and their wire types."""
_IR, _TEXTS, _GRAPH, _OPSETS = 1, (2, 3, 4), 7, 8
_GRAPH_TAGS = frozenset(b"\x0a\x12\x2a\x52\x5a\x62\x6a\x72\x7a\x82")
"""How the fields of GraphProto begin."""


class Onnx(Convertible):
    """A model that is ONNX already: examined, and upgraded where its operators are too old."""

    name: ClassVar[str] = "onnx"
    framework: ClassVar[str | None] = "onnx"
    media_type: ClassVar[str] = "application/onnx"
    rank: ClassVar[int] = 20
    family: ClassVar[str] = "core"
    needs: ClassVar[tuple[str, ...]] = ("onnx", "onnxruntime")

    def claims(self, bundle: Bundle) -> tuple[str, ...]:
        """Return the ONNX files and the files that hold their weights.

        Raises `CorruptFile` for a file that is cut off or damaged, and for weights
        that are missing, too short, or outside the folder.
        """
        models = [name for name in bundle.names if _is_model(bundle, name)]
        data = [file for name in models for file in _data_files(bundle, name)]
        return tuple(dict.fromkeys((*models, *data)))

    def inspect(self, bundle: Bundle, names: Sequence[str]) -> Inspection:
        """Read signature, size, operators and opset from the graph of the first model."""
        name = main(bundle, names)
        model = graphs.load(bundle.path(name))
        inputs, outputs = graphs.signature(model.graph)
        producer = f"{model.producer_name} {model.producer_version}".strip()
        return Inspection(
            inputs,
            outputs,
            framework=self.framework,
            operators=anatomy.operators(model),
            parameters=graphs.parameters(model),
            opset=graphs.opset(model),
            notes=(f"written by {producer[:100]}",) if producer else (),
        ).recognised(anatomy.told(model, name))

    def exporters(self, bundle: Bundle, names: Sequence[str], opset: int) -> Iterable[tuple[str, Exporter]]:
        """Yield the version converter for a model older than onnxruntime promises to run."""
        path = bundle.path(main(bundle, names))

        def upgrade(target: Path) -> None:
            import onnx

            onnx.save(onnx.version_converter.convert_version(onnx.load(path), opset), target)

        if is_old(path):
            yield "onnx version converter", upgrade

    def reference(self, bundle: Bundle, names: Sequence[str]) -> Reference:
        """Open the model as it came with onnxruntime."""
        return Original(bundle.path(main(bundle, names)))


class Original(Reference):
    """An ONNX model as it came, run by onnxruntime."""

    def __init__(self, path: Path) -> None:
        import onnxruntime as ort

        options = ort.SessionOptions()
        options.log_severity_level = 3
        self._session = ort.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
        model = graphs.load(path)
        self.inputs: tuple[TensorSpec, ...] = graphs.signature(model.graph)[0]
        self.outputs = tuple(output.name for output in model.graph.output)
        self.bounds = graphs.tables(model)

    def __call__(self, feeds: Feeds) -> Sequence[Array]:
        """Return the outputs as onnxruntime gives them."""
        results: list[Any] = self._session.run(None, dict(feeds))
        return results


def main(bundle: Bundle, names: Sequence[str]) -> str:
    """Return the first of the files that is a model and not weights."""
    return next(name for name in names if _is_model(bundle, name))


def is_old(path: Path) -> bool:
    """Tell a model whose operators are older than onnxruntime promises to run."""
    return (graphs.opset(graphs.load(path)) or OLDEST) < OLDEST


def _is_model(bundle: Bundle, name: str) -> bool:
    """Walk over the message's fields without reading them; raises `CorruptFile` when they end too early."""
    seen: set[int] = set()
    size = bundle.size(name)
    with bundle.path(name).open("rb") as stream:
        for number, ok, end in _fields(stream):
            if not ok:
                return _cut(name, seen)
            seen.add(number)
            if end > size:
                return _cut(name, seen, f"it has {size} bytes and announces {end}")
    if _GRAPH in seen and (_IR in seen or _OPSETS in seen):
        return True
    if {_IR, _OPSETS} <= seen:
        raise CorruptFile(f"{name} begins as ONNX and holds no graph: it was cut off, or was never finished")
    return False


def _cut(name: str, seen: set[int], why: str = "what follows its first fields is no ONNX") -> bool:
    """Tell a file that never was ONNX (False) from one that was, which raises `CorruptFile`."""
    if _IR in seen and _GRAPH in seen:
        raise CorruptFile(f"{name} is ONNX and cut off or damaged: {why}; send the whole file")
    return False


def _fields(stream: IO[bytes]) -> Iterator[tuple[int, bool, int]]:
    """Yield (number, plausible, end of the field) for each field of a ModelProto, seeking over the content."""
    while (tag := _varint(stream)) is not None:
        number, wire = tag >> 3, tag & 7
        ok = _FIELDS.get(number) == wire
        value = _varint(stream) if ok else None
        if value is None:
            yield number, False, stream.tell()
            return
        start = stream.tell()
        if wire == _VARINT:
            yield number, number != _IR or 0 < value < 100, start
            continue
        yield number, _plausible(number, stream.read(min(value, 64)), value), start + value
        stream.seek(start + value)


def _plausible(number: int, head: bytes, length: int) -> bool:
    if number in _TEXTS:
        return length < 1 << 16 and head.decode("utf-8", "ignore").isprintable()
    if number == _GRAPH:
        return length > 0 and (not head or head[0] in _GRAPH_TAGS)
    return number != _OPSETS or (length < 256 and head[:1] in (b"", b"\x0a", b"\x10"))


def _varint(stream: IO[bytes]) -> int | None:
    """Read a base-128 number; None at the end of the file or where there is none."""
    value = 0
    for shift in range(0, 70, 7):
        byte = stream.read(1)
        if not byte:
            return None
        value |= (byte[0] & 0x7F) << shift
        if byte[0] < 0x80:
            return value
    return None


def _data_files(bundle: Bundle, name: str) -> Iterator[str]:
    """Yield the files of weights that a model names, having checked every weight's size."""
    model = graphs.load(bundle.path(name))
    for tensor in graphs.weights(model):
        need = _bytes_declared(tensor)
        if tensor.data_location != tensor.EXTERNAL:
            have = _bytes_held(tensor, need)
            if have != need:
                raise CorruptFile(f"{name} is damaged: {_declared(tensor, need)} and holds {have} bytes")
            continue
        entries = {entry.key: entry.value for entry in tensor.external_data}
        place = _beside(bundle, name, entries.get("location", ""))
        if _end(entries, need) > bundle.size(place):
            raise CorruptFile(
                f"{place} is cut off: {_declared(tensor, need)}, beyond its {bundle.size(place)}"
            )
        yield place


def _declared(tensor: TensorProto, need: int) -> str:
    return f"the weight {tensor.name!r} is declared as {list(tensor.dims)}, that is {need:,} bytes"


def _bytes_declared(tensor: TensorProto) -> int:
    """Return the bytes that the declared shape and type take; a text counts as one."""
    size: int = prod(tensor.dims) * _bits(tensor)
    return -(-size // 8)


def _bits(tensor: TensorProto) -> int:
    from onnx import TensorProto, helper

    if tensor.data_type == TensorProto.STRING:
        return 8
    if tensor.data_type in _NARROW:
        return _NARROW[int(tensor.data_type)]
    return 8 * int(helper.tensor_dtype_to_np_dtype(tensor.data_type).itemsize)


_NARROW = {21: 4, 22: 4, 23: 4, 25: 2, 26: 2}
"""TensorProto's UINT4, INT4, FLOAT4E2M1, UINT2 and INT2: elements narrower than a byte."""


def _bytes_held(tensor: TensorProto, need: int) -> int:
    """Return the size of what a tensor holds; values that are not raw are counted, not measured."""
    if tensor.HasField("raw_data"):
        return len(tensor.raw_data)
    typed = (tensor.float_data, tensor.int32_data, tensor.int64_data, tensor.double_data, tensor.uint64_data)
    count = max(map(len, (*typed, tensor.string_data)))
    complete = count >= prod(tensor.dims) or (count > 0 and tensor.data_type in _NARROW)
    return need if complete else count * _bits(tensor) // 8


def _end(entries: dict[str, str], need: int) -> int:
    try:
        return int(entries.get("offset") or 0) + max(need, int(entries.get("length") or 0))
    except ValueError as exc:
        raise CorruptFile(f"the model gives {entries} as the place of a weight, which is none") from exc


def _beside(bundle: Bundle, name: str, location: str) -> str:
    """Return the name of a file of weights; it must lie below the model's own folder."""
    path = PurePosixPath(location)
    if path.is_absolute() or ".." in path.parts or "\\" in location or not location:
        raise CorruptFile(f"{name} keeps weights in {location!r}, outside its folder: name a file beside it")
    place = str(PurePosixPath(name).parent / path)
    if place not in bundle.names:
        raise CorruptFile(
            f"{name} keeps its weights in {location!r}, which was not sent: send both as one folder"
        )
    return place


PLUGINS = (Onnx(),)
