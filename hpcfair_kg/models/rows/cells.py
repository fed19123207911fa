"""Cells of text as the numbers, truth values or texts that an input asks for."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from hpcfair_kg.artifact import TensorSpec, plain
from hpcfair_kg.errors import WrongInput
from hpcfair_kg.models.infer import Array

Place = Callable[[int], str]
"""Where a cell stands, by its number: "in.csv, row 3, column 'a'"."""

TRUTH = {"true": True, "1": True, "false": False, "0": False}


def typed(cells: Sequence[str], spec: TensorSpec | None, place: Place) -> Array:
    """Return cells as int64, float64, bool or texts, whichever an input takes; without one, as they look.

    An empty cell is NaN where fractions are taken.  Raises `WrongInput` with the
    place of the first cell that is something else.
    """
    if spec is None:
        return guessed(cells)
    if spec.dtype == "string":
        return np.array(cells, object)
    for prefix, (kind, read) in _KINDS.items():
        if spec.dtype.startswith(prefix):
            return _read(cells, kind, read, spec, place)
    return guessed(cells)


def guessed(cells: Sequence[str]) -> Array:
    """Return cells as int64 if all are whole numbers, as float64 if all are numbers or empty, else as texts."""
    for kind, read in ((np.int64, int), (np.float64, number)):
        try:
            return np.array(list(map(read, cells)), kind)
        except (ValueError, OverflowError):
            continue
    return np.array(cells, object)


def number(cell: str) -> float:
    """Return a cell as a float, an empty one as NaN."""
    return float(cell) if cell.strip() else float("nan")


def is_number(cell: str) -> bool:
    """Tell whether a cell is a number."""
    try:
        float(cell)
    except ValueError:
        return False
    return True


def _read(
    cells: Sequence[str], kind: Any, read: Callable[[str], Any], spec: TensorSpec, place: Place
) -> Array:
    for one in dict.fromkeys((float if kind is np.float64 else read, read)):  # float knows no empty cell
        try:
            return np.array(list(map(one, cells)), kind)
        except (KeyError, ValueError, OverflowError):
            continue
    for index, cell in enumerate(cells):
        try:
            np.array([read(cell)], kind)
        except (KeyError, ValueError, OverflowError) as exc:
            holds = repr(cell[:80]) if cell.strip() else "nothing"
            raise WrongInput(
                f"{place(index)} holds {holds}; {spec.name} takes {spec.dtype}",
                expected=[plain(spec)],
            ) from exc
    raise AssertionError("each cell can be read, and all of them cannot")


def _truth(cell: str) -> bool:
    return TRUTH[cell.strip().lower()]


_KINDS: dict[str, tuple[Any, Callable[[str], Any]]] = {
    "float": (np.float64, number),
    "uint64": (np.uint64, int),
    "uint": (np.int64, int),
    "int": (np.int64, int),
    "bool": (np.bool_, _truth),
}
