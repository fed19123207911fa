"""Calls of a model that are held to giving one row for each, and tried on whether a row depends on the others."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np

from hpcfair_kg.errors import WrongInput
from hpcfair_kg.models import steadiness
from hpcfair_kg.models.infer import Array

TOLERANCE = 1e-4
"""How far a row's answer may be off when other rows come with it, as a part of the largest value."""

Feeds = Mapping[str, Array]
RunOne = Callable[[Feeds], Feeds]
"""Runs a model once: a session, a chain, a client's `infer`.  It is called by several threads at a time."""


class Dependent(WrongInput):
    """The rows of a file cannot be given to this model in chunks."""


class Calls:
    """A model, called with rows and held to giving one row for each."""

    def __init__(self, run_one: RunOne, fixed: int | None) -> None:
        self._run, self._fixed = run_one, fixed

    def __call__(self, feeds: Feeds) -> Feeds:
        """Run some rows and return one for each of them."""
        count = rows_of(feeds)
        if self._fixed is None or count == self._fixed:
            return self._held(self._run(feeds), count)
        outputs = self._filled(feeds, count, repeated=True)
        if count and not alike(outputs, self._filled(feeds, count, repeated=False)):
            raise WrongInput(
                f"the model takes {self._fixed} rows at a time, the last {count} of the file are fewer, and what "
                f"it gives for a row depends on the others; give a multiple of {self._fixed} rows"
            )
        return outputs

    def tried(self, feeds: Feeds, alone: bool) -> Feeds:
        """Run the first chunk of a file; raise `Dependent` where it is not `alone` and no row would be right alone."""
        if len({len(array) if array.ndim else None for array in feeds.values()}) != 1:
            raise Dependent("its inputs have different numbers of rows in this file")
        if alone and self._fixed is None:
            return self._run(feeds)
        outputs, count = self(feeds), rows_of(feeds)
        if self._fixed is None and count > 1:
            tail = {name: array[count // 2 :] for name, array in feeds.items()}
            if not alike({name: array[count // 2 :] for name, array in outputs.items()}, self(tail)):
                raise Dependent("what it gives for a row depends on the other rows")
        return outputs

    def _filled(self, feeds: Feeds, count: int, repeated: bool) -> Feeds:
        """Run fewer rows than the model takes, filled up with the last or with zeros, and cut the outputs to their number."""
        assert self._fixed is not None
        missing = self._fixed - count
        full = {name: _padded(array, missing, repeated) for name, array in feeds.items()}
        outputs = self._held(self._run(full), self._fixed)
        return {name: array[:count] for name, array in outputs.items()}

    def _held(self, outputs: Feeds, count: int) -> Feeds:
        for name, array in outputs.items():
            if not array.ndim or len(array) != count:
                raise Dependent(f"its output {name!r} has the shape {list(array.shape)} for {count} rows")
        return outputs


def _padded(array: Array, missing: int, repeated: bool) -> Array:
    if repeated and len(array):
        return np.concatenate([array, np.repeat(array[-1:], missing, axis=0)])
    nothing = "" if array.dtype.kind == "O" else 0
    return np.concatenate([array, np.full((missing, *array.shape[1:]), nothing, array.dtype)])


def alike(some: Feeds, others: Feeds) -> bool:
    """Tell whether two answers are one, but for what the order of summation makes of floating-point numbers."""
    return all(_alike(array, others[name]) for name, array in some.items())


def _alike(one: Array, other: Array) -> bool:
    if one.shape != other.shape:
        return False
    if one.dtype.kind != "f":
        return bool(np.array_equal(one, other))
    with np.errstate(invalid="ignore"):
        return steadiness.apart(one, other) <= TOLERANCE


def rows_of(feeds: Feeds) -> int:
    """Return the number of rows of a chunk, 1 of what has none."""
    return max((len(array) if array.ndim else 1 for array in feeds.values()), default=1)
