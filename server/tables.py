"""Arrays as tables on a page: what is long or wide is cut, and says so."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import islice
from typing import Any

import numpy as np
from numpy.typing import NDArray

from server.wording import plural

ROWS, COLUMNS, LONGEST = 50, 24, 500
"""How many are shown, and characters of a text."""


@dataclass(frozen=True)
class Table:
    """An array for a page: a row for each place on the axes before the last, and what was left out."""

    name: str
    dtype: str
    shape: tuple[int, ...]
    columns: tuple[str, ...]
    rows: tuple[tuple[str, tuple[str, ...]], ...]
    cut: str = ""


def table(name: str, array: NDArray[Any]) -> Table:
    """Return an array as a table; a single long row is shown as a column, and floats have seven digits.

    >>> table("y", np.array([[0.5, 1.0]])).rows
    (('0', ('0.5', '1')),)
    """
    columns = array.shape[-1] if array.ndim > 1 else 1
    if array.size == columns > COLUMNS:
        columns = 1
    wide = array.ndim > 1 and columns == array.shape[-1]
    places = np.ndindex(array.shape[:-1] if wide else array.shape)
    lines = array.reshape(-1, columns) if array.size else ()
    return Table(
        name,
        "string" if array.dtype.kind in "OUS" else array.dtype.name,
        array.shape,
        tuple(map(str, range(min(columns, COLUMNS)))) if wide else (),
        tuple(
            (", ".join(map(str, place)), tuple(map(_cell, line[:COLUMNS])))
            for place, line in zip(islice(places, ROWS), lines, strict=False)
        ),
        " and ".join(_cut(len(lines), ROWS, "row") + _cut(columns, COLUMNS, "column")),
    )


def _cut(many: int, shown: int, noun: str) -> list[str]:
    return [f"{shown} of {plural(many, noun)}"] if many > shown else []


def _cell(value: Any) -> str:
    if isinstance(value, (float, np.floating)):
        return f"{value:.7g}"
    if isinstance(value, (bool, np.bool_)):
        return str(value).lower()
    text = str(value)
    return text if len(text) <= LONGEST else f"{text[:LONGEST]}…"
