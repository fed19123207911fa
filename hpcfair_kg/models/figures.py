"""How far two sets of outputs are apart, in every figure that a verdict gives."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from math import sqrt

import numpy as np

from hpcfair_kg.activity import Ulp
from hpcfair_kg.formats.base import Array

TOLERANCES = {"float16": 1e-2}
"""The normalised error allowed for element types coarser than float32."""


@dataclass
class Distance:
    """The distance of one floating-point output from its reference, summed up over many trials.

    `normalised` divides the largest difference by the largest finite value of
    the reference; what came from the author or from probes is never divided by
    less than the largest value seen on generated inputs.
    """

    count: int = 0
    max_rel: float = 0.0
    squares: float = 0.0
    dot: float = 0.0
    reference_norm: float = 0.0
    other_norm: float = 0.0
    worst: dict[str, float] = field(default_factory=dict)
    scale: dict[str, float] = field(default_factory=dict)
    ulps: list[Array] = field(default_factory=list)

    def add(self, reference: Array, other: Array, source: str = "generated") -> None:
        """Compare two arrays of one shape, whose NaNs and infinities are where each other's are."""
        finite = np.isfinite(reference)
        r, o = reference[finite].astype(np.float64), other[finite].astype(np.float64)
        if not r.size:
            return
        difference = np.abs(r - o)
        self.count += r.size
        self.squares += float(difference @ difference)
        self.dot += float(r @ o)
        self.reference_norm += float(r @ r)
        self.other_norm += float(o @ o)
        self.worst[source] = max(self.worst.get(source, 0.0), float(difference.max()))
        self.scale[source] = max(self.scale.get(source, 0.0), float(np.abs(r).max()))
        relative = difference[r != 0] / np.abs(r[r != 0])
        self.max_rel = max(self.max_rel, float(relative.max(initial=0.0)))
        self.ulps.append(ulps(reference[finite], other[finite]))

    @property
    def max_abs(self) -> float:
        """The largest difference."""
        return max(self.worst.values(), default=0.0)

    @property
    def normalised(self) -> float:
        """The largest difference as a part of the largest reference value."""
        return max((_ratio(d, self._scale(source)) for source, d in self.worst.items()), default=0.0)

    def _scale(self, source: str) -> float:
        return max(self.scale[source], self.scale.get("generated", 0.0))

    @property
    def rms(self) -> float:
        """The root of the mean squared difference."""
        return sqrt(self.squares / self.count) if self.count else 0.0

    @property
    def cosine(self) -> float:
        """The cosine between all values and all reference values, as two long vectors."""
        norms = sqrt(self.reference_norm) * sqrt(self.other_norm)
        if norms == 0.0:
            return 1.0 if self.reference_norm == self.other_norm else 0.0
        return max(-1.0, min(1.0, self.dot / norms))


def quantiles(distances: list[Array]) -> Ulp | None:
    """Return median, 99th percentile and maximum of distances in units in the last place."""
    if not distances:
        return None
    p50, p99, most = np.quantile(np.concatenate(distances), (0.5, 0.99, 1.0))
    return Ulp(float(p50), float(p99), float(most))


def ulps(reference: Array, other: Array) -> Array:
    """Return how many numbers of the type of `other` lie between two finite arrays, element by element."""
    with np.errstate(over="ignore"):
        rounded = np.clip(reference, np.finfo(other.dtype).min, np.finfo(other.dtype).max).astype(other.dtype)
    a, b = _rank(rounded), _rank(other)
    return np.where(a > b, a - b, b - a).astype(np.float64)


def _rank(values: Array) -> Array:
    """Number the floats in their order, both zeros the same, as unsigned integers that differ by steps."""
    width = values.dtype.itemsize
    bits = np.ascontiguousarray(values).view(f"i{width}").astype(np.int64)
    lowest = np.int64(-(1 << (8 * width - 1)))
    ordered = np.where(bits < 0, lowest - bits, bits)
    return np.asarray(ordered.view(np.uint64) ^ np.uint64(1 << 63))


def fault(reference: Array, other: Array) -> str | None:
    """Return why two outputs cannot even be compared by distance: shape, NaNs or infinities; None when they can."""
    if reference.shape != other.shape:
        return unlike(reference, other)
    nans = np.isnan(reference) != np.isnan(other)
    if nans.any():
        return f"differs in {int(nans.sum())} of {nans.size} places in whether it is NaN"
    infinite = np.isinf(reference) | np.isinf(other)
    if not np.array_equal(reference[infinite], other[infinite].astype(reference.dtype)):
        return f"differs in which of its {infinite.size} values are infinite"
    return None


def unlike(reference: Array, other: Array) -> str:
    """Say how the shapes of two outputs differ."""
    return f"has the shape {list(other.shape)} where the original gives {list(reference.shape)}"


def mismatched(reference: Array, other: Array) -> Array:
    """Return where labels differ; numbers are compared by value, everything else as text."""
    if reference.dtype.kind in "OUS" or other.dtype.kind in "OUS":
        return np.asarray(reference.astype(str) != other.astype(str))
    return np.asarray(reference != other)


def undecided(shape: tuple[int, ...], outputs: Iterable[Array], tolerance: float) -> Array:
    """Return where labels of a shape are toss-ups: the scores beside them are equal within the tolerance.

    Scores are an output with one more axis, a value a class; or, a column for a
    column of labels, values whose sign decides.
    """
    places = np.zeros(shape, bool)
    for scores in outputs:
        if scores.dtype.kind != "f" or not scores.size:
            continue
        small = tolerance * np.abs(scores).max()
        if scores.shape[:-1] == shape and scores.shape[-1] > 1:
            top = np.partition(scores, -2, axis=-1)
            places |= top[..., -1] - top[..., -2] <= small
        elif scores.shape == shape:
            places |= np.abs(scores) <= small
    return places


def _ratio(difference: float, scale: float) -> float:
    """Divide; whatever differs from a reference that is zero everywhere is off by all of it."""
    if difference == 0.0:
        return 0.0
    return difference / scale if scale > 0.0 else max(difference, 1.0)
