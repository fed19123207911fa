"""Tensors on their way between processes: a JSON list of heads {name, dtype, shape, size} and raw bytes.

The bytes are those of the Open Inference Protocol's binary tensor data
extension, so that what a client sends goes on to a box as it came.
"""

from __future__ import annotations

import struct
from collections.abc import Mapping, Sequence
from functools import cache
from math import prod
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from hpcfair_kg.errors import WrongInput

Array = NDArray[Any]
Heads = Sequence[Mapping[str, Any]]
Bytes: TypeAlias = bytes | bytearray | memoryview

DTYPES = (
    "bool", "int8", "uint8", "int16", "uint16", "int32", "uint32", "int64", "uint64",
    "float16", "bfloat16", "float32", "float64", "complex64", "complex128", "string",
)  # fmt: skip
"""What can be carried: the dtypes that NumPy (with ml_dtypes) and onnxruntime both have."""


@cache
def numpy_dtype(name: str) -> np.dtype[Any]:
    """Return NumPy's dtype of a name of `DTYPES`; texts are objects, bfloat16 is that of ml_dtypes."""
    if name == "bfloat16":
        from ml_dtypes import bfloat16

        name = bfloat16
    dtype: np.dtype[Any] = np.dtype(object if name == "string" else name)
    return dtype


def pack(tensors: Mapping[str, Array]) -> tuple[list[dict[str, Any]], bytes]:
    """Return the JSON heads {name, dtype, shape, size} of tensors and their bytes, one after the other.

    Numbers are little-endian in C order; each text is a u32 length and its UTF-8;
    `size` counts the bytes of one tensor.
    """
    heads, bodies = [], []
    for name, value in tensors.items():
        array = np.asarray(value)
        text = array.dtype.kind in "OUS"
        body = _texts(array) if text else _little(array).tobytes()
        dtype = "string" if text else _name(array.dtype)
        heads.append({"name": name, "dtype": dtype, "shape": list(array.shape), "size": len(body)})
        bodies.append(body)
    return heads, b"".join(bodies)


def unpack(heads: Heads, payload: Bytes) -> dict[str, Array]:
    """Return the tensors that `pack` wrote; the arrays are views of `payload` where they can be.

    Raises `WrongInput` when the bytes are not those that the heads announce.
    """
    tensors: dict[str, Array] = {}
    offset = 0
    for head in heads:
        name, dtype, shape = head["name"], head["dtype"], tuple(int(n) for n in head["shape"])
        if dtype not in DTYPES:
            raise WrongInput(f"{name}: no tensor of {dtype!r} can be sent; there are: {', '.join(DTYPES)}")
        if any(n < 0 for n in shape):
            raise WrongInput(f"{name}: the shape {list(shape)} has a negative dimension")
        read = _read_texts if dtype == "string" else _read_numbers
        tensors[name], end = read(name, dtype, shape, payload, offset)
        if end - offset != head.get("size", end - offset):
            raise WrongInput(
                f"{name}: {head['size']} bytes were sent; {dtype} {list(shape)} is {end - offset}"
            )
        offset = end
    if offset != len(payload):
        raise WrongInput(f"{len(payload) - offset} bytes more were sent than the tensors' shapes ask for")
    return tensors


def _read_numbers(
    name: str, dtype: str, shape: tuple[int, ...], payload: Bytes, offset: int
) -> tuple[Array, int]:
    kind = numpy_dtype(dtype)
    end = offset + prod(shape) * kind.itemsize
    if end > len(payload):
        raise WrongInput(
            f"{name}: {len(payload) - offset} bytes were sent; {dtype} {list(shape)} is {end - offset}"
        )
    stored = kind if dtype == "bfloat16" else kind.newbyteorder("<")
    array = np.frombuffer(payload, stored, prod(shape), offset).reshape(shape)
    return (array if array.flags.aligned else array.copy()), end


def _read_texts(
    name: str, dtype: str, shape: tuple[int, ...], payload: Bytes, offset: int
) -> tuple[Array, int]:
    texts = []
    try:
        for _ in range(prod(shape)):
            (size,) = struct.unpack_from("<I", payload, offset)
            texts.append(struct.unpack_from(f"{size}s", payload, offset + 4)[0].decode())
            offset += 4 + size
    except (struct.error, UnicodeDecodeError) as exc:
        raise WrongInput(f"{name}: text number {len(texts) + 1} is cut off or no UTF-8") from exc
    return np.array(texts, object).reshape(shape), offset


@cache
def _name(dtype: np.dtype[Any]) -> str:
    """Return a dtype's name, which NumPy puts together anew each time."""
    return dtype.name


def _little(array: Array) -> Array:
    if array.dtype.byteorder == "=" and array.dtype.kind == "V":  # bfloat16 knows no other order
        return array
    return array.astype(array.dtype.newbyteorder("<"), copy=False)


def _texts(array: Array) -> bytes:
    encoded = [text if isinstance(text, bytes) else str(text).encode() for text in array.ravel().tolist()]
    return b"".join(struct.pack("<I", len(text)) + text for text in encoded)
