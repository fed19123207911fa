"""Arrays as lines of text: numbers in their shortest form that reads back the same."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import orjson

from hpcfair_kg.models.infer import Array

PLAIN = {"nan": "nan", "inf": "inf", "-inf": "-inf"}
JSON = {"nan": "NaN", "inf": "Infinity", "-inf": "-Infinity"}
"""What JSON has no word for, as Python's `json` writes and reads it."""


def as_rows(array: Array) -> Array:
    """Return an array as rows of values: [n, …] as [n, m], one value as [1, 1]."""
    if not array.ndim:
        return array.reshape(1, 1)
    return array.reshape(len(array), int(np.prod(array.shape[1:])))


def lines(rows: Array, separator: str, spoken: Callable[[str], str] = str) -> list[str]:
    """Return a line for each row of [n, m] values; `spoken` says how a text is written."""
    if rows.dtype.kind not in "iuf" or not rows.shape[1]:
        texts = rows.astype(str).tolist() if rows.dtype.kind != "O" else rows.tolist()
        return [separator.join(spoken(_text(cell)) for cell in row) for row in texts]
    body = text(rows, PLAIN)[2:-2]
    return [row.replace(",", separator) for row in body.split("],[")] if len(rows) else []


def text(array: Array, odd: Mapping[str, str] = JSON) -> str:
    """Return an array as JSON, but NaN and infinities by the words of `odd`."""
    if array.dtype.kind not in "iufb":
        return orjson.dumps(_listed(array)).decode()
    plain = np.ascontiguousarray(array, array.dtype.newbyteorder("=")).reshape(array.shape)
    value: Any = plain if plain.ndim else plain[()]
    said = orjson.dumps(value, option=orjson.OPT_SERIALIZE_NUMPY).decode()
    if plain.dtype.kind != "f" or np.isfinite(plain).all():
        return said
    words = [odd[str(value)] for value in plain[~np.isfinite(plain)].tolist()]
    parts = said.split("null")
    return parts[0] + "".join(word + part for word, part in zip(words, parts[1:], strict=True))


def _listed(array: Array) -> Any:
    if array.dtype.kind in "OUS":
        return np.vectorize(_text, otypes=[object])(array).tolist() if array.size else array.tolist()
    return array.astype(str).tolist()


def _text(value: Any) -> str:
    return value.decode() if isinstance(value, bytes) else str(value)
