"""Tensors as the Open Inference Protocol writes them in JSON: name, datatype, shape, data."""

from __future__ import annotations

from collections.abc import Sequence
from math import prod
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hpcfair_kg.artifact import TensorSpec, plain
from hpcfair_kg.errors import HPCFairError, NotRunnable, WrongInput

Array = NDArray[Any]

DATATYPES = {
    "bool": "BOOL",
    "uint8": "UINT8",
    "uint16": "UINT16",
    "uint32": "UINT32",
    "uint64": "UINT64",
    "int8": "INT8",
    "int16": "INT16",
    "int32": "INT32",
    "int64": "INT64",
    "float16": "FP16",
    "float32": "FP32",
    "float64": "FP64",
    "string": "BYTES",
}
"""NumPy's names and the protocol's."""

DTYPES = {datatype: dtype for dtype, datatype in DATATYPES.items()}


class _Wrong(ValueError):
    """What is wrong with one tensor, before it is known what would be right."""


def read(inputs: Any, expected: Sequence[TensorSpec]) -> dict[str, Array]:
    """Return the arrays of a request's "inputs" by name.

    Raises `WrongInput`, with the tensors that the model takes, for one that is
    not what its own name, shape, datatype and data say.
    """
    try:
        if not isinstance(inputs, list) or not inputs:
            raise _Wrong('"inputs" must be a list of {"name", "shape", "datatype", "data"}')
        arrays = {}
        for tensor in inputs:
            name, array = _read(tensor)
            arrays[name] = array
        return arrays
    except _Wrong as exc:
        raise _refusal(str(exc), expected) from exc


def written(name: str, array: Array) -> dict[str, Any]:
    """Return an array as a response holds it: its data flat, in row-major order."""
    dtype = "string" if array.dtype.kind in "OUS" else array.dtype.name
    if dtype not in DATATYPES:
        reason = f"output {name!r} is {dtype}, which the protocol has no JSON for"
        raise NotRunnable(reason, reason=reason)
    flat = np.ascontiguousarray(array).ravel()
    data = flat.tolist() if dtype == "string" else flat.astype(flat.dtype.newbyteorder("="), copy=False)
    return {"name": name, "datatype": DATATYPES[dtype], "shape": list(array.shape), "data": data}


def _read(tensor: Any) -> tuple[str, Array]:
    missing = {"name", "shape", "datatype", "data"} - (tensor.keys() if isinstance(tensor, dict) else set())
    if missing:
        raise _Wrong(f"an input lacks {', '.join(sorted(missing))}")
    name, shape, datatype = str(tensor["name"]), tensor["shape"], tensor["datatype"]
    if datatype not in DTYPES:
        raise _Wrong(f"{name}: there is no datatype {datatype!r}; there are: {', '.join(DTYPES)}")
    if not isinstance(shape, list) or not all(type(size) is int and size >= 0 for size in shape):
        raise _Wrong(f"{name}: the shape must be a list of sizes, this is {shape!r}")
    array = _typed(name, tensor["data"], DTYPES[datatype])
    if array.size != prod(shape):
        raise _Wrong(f"{name}: the shape {shape} has {prod(shape)} elements, the data has {array.size}")
    return name, array.reshape(shape)


def _typed(name: str, data: Any, dtype: str) -> Array:
    """Return JSON's numbers, booleans or texts as an array, refusing what the dtype cannot hold."""
    try:
        return _texts(data) if dtype == "string" else _numbers(data, dtype)
    except (ValueError, TypeError, OverflowError) as exc:
        raise _Wrong(f"{name}: the data is no array of {DATATYPES[dtype]}: {exc}") from exc


def _texts(data: Any) -> Array:
    texts = np.asarray(data, object)
    if not all(isinstance(text, str) for text in texts.flat):
        raise ValueError("BYTES are sent as texts")
    return texts


def _numbers(data: Any, dtype: str) -> Array:
    """Return booleans, whole numbers or floats; null stands for NaN, which JSON has no word for."""
    # NumPy makes a float of whole numbers that only uint64 holds, so those are looked at one by one.
    found = np.asarray(data, object) if dtype == "uint64" else np.asarray(data)
    if dtype == "bool":
        fits = found.dtype.kind == "b"
    elif dtype.startswith("float"):
        fits = found.dtype.kind in "iuf" or all(
            type(value) in (int, float, type(None)) for value in found.flat
        )
    else:
        fits = found.dtype.kind in "iu" or all(type(value) is int for value in found.flat)
    if found.size and not fits:
        raise ValueError("it holds something else")
    with np.errstate(over="ignore"):
        array = np.asarray(data, dtype)
    if array.dtype.kind == "f" and np.isinf(array).any():
        raise OverflowError("a number is too large for it")
    return array


def _refusal(detail: str, expected: Sequence[TensorSpec]) -> HPCFairError:
    return WrongInput(detail, expected=[plain(spec) for spec in expected])
