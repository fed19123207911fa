"""Inputs to try a model on: which shapes its free dimensions take, and what the tensors hold.

Every symbolic dimension takes at least three sizes, 1 among them, as far as the
model allows; the tensors hold normal, uniform, zero and negative values from
NumPy's PCG64, integers stay below the size of the table that they index.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from math import prod
from typing import Any

import numpy as np

from hpcfair_kg.artifact import Dimension, TensorSpec
from hpcfair_kg.formats.base import Array, Feeds, Reference

KINDS = ("normal", "uniform", "zero", "negative")
LARGEST = 256 << 20
"""Bytes that one set of inputs may take."""
_LENGTHS = (7, 13, 32, 64, 128, 224, 256, 512, 1024, 2048, 16000)
"""Sizes that models with a smallest or a fixed grid of sizes take, tried until one is taken."""
_WORDS = ("a", "b", "yes", "no", "low", "high", "The quick brown fox", "naïve café")
_SYMBOL = re.compile(r"[A-Za-z_]\w*")

Sizes = Mapping[str, int]
Ask = Callable[[Feeds], Sequence[Array] | None]
"""Runs a model; None when it refuses the inputs."""


@dataclass(frozen=True)
class Space:
    """What may be fed: the inputs, the bounds of integers, the ranges of symbolic dimensions."""

    inputs: tuple[TensorSpec, ...]
    bounds: Mapping[str, int] = field(default_factory=dict)
    ranges: Mapping[str, tuple[int, int | None]] = field(default_factory=dict)

    @classmethod
    def of(cls, reference: Reference) -> Space:
        """Return what a reference says of itself."""
        return cls(tuple(reference.inputs), reference.bounds, reference.ranges)

    @property
    def batch(self) -> tuple[str, ...]:
        """The symbols of the first axes."""
        return _symbols(spec.shape[:1] for spec in self.inputs)

    @property
    def others(self) -> tuple[str, ...]:
        """The symbols of all other axes."""
        every = _symbols(spec.shape for spec in self.inputs)
        return tuple(name for name in every if name not in self.batch)

    def clipped(self, sizes: Sizes) -> dict[str, int]:
        """Return the sizes moved into their ranges."""
        return {name: self._into_range(name, size) for name, size in sizes.items()}

    def _into_range(self, name: str, size: int) -> int:
        low, high = self.ranges.get(name, (1, None))
        return max(low, size if high is None else min(size, high))

    def bytes(self, sizes: Sizes) -> int:
        """Return what one set of inputs of these sizes takes in memory."""
        return sum(prod(shape_of(spec, sizes)) * _width(spec.dtype) for spec in self.inputs)


@dataclass(frozen=True)
class Trial:
    """One set of inputs and what kind it is: one of `KINDS`, "probe" or "sample"."""

    feeds: Feeds
    kind: str

    @property
    def shape(self) -> tuple[int, ...]:
        """The shape of the first input."""
        return next((tuple(array.shape) for array in self.feeds.values()), ())

    def __str__(self) -> str:
        shapes = ", ".join(f"{name} {list(array.shape)}" for name, array in self.feeds.items())
        return f"{self.kind} inputs {shapes}"


def trials(space: Space, seed: int, ask: Ask) -> Iterator[tuple[Trial, Sequence[Array]]]:
    """Yield generated inputs that the model takes, and what it gives for them.

    The first shape found gets every kind of values, each further shape normal
    and negative ones.
    """
    search = Search(space, np.random.Generator(np.random.PCG64(seed)), ask)
    for number, sizes in enumerate(search.shapes()):
        for kind in KINDS if number == 0 else ("normal", "negative"):
            if run := search.run(sizes, kind):
                yield run


@dataclass
class Search:
    """Finds shapes that a model takes; `limit` bounds the integers of which no table is known."""

    space: Space
    rng: np.random.Generator
    ask: Ask
    limit: int = 100

    def run(self, sizes: Sizes, kind: str) -> tuple[Trial, Sequence[Array]] | None:
        """Return one trial and what the model gives for it; None when it refuses."""
        trial = Trial(fill(self.space, sizes, kind, self.rng, self.limit), kind)
        outputs = self.ask(trial.feeds)
        return None if outputs is None else (trial, outputs)

    def takes(self, sizes: Sizes) -> bool:
        """Tell whether the model takes inputs of these sizes: of a mask, for one, normal values may be none."""
        if self.space.bytes(sizes) > LARGEST:
            return False
        return any(self.run(sizes, kind) for kind in ("normal", "negative"))

    def base(self) -> Sizes | None:
        """Return the first sizes that the model takes."""
        for self.limit in (100, 2):
            for length in _LENGTHS:
                for batch in (3, length, 1):
                    sizes = {**dict.fromkeys(self.space.batch, batch)}
                    sizes |= dict.fromkeys(self.space.others, length)
                    if self.takes(sizes := self.space.clipped(sizes)):
                        return sizes
                    if not self.space.batch:
                        break
                if not sizes:
                    break
        return None

    def shapes(self) -> Iterator[Sizes]:
        """Yield the base and, for each group of axes and each axis, two more sizes that the model takes."""
        base = self.base()
        if base is None:
            return
        seen = [dict(base)]
        yield base
        for group in self._groups():
            taken = 0
            for size in _others(base[group[0]]):
                sizes = self.space.clipped({**base, **dict.fromkeys(group, size)})
                if taken < 2 and sizes not in seen and self.takes(sizes):
                    taken += 1
                    seen.append(sizes)
                    yield sizes

    def _groups(self) -> Iterator[tuple[str, ...]]:
        """Yield the axes that are varied together: the first ones, the others, all, and each by itself."""
        batch, others = self.space.batch, self.space.others
        yield from filter(None, (batch, others, batch and others and (*batch, *others)))
        yield from ((name,) for group in (batch, others) if len(group) > 1 for name in group)


def unmakeable(space: Space) -> str | None:
    """Return why no inputs can be made here: sequences and maps, or gigabytes; None when they can."""
    strange = [spec for spec in space.inputs if not _is_tensor(spec.dtype)]
    if strange:
        return f"input {strange[0].name!r} is {strange[0].dtype}: such inputs are not made here, so it was not run"
    size = space.bytes(space.clipped(dict.fromkeys((*space.batch, *space.others), 1)))
    if size > LARGEST:
        return (
            f"its declared inputs take {size / 1e9:,.1f} GB a run, more than the {LARGEST / 1e9:.2f} GB "
            "that are tried here: leave the large dimension open"
        )
    return None


def _is_tensor(dtype: str) -> bool:
    try:
        return dtype == "string" or np.dtype(dtype).kind in "biuf"
    except TypeError:
        return False


def fill(
    space: Space, sizes: Sizes, kind: str, rng: np.random.Generator, limit: int = 100
) -> dict[str, Array]:
    """Return one set of inputs: `limit` bounds the integers of which no table is known."""
    return {
        spec.name: _values(spec, shape_of(spec, sizes), kind, rng, space.bounds.get(spec.name), limit)
        for spec in space.inputs
    }


def shape_of(spec: TensorSpec, sizes: Sizes) -> tuple[int, ...]:
    """Return the shape of an input; a dimension may be an expression such as "2*length + 1"."""
    return tuple(_size(dimension, sizes) for dimension in spec.shape)


def _size(dimension: Dimension, sizes: Sizes) -> int:
    if isinstance(dimension, int):
        return dimension
    if dimension in sizes:
        return sizes[dimension]
    terms = [_term(term, sizes) for term in re.split(r"(?=[+-])", dimension.replace(" ", "")) if term]
    return max(sum(terms), 1)


def _term(term: str, sizes: Sizes) -> int:
    """Return a product or quotient such as "-2*length" or "length//2"."""
    sign = -1 if term.startswith("-") else 1
    value = 1
    for operator, factor in re.findall(r"(\*|//|^)([^*/]+)", term.lstrip("+-").strip("()")):
        number = int(factor) if factor.isdigit() else sizes.get(factor.strip("()"), 1)
        value = value // number if operator == "//" else value * number
    return sign * value


def _symbols(shapes: Iterator[tuple[Dimension, ...]]) -> tuple[str, ...]:
    """Return the names in some shapes, those inside expressions too."""
    texts = [d for shape in shapes for d in shape if isinstance(d, str)]
    plain = [text if _is_name(text) else _SYMBOL.findall(text) for text in texts]
    return tuple(dict.fromkeys(n for names in plain for n in ([names] if isinstance(names, str) else names)))


def _is_name(text: str) -> bool:
    return not re.search(r"[*+/()]", text) and not re.search(r"\s-|-\s|^-|-\d+$", text)


def _others(size: int) -> tuple[int, ...]:
    return tuple(
        dict.fromkeys(n for n in (1, 11, 2 * size, size // 2, size + 1, 2, 3 * size) if n != size and n)
    )


def _values(
    spec: TensorSpec,
    shape: tuple[int, ...],
    kind: str,
    rng: np.random.Generator,
    bound: int | None,
    limit: int,
) -> Array:
    if spec.dtype == "string":
        words = _WORDS if kind != "zero" else ("",)
        return np.array(rng.choice(words, shape), object)
    dtype = np.dtype(spec.dtype)
    if kind == "zero":
        return np.zeros(shape, dtype)
    if dtype.kind == "b":
        return rng.random(shape) < 0.5
    if dtype.kind in "iu":
        return _integers(dtype, shape, kind, rng, bound, limit)
    values = rng.random(shape) if kind == "uniform" else rng.standard_normal(shape)
    return np.asarray(-np.abs(values) if kind == "negative" else values).astype(dtype)


def _integers(
    dtype: np.dtype[Any],
    shape: tuple[int, ...],
    kind: str,
    rng: np.random.Generator,
    bound: int | None,
    limit: int,
) -> Array:
    """Return integers below the bound; "negative" ones are the last row of a known table."""
    high = min(bound or limit, np.iinfo(dtype).max)
    if kind == "negative":
        if bound:
            return np.full(shape, high - 1, dtype)
        return (-rng.integers(0, high, shape) if dtype.kind == "i" else rng.integers(0, high, shape)).astype(
            dtype
        )
    return rng.integers(0, high, shape).astype(dtype)


def _width(dtype: str) -> int:
    return 16 if dtype == "string" else np.dtype(dtype).itemsize
