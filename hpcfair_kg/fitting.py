"""What fits what: an output and an input, and which of many outputs feed which of many inputs."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from math import prod
from typing import Final

from hpcfair_kg.artifact import Dimension, TensorSpec

MOST_WIRINGS: Final = 500
"""Wirings that are looked at of two models: a model of many equal tensors has more than anyone could count."""

Arriving = Callable[[TensorSpec, TensorSpec], TensorSpec | None]
"""What a given tensor is when it arrives at an input, None where it does not fit."""
_Term = int | tuple[str, str]
_Sizes = Mapping[_Term, _Term]


def fits(given: TensorSpec, taken: TensorSpec) -> bool:
    """Say whether an output may be fed to an input: by dtype, rank and fixed dimensions.

    A symbolic dimension fits any; an empty shape is a scalar, or a rank that
    the model does not say, and fits any shape.
    """
    if given.dtype != taken.dtype:
        return False
    if not given.shape or not taken.shape:
        return True
    return len(given.shape) == len(taken.shape) and all(
        isinstance(a, str) or isinstance(b, str) or a == b
        for a, b in zip(given.shape, taken.shape, strict=True)
    )


def as_it_is(given: TensorSpec, taken: TensorSpec) -> TensorSpec | None:
    """Return an output as it arrives at an input of another model: unchanged, where it fits."""
    return given if fits(given, taken) else None


def array_of(column: str) -> str:
    """Return the name of the array that a column of a table is part of: its own, or `x` for `x[0]`.

    >>> array_of("x[12]"), array_of("x"), array_of("x[a]")
    ('x', 'x', 'x[a]')
    """
    name, bracket, index = column.partition("[")
    return name if bracket and index[:-1].isdigit() and index.endswith("]") else column


@dataclass(frozen=True, slots=True)
class Wire:
    """One given tensor that feeds one input; `arrived` is what it is there."""

    given: TensorSpec
    taken: TensorSpec
    arrived: TensorSpec

    @property
    def named(self) -> bool:
        """Whether both have the same name."""
        return self.given.name == self.taken.name

    @property
    def matched(self) -> tuple[int, ...]:
        """The fixed dimensions that both say, and say equally."""
        pairs = zip(self.arrived.shape, self.taken.shape, strict=False)
        return tuple(b for a, b in pairs if isinstance(a, int) and a == b)


@dataclass(frozen=True, slots=True)
class Feeding:
    """Which given tensors feed which inputs; what nothing feeds is `remaining`.

    `ambiguous` where as many inputs could be fed in another way.
    """

    wires: tuple[Wire, ...]
    remaining: tuple[TensorSpec, ...]
    ambiguous: bool


def feed(
    given: Sequence[TensorSpec], taken: Sequence[TensorSpec], arriving: Arriving = as_it_is
) -> Feeding | None:
    """Find how given tensors feed the inputs of a model; None where they feed none.

    Each feeds one input at most.  Equal names come first, then as many inputs
    as can be.  A symbol, of the giver's or of the taker's, has one size within
    a wiring: [batch, 5] and [batch, 7] do not feed [n, d] and [n, d].
    """
    named, sizes = _by_name(given, taken, arriving)
    left = [spec for spec in taken if all(wire.taken is not spec for wire in named)]
    free = [spec for spec in given if all(wire.given is not spec for wire in named)]
    options = [[wire for one in free if (wire := _wire(one, spec, arriving))] for spec in left]
    choices = list(islice(_choices([some for some in options if some], sizes), MOST_WIRINGS))
    most = max(map(len, choices))
    best = [choice for choice in choices if len(choice) == most]
    wires = (*named, *max(best, key=_evidence))
    fed = {id(wire.taken) for wire in wires}
    remaining = tuple(spec for spec in taken if id(spec) not in fed)
    return Feeding(wires, remaining, len(best) > 1) if wires else None


def _by_name(
    given: Sequence[TensorSpec], taken: Sequence[TensorSpec], arriving: Arriving
) -> tuple[list[Wire], _Sizes]:
    names = {spec.name: spec for spec in given}
    wires: list[Wire] = []
    sizes: _Sizes = {}
    for spec in taken:
        wire = _wire(names[spec.name], spec, arriving) if spec.name in names else None
        if wire and (bound := _bound(sizes, wire)) is not None:
            wires.append(wire)
            sizes = bound
    return wires, sizes


def _choices(options: Sequence[Sequence[Wire]], sizes: _Sizes) -> Iterator[tuple[Wire, ...]]:
    """Yield the ways to feed some of the inputs whose options these are, no tensor twice."""
    if not options:
        yield ()
        return
    first, *rest = options
    for wire in first:
        if (bound := _bound(sizes, wire)) is not None:
            others = [[one for one in some if one.given is not wire.given] for some in rest]
            yield from ((wire, *more) for more in _choices(others, bound))
    yield from _choices(rest, sizes)


def _wire(given: TensorSpec, taken: TensorSpec, arriving: Arriving) -> Wire | None:
    arrived = arriving(given, taken)
    return Wire(given, taken, arrived) if arrived else None


def _bound(sizes: _Sizes, wire: Wire) -> _Sizes | None:
    """Return the sizes of all symbols with one more wire, None where one would have two sizes."""
    bound = dict(sizes)
    if wire.arrived.shape and wire.taken.shape:
        for a, b in zip(wire.arrived.shape, wire.taken.shape, strict=True):
            one, other = _size(bound, a, "given"), _size(bound, b, "taken")
            if isinstance(one, int) and isinstance(other, int) and one != other:
                return None
            if one != other:
                symbol, size = (other, one) if isinstance(one, int) else (one, other)
                bound[symbol] = size
    return bound


def _size(sizes: _Sizes, dimension: Dimension, side: str) -> _Term:
    term: _Term = dimension if isinstance(dimension, int) else (side, dimension)
    while term in sizes:
        term = sizes[term]
    return term


def _evidence(wires: Sequence[Wire]) -> int:
    return prod(size for wire in wires for size in wire.matched)
