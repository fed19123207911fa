"""The author's own rows: a file named sample or samples beside the model, as inputs by name."""

from __future__ import annotations

import csv
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import numpy as np

from hpcfair_kg.artifact import TensorSpec
from hpcfair_kg.errors import WrongInput
from hpcfair_kg.formats.base import Array, Feeds

MOST = 10_000
"""Rows that are used of a sample."""
MOST_CALLS = 32
"""Calls that are made for a model of a fixed batch."""


def read(path: Path, inputs: Sequence[TensorSpec]) -> list[Feeds]:
    """Return the rows of a .npy, .npz or .csv file as inputs of a model, in the precision they were kept in.

    One array or table feeds a model of one input; several go by their names.
    Raises `WrongInput` for what does not fit the inputs.
    """
    arrays = _arrays(path)
    if len(inputs) == 1 and inputs[0].name not in arrays:
        arrays = {inputs[0].name: _single(path, arrays)}
    missing = [spec.name for spec in inputs if spec.name not in arrays]
    if missing:
        raise WrongInput(f"{path.name} has no {missing[0]!r}; it has: {', '.join(arrays)}")
    fitted = {spec.name: _fitted(path, spec, arrays[spec.name]) for spec in inputs}
    return list(_batches(fitted, inputs))


def _arrays(path: Path) -> Mapping[str, Array]:
    try:
        if path.suffix == ".npz":
            with np.load(path, allow_pickle=False) as archive:
                return dict(archive)
        if path.suffix == ".npy":
            return {"": np.load(path, allow_pickle=False)}
        return _columns(path)
    except (ValueError, OSError, csv.Error) as exc:
        raise WrongInput(f"{path.name} cannot be read as inputs: {exc}") from exc


def _columns(path: Path) -> dict[str, Array]:
    """Return the columns of a CSV with a line of names; without one, the whole table."""
    with path.open(newline="", encoding="utf-8-sig") as stream:
        rows = [row for row in csv.reader(stream) if row]
    try:
        return {"": np.array(rows, np.float64)}
    except ValueError:
        names, *body = rows
    columns = zip(*body, strict=True)
    return {name: _typed(values) for name, values in zip(names, columns, strict=True)}


def _typed(values: Sequence[str]) -> Array:
    try:
        return np.array(values, np.float64)
    except ValueError:
        return np.array(values, object)


def _single(path: Path, arrays: Mapping[str, Array]) -> Array:
    """Return the one array there is, or the columns side by side."""
    if len(arrays) == 1:
        return next(iter(arrays.values()))
    if all(array.ndim == 1 for array in arrays.values()):
        return np.stack(list(arrays.values()), axis=1)
    raise WrongInput(f"{path.name} has {len(arrays)} arrays for one input: {', '.join(arrays)}")


def _fitted(path: Path, spec: TensorSpec, array: Array) -> Array:
    """Return the array with the rank of the input: a batch axis before, or a column behind."""
    if array.ndim == len(spec.shape) - 1:
        array = array.reshape(-1, 1) if spec.shape[1:] == (1,) else array[np.newaxis]
    fixed = [(have, want) for have, want in zip(array.shape[1:], spec.shape[1:], strict=False)]
    if array.ndim != len(spec.shape) or any(isinstance(w, int) and h != w for h, w in fixed):
        raise WrongInput(
            f"{path.name} has the shape {list(array.shape)} for {spec.name}, which takes {list(spec.shape)}"
        )
    return array[:MOST] if array.ndim else array


def _batches(arrays: Mapping[str, Array], inputs: Sequence[TensorSpec]) -> Iterator[Feeds]:
    """Cut the rows into what a fixed first dimension takes; all at once where it is free."""
    firsts = {spec.shape[0] for spec in inputs if spec.shape}
    batch = firsts.pop() if len(firsts) == 1 else None
    rows = min((len(a) for a in arrays.values() if a.ndim), default=0)
    if not isinstance(batch, int) or batch < 1 or rows == batch:
        yield arrays
        return
    for start in range(0, min(rows - batch + 1, batch * MOST_CALLS), batch):
        yield {name: array[start : start + batch] for name, array in arrays.items()}
