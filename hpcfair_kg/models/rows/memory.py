"""Arrays that are cut along their first axis: what NumPy's files and JSON documents hold."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager
from math import prod
from typing import Any

import numpy as np

from hpcfair_kg.artifact import TensorSpec
from hpcfair_kg.models.infer import Array
from hpcfair_kg.models.rows.base import Reader, Wanted
from hpcfair_kg.models.rows.table import Table, is_one_sample

Take = Callable[[int | None], Array]
"""Returns the next rows of an array, or without a number all of it."""
Shape = tuple[int, ...]


class ArrayReader(Reader):
    """Arrays by name, or one without, whose shapes are known before they are read."""

    def describe(self, arrays: Mapping[str, tuple[Shape, np.dtype[Any]]]) -> None:
        """Keep what is known of the arrays; the name "" is none."""
        self.shapes = {name: shape for name, (shape, _) in arrays.items()}
        self.columns = tuple(name for name in arrays if name)
        lengths = {shape[0] if shape else None for shape in self.shapes.values()}
        self.rows = lengths.pop() if len(lengths) == 1 else None
        self.weight = sum(prod(shape[1:]) * dtype.itemsize for shape, dtype in arrays.values()) or 1

    @abstractmethod
    def takes(self) -> AbstractContextManager[Mapping[str, Take]]:
        """Open the arrays, to be read from their first rows on."""

    def chunks(self, wanted: Wanted | None, size: int | None) -> Iterator[Table]:
        """Yield `size` rows at a time; all at once where the arrays do not have one row a sample each."""
        names = list(self.shapes) if wanted is None else [name for name in self.shapes if name in wanted]
        rows = self._common(names, wanted or {})
        with self.takes() as takes:
            if size is None or rows is None:
                yield _table({name: takes[name](None) for name in names})
                return
            for start in range(0, max(rows, 1), size):
                yield _table({name: takes[name](min(size, rows - start)) for name in names})

    def _common(self, names: list[str], wanted: Mapping[str, TensorSpec]) -> int | None:
        """Return the number of rows that all have, or None; a flat array may be one sample."""
        shapes = [self.shapes[name] for name in names]
        single = any(is_one_sample(self.shapes[name], spec) for name, spec in wanted.items())
        lengths = {shape[0] if shape else None for shape in shapes}
        return None if single or len(lengths) != 1 else lengths.pop()


def _table(arrays: Mapping[str, Array]) -> Table:
    return Table(whole=arrays[""]) if "" in arrays else Table(arrays)
