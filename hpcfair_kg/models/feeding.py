"""What a model may be fed: values held against its inputs, made its own dtypes where that changes nothing.

A sequence of tensors is fed as a list of them, as one array with an axis in
front, or element by element under the names "s[0]", "s[1]", …; an optional
input may be left out.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hpcfair_kg.artifact import TensorSpec, plain
from hpcfair_kg.errors import HPCFairError, NotRunnable, WrongInput
from hpcfair_kg.tensors import DTYPES, numpy_dtype

Array = NDArray[Any]
Fed = Array | list[Array] | None

NUMPY = {"float": "float32", "double": "float64"}
"""ONNX's names of element types that NumPy calls otherwise."""

_OPTIONAL = re.compile(r"optional\((.*)\)")
_SEQUENCE = re.compile(r"seq\(tensor\((\w+)\)\)")
_TENSOR = re.compile(r"tensor\((\w+)\)")


def checked(feeds: Mapping[str, Any], inputs: Sequence[TensorSpec]) -> dict[str, Any]:
    """Return what to feed, in the model's own dtypes and order: arrays, lists of them for sequences, None.

    Python numbers and lists become arrays; an element type is changed only where
    no value is changed beyond its rounding (whole numbers to floats, double to
    float32, int64 to int32 where they fit).  NaN and arrays without elements are
    allowed.  Raises `WrongInput` with what is `expected`: a name missing or
    unknown, a dtype, a rank, a fixed dimension.  `NotRunnable` for models whose
    inputs no array can hold (maps, float8).
    """
    given = gathered(feeds, [spec.name for spec in inputs if element_type(spec.dtype)])
    names = [spec.name for spec in inputs]
    if unknown := sorted(given.keys() - set(names)):
        raise wrong(f"no input {unknown[0]!r}; the model takes {listed(names)}", inputs)
    missing = [spec.name for spec in inputs if spec.name not in given and not _OPTIONAL.match(spec.dtype)]
    if missing:
        raise wrong(f"no value for input {missing[0]!r}; the model takes {listed(names)}", inputs)
    return {spec.name: _fed(given.get(spec.name), spec, inputs) for spec in inputs}


def gathered(feeds: Mapping[str, Any], names: Iterable[str]) -> dict[str, Any]:
    """Return the feeds with the elements "s[0]", "s[1]", … of each of these names put together as a list."""
    together = dict(feeds)
    for name in names:
        elements: list[Any] = []
        while name not in feeds and (element := f"{name}[{len(elements)}]") in together:
            elements.append(together.pop(element))
        if elements:
            together[name] = elements
    return together


def element_type(kind: str) -> str | None:
    """Return NumPy's name of the elements of ONNX's "seq(tensor(float))", or None where it is no such sequence."""
    found = _SEQUENCE.search(kind)
    return NUMPY.get(found[1], found[1]) if found else None


def wrong(detail: str, inputs: Sequence[TensorSpec]) -> HPCFairError:
    """Return the error that says what was wrong and what the model takes."""
    return WrongInput(detail, expected=[plain(spec) for spec in inputs])


def listed(names: Sequence[str]) -> str:
    """Return names as a sentence has them."""
    return ", ".join(names) or "nothing"


def _fed(value: Any, spec: TensorSpec, inputs: Sequence[TensorSpec]) -> Fed:
    if optional := _OPTIONAL.match(spec.dtype):
        return None if value is None else _fed(value, TensorSpec(spec.name, _bare(optional[1])), inputs)
    if element := element_type(spec.dtype):
        if np.isscalar(value) or getattr(value, "ndim", 1) == 0:
            raise wrong(f"{spec.name} is no sequence; the model takes {spec.dtype}", inputs)
        return [_fitted(one, TensorSpec(spec.name, element), inputs) for one in value]
    return _fitted(value, spec, inputs)


def _bare(kind: str) -> str:
    """Return NumPy's name of what "tensor(float)" holds; other types stay as they are."""
    found = _TENSOR.fullmatch(kind)
    return NUMPY.get(found[1], found[1]) if found else kind


def _fitted(value: Any, spec: TensorSpec, inputs: Sequence[TensorSpec]) -> Array:
    if spec.dtype not in DTYPES:
        reason = f"input {spec.name!r} is {spec.dtype}, which no array that can be sent holds"
        raise NotRunnable(reason, reason=reason)
    try:
        array = np.asarray(value)
    except ValueError as exc:
        raise wrong(f"{spec.name}: the lists are of unequal length, so they are no tensor", inputs) from exc
    cast = _cast(array, spec.dtype)
    if cast is None:
        raise wrong(f"{spec.name} is {array.dtype.name}; the model takes {spec.dtype}", inputs)
    # onnxruntime says [] both for a scalar and for any rank, so it judges those itself
    fits = len(spec.shape) == array.ndim and all(
        isinstance(want, str) or want == have for want, have in zip(spec.shape, array.shape, strict=True)
    )
    if spec.shape and not fits:
        raise wrong(
            f"{spec.name} has the shape {list(array.shape)}; the model takes {list(spec.shape)}", inputs
        )
    return cast


def _cast(array: Array, dtype: str) -> Array | None:
    """Return the array in the dtype asked for, or None where that would change a value."""
    if dtype == "string":
        return _as_texts(array)
    want, have = numpy_dtype(dtype), array.dtype
    if have == want:
        return array.astype(want.newbyteorder("="), copy=False) if have.byteorder == ">" else array
    if have.kind in "OUS":
        return None
    with np.errstate(over="ignore", invalid="ignore"):
        cast = array.astype(want, copy=False)
        if array.size == 0 or np.can_cast(have, want, "safe"):
            return cast
        if _floating(have) and _floating(want):
            return cast if np.array_equal(np.isinf(cast), np.isinf(array)) else None
        if have.kind in "iu" and (want.kind in "iu" or _floating(want)):
            same = np.array_equal(cast.astype(have), array) and np.array_equal(cast < 0, array < 0)
            return cast if same else None
    return None


def _floating(dtype: np.dtype[Any]) -> bool:
    return dtype.kind == "f" or dtype.name == "bfloat16"


def _as_texts(array: Array) -> Array | None:
    if array.size and array.dtype.kind not in "OUS":
        return None
    texts = [text.decode() if isinstance(text, bytes) else text for text in array.ravel().tolist()]
    if not all(isinstance(text, str) for text in texts):
        return None
    return np.array(texts, object).reshape(array.shape)
