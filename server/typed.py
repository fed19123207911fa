"""Tensors as people type them: one row a line, or JSON; and written back so."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Callable, Iterable, Sequence
from typing import Any

import numpy as np
import orjson
from numpy.typing import NDArray

from hpcfair_kg.artifact import TensorSpec, plain
from hpcfair_kg.errors import HPCFairError, WrongInput
from hpcfair_kg.models.rows import shaped

Array = NDArray[Any]

_BETWEEN = re.compile(r"[\s,;]+")
_TRUTHS = {"true": True, "false": False, "1": True, "0": False}


def read(text: str, spec: TensorSpec) -> Array:
    """Return what was typed for an input, in the shape of its samples; its dtype is what the words are.

    Raises `WrongInput` naming the line and the word that is no value of the input's dtype.
    """
    if not text.strip():
        raise _wrong("nothing was typed", spec)
    if text.lstrip().startswith("[") and (array := _json(text, spec)) is not None:
        return shaped(array, spec)
    rows = [(number, line.strip()) for number, line in enumerate(text.splitlines(), 1) if line.strip()]
    if spec.dtype == "string":
        return _texts([line for _, line in rows], spec)
    return _numbers([(number, _BETWEEN.split(line.strip(" ,;"))) for number, line in rows], spec)


def written(array: Array) -> str:
    """Return a tensor as `read` takes it: a line a row, or JSON where it has more than two axes."""
    if array.ndim > 2:
        return orjson.dumps(listed(array), option=orjson.OPT_SERIALIZE_NUMPY).decode()
    if array.dtype.kind not in "OU":
        rows = array if array.ndim == 2 else array.reshape(1, -1)
        return "\n".join(" ".join(str(value).lower() for value in row) for row in rows)
    if not wide(array.shape):
        return "\n".join(map(str, array.ravel()))
    lines = io.StringIO()
    csv.writer(lines, lineterminator="\n").writerows(array)
    return lines.getvalue().rstrip("\n")


def listed(array: Array) -> Any:
    """Return what JSON holds of an array: numbers as NumPy has them, all else as texts in lists."""
    if array.dtype.kind in "biuf":
        return np.ascontiguousarray(array, array.dtype.newbyteorder("="))
    return np.array([str(value) for value in array.ravel()], object).reshape(array.shape).tolist()


def wide(shape: Sequence[int | str]) -> bool:
    """Whether a row of a tensor holds several values."""
    return len(shape) > 1 and shape[1:] != (1,)


def _json(text: str, spec: TensorSpec) -> Array | None:
    """Return the array that some JSON is; None for a text that only begins like JSON."""
    try:
        array = np.array(orjson.loads(text), object if spec.dtype == "string" else None)
    except orjson.JSONDecodeError as exc:
        if spec.dtype == "string":
            return None
        raise _wrong(f"this is no JSON: {exc}", spec) from exc
    except ValueError as exc:
        raise _wrong("the lists are of unequal length, so they are no tensor", spec) from exc
    if spec.dtype != "string" and array.dtype.kind not in "biuf":
        raise _wrong(f"the JSON holds something else than {_kind(spec)[1]}s", spec)
    if spec.dtype == "string" and not all(isinstance(value, str) for value in array.flat):
        raise _wrong("the JSON holds something else than texts", spec)
    return array


def _texts(lines: Sequence[str], spec: TensorSpec) -> Array:
    if not wide(spec.shape):
        return shaped(np.array(lines, object), spec) if spec.shape else _single(lines)
    return _table(list(csv.reader(lines, skipinitialspace=True)), spec, object)


def _numbers(rows: Iterable[tuple[int, list[str]]], spec: TensorSpec) -> Array:
    parse, kind = _kind(spec)
    values = []
    for number, words in rows:
        try:
            values.append([parse(word) for word in words])
        except (ValueError, KeyError) as exc:
            raise _wrong(f"line {number}: {_culprit(words, parse)!r} is no {kind}", spec) from exc
    if len(spec.shape) < 2:
        flat = [value for row in values for value in row]
        return np.array(flat) if spec.shape else _single(flat)
    return _table(values, spec)


def _table(rows: list[list[Any]], spec: TensorSpec, dtype: Any = None) -> Array:
    for number, row in enumerate(rows, 1):
        if len(row) != len(rows[0]):
            raise _wrong(f"row {number} has {len(row)} values, the first has {len(rows[0])}", spec)
    return shaped(np.array(rows, dtype), spec)


def _single(values: Sequence[Any]) -> Array:
    """Return a value as the scalar that it is."""
    array = np.array(values, object if isinstance(values[0], str) else None)
    return array.reshape(()) if array.size == 1 else array


def _kind(spec: TensorSpec) -> tuple[Callable[[str], Any], str]:
    """Return what reads a word of an input's dtype, and what such a word is called."""
    if spec.dtype == "bool":
        return lambda word: _TRUTHS[word.lower()], "true or false"
    return (int, "whole number") if "int" in spec.dtype else (float, "number")


def _culprit(words: Iterable[str], parse: Callable[[str], Any]) -> str:
    for word in words:
        try:
            parse(word)
        except (ValueError, KeyError):
            return word[:100]
    return ""


def _wrong(detail: str, spec: TensorSpec) -> HPCFairError:
    return WrongInput(f"{spec.name}: {detail}", expected=[plain(spec)])
