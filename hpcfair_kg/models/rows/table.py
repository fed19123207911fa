"""Arrays by name, and which of them feed which input of a model."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from math import prod

import numpy as np

from hpcfair_kg.artifact import TensorSpec, plain
from hpcfair_kg.errors import WrongInput
from hpcfair_kg.fitting import array_of
from hpcfair_kg.models.infer import Array


@dataclass(frozen=True)
class Table:
    """What a file holds, or some rows of it: arrays by name, or one array that has none.

    `by_row` says that every array has one entry a row, so that no array of
    numbers is one sample; `again` reads a file without types of its own as the
    inputs ask.
    """

    columns: Mapping[str, Array] = field(default_factory=dict)
    whole: Array | None = None
    by_row: bool = False
    again: Callable[[Sequence[TensorSpec]], Table] | None = field(default=None, repr=False, compare=False)

    @property
    def names(self) -> tuple[str, ...]:
        """The names there are; `x[0]`, `x[1]` count as `x`."""
        return grouped(self.columns)

    @property
    def rows(self) -> int:
        """How many rows there are; one value is one."""
        arrays = self.columns.values() if self.whole is None else (self.whole,)
        return max((len(array) if array.ndim else 1 for array in arrays), default=0)

    def feeds(self, inputs: Sequence[TensorSpec]) -> dict[str, Array]:
        """Return an array for each input: by name, or for one input all that no other one takes.

        Rows are given the shape of the model's samples.  Raises `WrongInput`
        naming the input without a column.
        """
        if self.again is not None:
            return self.again(inputs).feeds(inputs)
        found = matched(tuple(self.columns), inputs)
        arrays = dict(self.columns) if self.whole is None else {"": self.whole}
        return {
            spec.name: self._fed([arrays[column] for column in found[spec.name]], found[spec.name], spec)
            for spec in inputs
        }

    def _fed(self, arrays: Sequence[Array], columns: Sequence[str], spec: TensorSpec) -> Array:
        if len(arrays) > 1:
            _as_many(columns, arrays, spec)
        array = arrays[0] if len(arrays) == 1 else np.stack(arrays, axis=1)
        if self.by_row and array.dtype.kind in "iu" and spec.dtype.startswith("float"):
            # What is written as 3 in one chunk may be 3.5 in the next: it is a number, not an integer.
            array = array.astype(np.float64)
        return shaped(array, spec, self.by_row)


def matched(columns: Sequence[str], inputs: Sequence[TensorSpec]) -> dict[str, tuple[str, ...]]:
    """Return the columns that feed each input: those of its name, or for one input all that no other one takes.

    A file without names is the column "".  Raises `WrongInput` naming the input
    without a column, and what there is.
    """
    if twice := sorted({name for name in columns if columns.count(name) > 1}):
        raise WrongInput(f"the input file has two columns {twice[0]!r}; give each a name of its own")
    names = grouped(columns)
    unnamed = [spec for spec in inputs if spec.name not in names]
    taken = {spec.name for spec in inputs} & set(names)
    rest = tuple(column for column in columns or ("",) if array_of(column) not in taken)
    if len(unnamed) > 1 or (unnamed and not rest):
        raise _missing(unnamed[0].name, names, taken, inputs)
    found = {spec.name: rest for spec in unnamed}
    return found | {name: _ordered(name, columns) for name in taken}


def grouped(columns: Collection[str]) -> tuple[str, ...]:
    """Return the names of columns, `x[0]`, `x[1]`, … once, as `x`."""
    return tuple(dict.fromkeys(array_of(name) for name in columns))


def shaped(array: Array, spec: TensorSpec, by_row: bool = False) -> Array:
    """Give rows of values the shape of the model's samples: [5, 39] becomes [5, 3, 13] for [batch, time, 13].

    An array that has the model's rank, or that no shape fits, is left for
    `feeding.checked` to judge.  A flat array is one sample of a model that takes
    several numbers, unless it has one entry a row.
    """
    rank = len(spec.shape)
    if not rank or array.ndim == rank:
        return array
    if array.ndim == 1 and rank == 2:
        return array[None, :] if not by_row and is_one_sample(array.shape, spec) else array[:, None]
    if array.ndim == 2 and rank == 1 and array.shape[1] == 1:
        return array[:, 0]
    sample = [size if isinstance(size, int) else -1 for size in spec.shape[1:]]
    if array.ndim != 2 or sample.count(-1) > 1:
        return array
    try:
        return array.reshape(array.shape[0], *sample)
    except ValueError:
        return array


def is_one_sample(shape: Sequence[int], spec: TensorSpec) -> bool:
    """Tell whether a flat array is one sample of an input, no column of them."""
    size = spec.shape[1] if len(spec.shape) == 2 else 0
    return len(shape) == 1 and isinstance(size, int) and size > 1


def _ordered(name: str, columns: Sequence[str]) -> tuple[str, ...]:
    """Return the columns of an input in the order of their numbers."""
    if name in columns:
        return (name,)
    numbers = {int(column[len(name) + 1 : -1]): column for column in columns if array_of(column) == name}
    lost = [number for number in range(len(numbers)) if number not in numbers]
    if lost:
        raise WrongInput(
            f"the input file has no column '{name}[{lost[0]}]'; it has: {', '.join(numbers.values())}"
        )
    return tuple(numbers[number] for number in sorted(numbers))


def _missing(
    name: str, names: Sequence[str], taken: Collection[str], inputs: Sequence[TensorSpec]
) -> WrongInput:
    close = difflib.get_close_matches(name, [other for other in names if other not in taken], 1)
    hint = f" (did you mean {close[0]!r}?)" if close else ""
    return WrongInput(
        f"the input file has no column {name!r}{hint}; "
        f"it has: {', '.join(names) or 'one array without a name'}",
        expected=[plain(spec) for spec in inputs],
    )


def _as_many(columns: Sequence[str], arrays: Sequence[Array], spec: TensorSpec) -> None:
    """Refuse columns that are not single values, or not as many as a sample has."""
    if any(array.ndim != 1 for array in arrays):
        raise WrongInput(f"several arrays would feed {spec.name!r}; give one of them that name")
    sizes = spec.shape[1:]
    fixed = prod(size for size in sizes if isinstance(size, int))
    wrong = (
        len(columns) % fixed if len(sizes) != sum(isinstance(s, int) for s in sizes) else len(columns) - fixed
    )
    if spec.shape and fixed and wrong:
        some = ", ".join(columns[:8]) + (", …" if len(columns) > 8 else "")
        raise WrongInput(
            f"{spec.name} has the shape {[len(arrays[0]), len(columns)]}; the model takes {list(spec.shape)}, "
            f"and the input file has {len(columns)} columns for it: {some}",
            expected=[plain(spec)],
        )
