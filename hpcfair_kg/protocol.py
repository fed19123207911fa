"""Tensors as the Open Inference Protocol v2 writes them: in the JSON, or as bytes behind it.

https://github.com/kserve/open-inference-protocol and Triton's binary tensor
data extension.  Client and server speak by the same functions; what they hand
on are heads and bytes of `hpcfair_kg.tensors`, so that binary data is never
looked into on its way.

JSON has no word for NaN and the infinities: in both directions null is NaN,
"Infinity" and "-Infinity" are texts, as protobuf's JSON mapping has them.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from math import prod
from typing import Any

import numpy as np
import orjson
from numpy.typing import NDArray

from hpcfair_kg.errors import NotRunnable, WrongInput
from hpcfair_kg.tensors import Bytes, Heads, numpy_dtype, pack, unpack

Array = NDArray[Any]
Packed = tuple[list[dict[str, Any]], Bytes]

HEADER = "Inference-Header-Content-Length"
"""The HTTP header that says how long the JSON is, where bytes follow it."""
BINARY = "binary_tensor_data"
"""The extension's name."""

DATATYPES = {
    "bool": "BOOL", "uint8": "UINT8", "uint16": "UINT16", "uint32": "UINT32", "uint64": "UINT64",
    "int8": "INT8", "int16": "INT16", "int32": "INT32", "int64": "INT64",
    "float16": "FP16", "bfloat16": "BF16", "float32": "FP32", "float64": "FP64", "string": "BYTES",
}  # fmt: skip
"""NumPy's names and the protocol's."""

DTYPES = {datatype: dtype for dtype, datatype in DATATYPES.items()}

_INFINITIES = {"Infinity": np.inf, "-Infinity": -np.inf}
_WORDS = {value: word for word, value in _INFINITIES.items()}


@dataclass(frozen=True)
class Message:
    """A request or a response; `header` is the length of its JSON where bytes follow, else None."""

    body: bytes
    header: int | None

    @property
    def headers(self) -> dict[str, str]:
        """The HTTP headers that tell how to read the body."""
        if self.header is None:
            return {"Content-Type": "application/json"}
        return {"Content-Type": "application/octet-stream", HEADER: str(self.header)}


def message(
    document: Mapping[str, Any], side: str, heads: Heads, payload: Bytes, binary: Callable[[str], bool]
) -> Message:
    """Return a document with tensors at `side` ("inputs" or "outputs"), as bytes where `binary` says so of a name.

    Raises `NotRunnable` for a dtype that the protocol has no word for.
    """
    tensors, tails, offset = [], [], 0
    for head in heads:
        part = memoryview(payload)[offset : offset + head["size"]]
        offset += head["size"]
        tensor = {"name": head["name"], "datatype": _datatype(head), "shape": head["shape"]}
        if binary(head["name"]):
            tensor["parameters"] = {"binary_data_size": head["size"]}
            tails.append(part)
        else:
            (array,) = unpack([head], part).values()
            tensor["data"] = _json(array)
        tensors.append(tensor)
    written = orjson.dumps({**document, side: tensors}, option=orjson.OPT_SERIALIZE_NUMPY)
    return Message(b"".join((written, *tails)), len(written) if tails else None)


def parsed(body: Bytes, header: str | None) -> tuple[dict[str, Any], memoryview]:
    """Return the JSON object of a request or response and the bytes behind it; `header` is the HTTP header's.

    Raises `WrongInput` for what is no such thing.
    """
    length = len(body) if header is None else int(header) if header.isascii() and header.isdigit() else -1
    if not 0 <= length <= len(body):
        raise WrongInput(
            f"{HEADER} is {header}; it must be the length of the JSON, of {len(body)} bytes in all"
        )
    whole = memoryview(body)
    try:
        document = orjson.loads(whole[:length])
    except orjson.JSONDecodeError as exc:
        raise WrongInput(
            f"the body is no JSON: {exc}; NaN is written null, and {HEADER} tells bytes apart"
        ) from exc
    if not isinstance(document, dict):
        raise WrongInput('the JSON must be an object, as in {"inputs": […]}')
    return document, whole[length:]


def read(tensors: Any, tail: memoryview) -> Packed:
    """Return the tensors of a request or response as heads and bytes.

    Raises `WrongInput` for one that is not what its own name, shape, datatype and data say.
    """
    if not isinstance(tensors, list):
        raise WrongInput('the tensors must be a list of {"name", "shape", "datatype", "data"}')
    heads: list[dict[str, Any]] = []
    parts: list[Bytes] = []
    offset = 0
    for tensor in tensors:
        head = _head(tensor)
        size = _binary_size(tensor, head)
        if size is None:
            (packed,), part = pack({head["name"]: _array(head, tensor)})
            heads.append(packed | head)
            parts.append(part)
        else:
            heads.append(head | {"size": size})
            parts.append(tail[offset : offset + size])
            offset += size
    if offset != len(tail):
        raise WrongInput(f"{len(tail)} bytes follow the JSON; its inputs announce {offset}")
    return heads, b"".join(parts) if offset != sum(head["size"] for head in heads) else tail


