"""The proof: is the ONNX form the same function as the original?

Both are run on generated inputs of several shapes, on what the original itself
calls hard, and on the author's rows.  The form is equal when on every trial all
outputs have the same shapes, NaNs and labels, and the largest difference is at
most `tolerance` of the largest reference value.  (A tolerance relative to each
value would refuse good models near zero.)  A label is a toss-up, and may fall
either way, where the original's own scores of two classes are that near.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from hpcfair_kg.activity import Verdict
from hpcfair_kg.errors import CorruptFile, HPCFairError
from hpcfair_kg.formats import graphs
from hpcfair_kg.formats.base import Array, Feeds, Reference
from hpcfair_kg.models import infer
from hpcfair_kg.models.comparison import Comparison, cast
from hpcfair_kg.models.consistency import examine
from hpcfair_kg.models.probes import Space, Trial, trials, unmakeable

TOLERANCE = 1e-4


def prove(
    reference: Reference,
    onnx_path: Path,
    *,
    seed: int,
    samples: Sequence[Feeds] = (),
    tolerance: float = TOLERANCE,
) -> Verdict:
    """Compare an ONNX file with the original, and return every figure.

    The outcome is "equal", "different" with a reason that names the output and
    the inputs, or "none" when the original itself ran on nothing that was tried.
    """
    return proof(reference, onnx_path, seed, samples, tolerance).verdict


@dataclass(frozen=True)
class Proof:
    """A verdict and what is worth knowing beside it."""

    verdict: Verdict
    notes: tuple[str, ...] = ()


def proof(
    reference: Reference,
    onnx_path: Path,
    seed: int,
    samples: Sequence[Feeds] = (),
    tolerance: float = TOLERANCE,
) -> Proof:
    """Return the verdict that `prove` returns, with notes on toss-ups."""
    opset = opset_of(onnx_path)
    try:
        session = infer.load(onnx_path)
        comparison = Comparison(reference, session, tolerance)
    except HPCFairError as exc:
        return Proof(Verdict("different", seed=seed, opset=opset, reason=exc.detail))
    asked = Asked(reference)
    asked.refusal = unmakeable(Space.of(reference))
    for trial, outputs in _tried(asked, seed, samples):
        comparison.add(trial, outputs)
        if comparison.broken:
            break
    return Proof(comparison.verdict(seed, opset, asked.refusal), comparison.notes)


def consistent(onnx_path: Path, seed: int) -> Verdict:
    """Hold what came as ONNX against itself: the declared signature against what runs, and twice the same."""
    return examine(onnx_path, seed).verdict


def opset_of(path: Path) -> int | None:
    """Return the default opset of an ONNX file; None for what cannot be read."""
    try:
        return graphs.opset(graphs.load(path))
    except (CorruptFile, OSError):
        return None


class Asked:
    """A reference that answers None to inputs that it refuses, and remembers why."""

    def __init__(self, reference: Reference) -> None:
        self.reference = reference
        self.refusal: str | None = None

    def __call__(self, feeds: Feeds) -> Sequence[Array] | None:
        """Return the outputs as arrays, or None."""
        try:
            return [np.asarray(output) for output in self.reference(feeds)]
        except Exception as exc:  # noqa: BLE001  # a framework refuses a shape with whatever it likes
            self.refusal = " ".join(str(exc).split())[:500] or type(exc).__name__
            return None


def _tried(asked: Asked, seed: int, samples: Sequence[Feeds]) -> Iterator[tuple[Trial, Sequence[Array]]]:
    """Yield every trial that the original takes: generated, its own hard ones, the author's."""
    reference = asked.reference
    yield from trials(Space.of(reference), seed, asked)
    hard = [Trial(feeds, "probe") for feeds in reference.probes(seed)]
    given = [Trial(_as_taken(feeds, reference), "sample") for feeds in samples]
    for trial in (*hard, *given):
        outputs = asked(trial.feeds)
        if outputs is not None:
            yield trial, outputs


def _as_taken(feeds: Feeds, reference: Reference) -> Feeds:
    if reference.full_precision:
        return feeds
    kinds = {spec.name: spec.dtype for spec in reference.inputs}
    return {name: cast(array, kinds[name]) if name in kinds else array for name, array in feeds.items()}
