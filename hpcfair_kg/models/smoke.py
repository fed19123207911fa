"""The smoke test of a form that was proved: run once on the smallest inputs, as anyone would run it."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from hpcfair_kg.artifact import TensorSpec
from hpcfair_kg.errors import HPCFairError
from hpcfair_kg.formats.base import Array, Feeds, Reference
from hpcfair_kg.models import infer
from hpcfair_kg.models.consistency import observed
from hpcfair_kg.models.probes import Space, Trial, fill, trials

if TYPE_CHECKING:
    from onnxruntime import InferenceSession as Session


@dataclass(frozen=True)
class Smoke:
    """The signature as it really is and what was run; `reason` when nothing would run."""

    inputs: tuple[TensorSpec, ...] = ()
    outputs: tuple[TensorSpec, ...] = ()
    detail: str = ""
    reason: str | None = None


def smoke(path: Path, seed: int, reference: Reference | None, samples: Sequence[Feeds]) -> Smoke:
    """Load a form, run it once, and note the shapes that came out."""
    try:
        session = infer.load(path)
    except HPCFairError as exc:
        return Smoke(reason=exc.detail)
    inputs, outputs = infer.signature(session)
    reason = "no input was found that it runs on"
    for feeds in _candidates(inputs, seed, reference, samples, session):
        try:
            start = time.perf_counter()
            results = infer.run(session, _cast(feeds, inputs))
        except HPCFairError as exc:
            reason = exc.detail
            continue
        spent = time.perf_counter() - start
        real = tuple(observed(spec, [tuple(results[spec.name].shape)]) for spec in outputs)
        gave = ", ".join(f"{name} {list(array.shape)}" for name, array in results.items())
        return Smoke(inputs, real, f"{Trial(feeds, 'ran once on')} gave {gave} in {1000 * spent:.1f} ms")
    return Smoke(reason=reason)


def _candidates(
    inputs: tuple[TensorSpec, ...],
    seed: int,
    reference: Reference | None,
    samples: Sequence[Feeds],
    session: Session,
) -> Iterator[Feeds]:
    """Yield the smallest inputs, then the author's and the original's own, then those of a shape that runs."""
    space = Space.of(reference) if reference else Space(inputs)
    space = Space(inputs, space.bounds, space.ranges)
    ones = space.clipped(dict.fromkeys((*space.batch, *space.others), 1))
    rng = np.random.Generator(np.random.PCG64(seed))
    yield fill(space, ones, "normal", rng)

    def ask(feeds: Feeds) -> Sequence[Array] | None:
        try:
            return list(infer.run(session, feeds).values())
        except HPCFairError:
            return None

    yield from samples
    yield from reference.probes(seed) if reference else ()
    yield from (trial.feeds for trial, _ in trials(space, seed, ask))


def _cast(feeds: Feeds, inputs: tuple[TensorSpec, ...]) -> dict[str, Array]:
    kinds = {spec.name: object if spec.dtype == "string" else np.dtype(spec.dtype) for spec in inputs}
    return {name: array.astype(kinds[name]) for name, array in feeds.items() if name in kinds}