def _datatype(head: Mapping[str, Any]) -> str:
    datatype = DATATYPES.get(head["dtype"])
    if datatype is None:
        reason = f"{head['name']!r} is {head['dtype']}, which the protocol has no word for"
        raise NotRunnable(reason, reason=reason)
    return datatype


def _json(array: Array) -> Any:
    """Return the data flat, in row-major order, as orjson can write it."""
    if array.dtype.kind == "O":
        return array.ravel().tolist()
    flat = np.ascontiguousarray(array, np.float32 if array.dtype.kind == "V" else None).ravel()
    if flat.dtype.kind == "f" and np.isinf(flat).any():
        return [_WORDS.get(value, value) for value in flat.tolist()]
    return flat  # NaN is written null


def _head(tensor: Any) -> dict[str, Any]:
    missing = {"name", "shape", "datatype"} - (tensor.keys() if isinstance(tensor, dict) else set())
    if missing:
        raise WrongInput(f"a tensor lacks {', '.join(sorted(missing))}")
    name, shape, datatype = str(tensor["name"]), tensor["shape"], tensor["datatype"]
    if not isinstance(datatype, str) or datatype not in DTYPES:
        raise WrongInput(f"{name}: there is no datatype {datatype!r}; there are: {', '.join(DTYPES)}")
    if not isinstance(shape, list) or not all(type(size) is int and size >= 0 for size in shape):
        raise WrongInput(f"{name}: the shape must be a list of sizes, this is {shape!r}")
    return {"name": name, "dtype": DTYPES[datatype], "shape": shape}


def _binary_size(tensor: Mapping[str, Any], head: Mapping[str, Any]) -> int | None:
    """Return how many bytes behind the JSON are a tensor's; None where its data is in the JSON."""
    parameters = tensor.get("parameters")
    size = parameters.get("binary_data_size") if isinstance(parameters, dict) else None
    name, dtype, shape = head["name"], head["dtype"], head["shape"]
    if size is None:
        if "data" not in tensor:
            raise WrongInput(f"{name}: it has neither data nor a binary_data_size among its parameters")
        return None
    if type(size) is not int or size < 0:
        raise WrongInput(f"{name}: binary_data_size must be a number of bytes, this is {size!r}")
    want = prod(shape) * numpy_dtype(dtype).itemsize
    if dtype != "string" and size != want:
        raise WrongInput(f"{name}: {size} bytes were sent; {DATATYPES[dtype]} {shape} is {want}")
    return size


def _array(head: Mapping[str, Any], tensor: Mapping[str, Any]) -> Array:
    """Return JSON's numbers, booleans or texts as an array, refusing what the dtype cannot hold."""
    name, dtype, shape = head["name"], head["dtype"], head["shape"]
    try:
        array = _texts(tensor["data"]) if dtype == "string" else _numbers(tensor["data"], dtype)
    except (ValueError, TypeError, OverflowError) as exc:
        raise WrongInput(f"{name}: the data is no array of {DATATYPES[dtype]}: {exc}") from exc
    if array.size != prod(shape):
        raise WrongInput(f"{name}: the shape {shape} has {prod(shape)} elements, the data has {array.size}")
    return array.reshape(shape)


def _texts(data: Any) -> Array:
    texts = np.asarray(data, object)
    if not all(isinstance(text, str) for text in texts.flat):
        raise ValueError("BYTES are sent as texts")
    return texts


def _numbers(data: Any, dtype: str) -> Array:
    """Return booleans, whole numbers or floats; raises `ValueError` for what is none."""
    if "float" in dtype:
        return _floats(data, numpy_dtype(dtype))
    # NumPy makes a float of whole numbers that only uint64 holds, so those are looked at one by one.
    found = np.asarray(data, object) if dtype == "uint64" else np.asarray(data)
    if dtype == "bool":
        fits = found.dtype.kind == "b"
    else:
        fits = found.dtype.kind in "iu" or all(type(value) is int for value in found.flat)
    if found.size and not fits:
        raise ValueError("it holds something else")
    return np.asarray(data, dtype)  # from the numbers themselves, so that none wraps around


def _floats(data: Any, dtype: np.dtype[Any]) -> Array:
    found = np.asarray(data)
    if found.size and found.dtype.kind not in "iuf":
        found = np.asarray(data, object)
        found = np.array([_float(value) for value in found.flat]).reshape(found.shape)
    with np.errstate(over="ignore"):
        array = found.astype(dtype, copy=False)
    if np.isinf(array).any() and not np.array_equal(np.isinf(array), np.isinf(found)):
        raise OverflowError("a number is too large for it")
    return array


def _float(value: Any) -> float:
    if type(value) in (int, float):
        return float(value)
    if value is None:
        return np.nan
    if type(value) is str and value in _INFINITIES:
        return _INFINITIES[value]
    raise ValueError('it holds something else than numbers, null for NaN, "Infinity" and "-Infinity"')
