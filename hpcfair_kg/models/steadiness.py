"""How far the original's own answer moves where nothing should move it.

A published model gives, for three rows of silence sent together, a third row
that is 28 % off the first two; for noise, its answer moves by 4e-4 when every
input moves by one unit in the last place.  No other implementation can be held
to 1e-4 there, for the original cannot.  (Higham, Accuracy and Stability of
Numerical Algorithms, 2002, section 1.6: forward error is condition times
backward error.)
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from hpcfair_kg.formats.base import Array, Feeds, Reference

FACTOR = 10.0
"""A form may be off by so many times the original's own movement."""
ROUNDS = 3


def movement(
    reference: Reference, feeds: Feeds, outputs: Sequence[Array], seed: int = 0, *, twice: bool = True
) -> float:
    """Return the largest normalised change of the outputs, of inputs moved by one ulp or sent `twice`.

    What the original refuses or answers in other shapes moves it by nothing.
    """
    rng = np.random.Generator(np.random.PCG64(seed))
    nudges = [_change(outputs, _answer(reference, _nudged(feeds, rng))) for _ in range(ROUNDS)]
    return max(*nudges, _repeated(reference, feeds, outputs) if twice else 0.0)


def rows_are_separate(reference: Reference, feeds: Feeds, outputs: Sequence[Array], tolerance: float) -> bool:
    """Tell whether the first axis is one of samples: sending them twice changes no answer.

    Where it is time, or something is summed over it, it does, and is no unsteadiness.
    """
    moved = movement(reference, feeds, outputs, twice=False)
    return _repeated(reference, feeds, outputs) <= max(tolerance, FACTOR * moved)


def _repeated(reference: Reference, feeds: Feeds, outputs: Sequence[Array]) -> float:
    if len({array.shape[:1] for array in feeds.values()}) != 1:
        return 0.0
    double = {name: np.concatenate([array, array]) for name, array in feeds.items() if array.ndim}
    return _change(outputs, _answer(reference, double))


def apart(reference: Array, other: Array) -> float:
    """Return the largest difference as a part of the largest reference value; 0 of what is not comparable."""
    other = other[: len(reference)] if reference.ndim else other
    if reference.dtype.kind != "f" or reference.shape != other.shape or not reference.size:
        return 0.0
    difference = float(np.nanmax(np.abs(reference.astype(np.float64) - other), initial=0.0))
    return difference / max(float(np.nanmax(np.abs(reference), initial=0.0)), float(np.finfo("f4").tiny))


def _nudged(feeds: Feeds, rng: np.random.Generator) -> Mapping[str, Array]:
    """Return the feeds with every floating-point value moved to one of its two neighbours."""
    return {
        name: np.nextafter(array, rng.choice(np.array([-np.inf, np.inf], array.dtype), array.shape))
        if array.dtype.kind == "f"
        else array
        for name, array in feeds.items()
    }


def _answer(reference: Reference, feeds: Feeds) -> Sequence[Array]:
    try:
        return [np.asarray(output) for output in reference(feeds)]
    except Exception:  # noqa: BLE001  # a framework refuses a shape with whatever it likes
        return ()


def _change(outputs: Sequence[Array], others: Sequence[Array]) -> float:
    return max((apart(one, other) for one, other in zip(outputs, others, strict=False)), default=0.0)
