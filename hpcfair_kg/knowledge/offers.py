"""What a dataset offers to a model: its arrays, its columns by name, and what is left of them side by side.

It is read as `hpcfair infer` reads a file of samples: a column feeds the input
of its name, the rest of a table the one input that no column is named after,
rows of numbers are given the shape of the model's samples, and an element type
is changed where no value need be.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from math import prod
from typing import Final

from hpcfair_kg.artifact import Column, Dimension, TensorSpec
from hpcfair_kg.fitting import Feeding, array_of, feed

WHOLE: Final = "*"
"""The name of the columns of a table side by side."""
_KINDS: Final = (
    {f"{sign}int{bits}": "i" for sign in ("", "u") for bits in (8, 16, 32, 64)}
    | {f"float{bits}": "f" for bits in (16, 32, 64)}
    | {"bool": "b", "bfloat16": "f", "string": "t"}
)
_WIDER: Final = {"b": "bif", "i": "if", "f": "f", "t": "t"}
_WIDEST: Final = {"b": "bool", "i": "int64", "f": "float64", "t": "string"}


def casts(have: str, want: str) -> bool:
    """Say whether values of one dtype may be fed as another one: only where none need be changed beyond rounding."""
    return have == want or _KINDS.get(want, "-") in _WIDER.get(_KINDS.get(have, ""), "")


@dataclass(frozen=True)
class Offers:
    """What a dataset offers, by name; kept, since many models ask."""

    tensors: tuple[TensorSpec, ...]

    @cached_property
    def named(self) -> Mapping[str, TensorSpec]:
        """The tensors by name."""
        return {one.name: one for one in self.tensors}

    @cached_property
    def arrays(self) -> tuple[TensorSpec, ...]:
        """Those with several dimensions."""
        return tuple(one for one in self.tensors if len(one.shape) > 1)

    @cached_property
    def tables(self) -> tuple[TensorSpec, ...]:
        """All columns side by side."""
        return side_by_side(one for one in self.tensors if len(one.shape) == 1)

    def feed(self, inputs: Sequence[TensorSpec]) -> Feeding | None:
        """Find how they feed every input of a model; None where they do not."""
        ours = ((spec, self.named.get(spec.name)) for spec in inputs)
        called = {one.name: one for spec, one in ours if one and arriving(one, spec)}
        given = (*self.arrays, *self.tables)
        if called:
            rest = [one for one in self.tensors if one.name not in called and len(one.shape) == 1]
            columns = (one for one in called.values() if len(one.shape) == 1)
            given = (*self.arrays, *columns, *side_by_side(rest))
        found = feed(given, inputs, arriving)
        return found if found and not found.remaining else None


def offers(columns: Iterable[Column], rows: int | None) -> Offers:
    """Return the arrays and columns of a dataset by name; `x[0]`, `x[1]`, … are the columns of `x`."""
    groups: dict[str, list[Column]] = {}
    for column in columns:
        groups.setdefault(array_of(column.name), []).append(column)
    return Offers(tuple(_offer(name, group, rows) for name, group in groups.items()))


def side_by_side(columns: Iterable[TensorSpec]) -> tuple[TensorSpec, ...]:
    """Return what columns of one length are together: one array of the numbers, one of the texts."""
    found: dict[tuple[bool, Dimension], list[TensorSpec]] = {}
    for column in columns:
        if kind := _KINDS.get(column.dtype, ""):
            found.setdefault((kind == "t", column.shape[0]), []).append(column)
    return tuple(
        TensorSpec(WHOLE, _widest(group), (group[0].shape[0], len(group))) for group in found.values()
    )


def arriving(given: TensorSpec, taken: TensorSpec) -> TensorSpec | None:
    """Return what a dataset offers as it arrives at an input; None where it does not fit.

    A batch of fixed size is fed batch by batch, so that only the shape of the samples counts.
    """
    if not casts(given.dtype, taken.dtype):
        return None
    if not taken.shape:
        return replace(given, dtype=taken.dtype)
    shape = _reshaped(given, taken)
    if len(shape) != len(taken.shape):
        return None
    first = f"rows of {given.name}" if isinstance(taken.shape[0], int) else shape[0]
    pairs = zip(shape[1:], taken.shape[1:], strict=True)
    fitting = all(isinstance(a, str) or isinstance(b, str) or a == b for a, b in pairs)
    return TensorSpec(given.name, taken.dtype, (first, *shape[1:])) if fitting else None


def _reshaped(given: TensorSpec, taken: TensorSpec) -> tuple[Dimension, ...]:
    """Return the shape that rows of values are given, as `models.rows.shaped` gives it."""
    width = 1 if len(given.shape) == 1 else given.shape[1]
    sample = taken.shape[1:]
    if len(given.shape) > 2 or len(given.shape) == len(taken.shape) or not isinstance(width, int):
        return given.shape
    fixed = prod(size for size in sample if isinstance(size, int))
    free = sum(isinstance(size, str) for size in sample)
    if free > 1 or fixed == 0 or width % fixed or (free == 0 and width != fixed):
        return given.shape
    return (given.shape[0], *(size if isinstance(size, int) else width // fixed for size in sample))


def _offer(name: str, group: Sequence[Column], rows: int | None) -> TensorSpec:
    first = rows if rows is not None else "rows"
    if len(group) > 1:
        columns = [TensorSpec(one.name, one.dtype, (first,)) for one in group]
        return TensorSpec(name, _widest(columns), (first, len(group)))
    (one,) = group
    return TensorSpec(one.name, one.dtype, one.shape if one.shape else (first,))


def _widest(columns: Sequence[TensorSpec]) -> str:
    dtypes = {column.dtype for column in columns}
    kinds = {_KINDS.get(dtype, "") for dtype in dtypes}
    if len(dtypes) == 1:
        return dtypes.pop()
    if "" in kinds or ("t" in kinds and len(kinds) > 1):
        return "mixed"
    return _WIDEST[max(kinds, key="bift".index)]
