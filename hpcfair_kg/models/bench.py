"""The errands of a benchmark: find inputs that a model runs on, and measure one case in a process of its own.

What is timed is onnxruntime's `run` alone, by a clock that never goes back; no run is left out.
Memory is the largest resident set that the kernel saw of this process
(getrusage(2), ru_maxrss), which began as a copy of a warm one.
"""

from __future__ import annotations

import resource
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from hpcfair_kg.activity import Measurement, Step
from hpcfair_kg.artifact import TensorSpec, build, plain
from hpcfair_kg.errors import HPCFairError, NotRunnable
from hpcfair_kg.formats import graphs
from hpcfair_kg.formats.base import Feeds
from hpcfair_kg.models import infer
from hpcfair_kg.models.consistency import Runs, ranges
from hpcfair_kg.models.feeding import checked
from hpcfair_kg.models.probes import LARGEST, Search, Space, fill, unmakeable
from hpcfair_kg.models.steps import Steps, software

if TYPE_CHECKING:
    from onnxruntime import InferenceSession as Session

Emit = Callable[[Mapping[str, Any]], None]

MEASURING = ("onnxruntime", "numpy")
LEAST = 3
"""Runs that are timed whatever time they take."""
_TOLD = 10
"""How often a case says how far it is."""


def fit(model: str, seed: int, emit: Emit) -> dict[str, Any]:
    """Return the smallest inputs that an ONNX file runs on: {inputs, sizes, bounds, limit, kind}.

    `sizes` are those of the symbolic dimensions, `bounds` and `limit` those of
    integers, `kind` is of the values.  Raises `NotRunnable` where none is found.
    """
    path = Path(model)
    session, graph = infer.load(path), graphs.load(path)
    space = Space(infer.signature(session)[0], graphs.tables(graph), ranges(graph))
    if reason := unmakeable(space):
        raise NotRunnable(reason, reason=reason)
    runs = Runs(session)
    search = Search(space, np.random.Generator(np.random.PCG64(seed)), runs)
    for sizes in (space.clipped(dict.fromkeys((*space.batch, *space.others), 1)), search.base()):
        for kind in ("normal", "negative"):
            if sizes is not None and search.run(sizes, kind):
                return {
                    "inputs": plain(space.inputs),
                    "sizes": dict(sizes),
                    "bounds": dict(space.bounds),
                    "limit": search.limit,
                    "kind": kind,
                }
    reason = f"it runs on no input that was made here; it says: {next(iter(runs.refused.values()), '')[:600]}"
    raise NotRunnable(reason, reason=reason)


def bench(
    model: str,
    of: str,
    fitting: Mapping[str, Any],
    batch: int,
    threads: int,
    repeats: int,
    warm_up: int,
    seconds: float,
    seed: int,
    used: Sequence[str],
    remarks: Sequence[str],
    emit: Emit,
) -> dict[str, Any]:
    """Measure one case and return its step as JSON; one that does not run is a step that failed, with the reason.

    `of` is the artifact's IRI, `fitting` what `fit` returned.  At most `repeats`
    runs are timed, and no new one begins after `seconds`.
    """
    steps = Steps(emit)
    begun = Step(
        "benchmark",
        "running",
        software=software(MEASURING),
        used=tuple(used),
        batch=batch,
        threads=threads,
    )
    step = steps.begin(begun)
    before = peak()
    try:
        session = infer.load(Path(model), threads)
        feeds = inputs(fitting, batch, seed)
        times = timed(session, feeds, warm_up, repeats, seconds, _teller(emit, batch, threads, repeats))
    except HPCFairError as exc:
        return dict(plain(steps.end(step, "failed", detail=exc.detail)))
    shapes = ", ".join(f"{name} {list(array.shape)}" for name, array in feeds.items())
    said = (
        f"{shapes}, seed {seed}; after {warm_up} runs to warm up the fastest took {_ms(min(times)):.4g} ms, "
        f"the slowest {_ms(max(times)):.4g}; of the memory {before / 1e6:.0f} MB were there before the model",
        *remarks,
    )
    ended = steps.end(
        step,
        "succeeded",
        detail="; ".join(said),
        repeats=len(times),
        measurements=figures(times, batch, of),
    )
    return dict(plain(ended))


def inputs(fitting: Mapping[str, Any], batch: int, seed: int) -> Feeds:
    """Return the inputs of one case: as `fit` found them, with the first axes as long as the batch."""
    specs = tuple(build(TensorSpec, spec) for spec in fitting["inputs"])
    space = Space(specs, fitting["bounds"])
    sizes = {**fitting["sizes"], **dict.fromkeys(space.batch, batch)}
    if (size := space.bytes(sizes)) > LARGEST:
        reason = (
            f"inputs for a batch of {batch} take {size / 1e9:.2g} GB; at most {LARGEST / 1e9:.2g} are made"
        )
        raise NotRunnable(reason, reason=reason)
    rng = np.random.Generator(np.random.PCG64(seed))
    return fill(space, sizes, fitting["kind"], rng, fitting["limit"])


def timed(
    session: Session,
    feeds: Feeds,
    warm_up: int,
    repeats: int,
    seconds: float,
    tell: Callable[[int], None],
) -> list[int]:
    """Return what each run took, in nanoseconds; raises `WrongInput` where the model refuses the inputs."""
    infer.run(session, feeds)
    fed = checked(feeds, infer.signature(session)[0])
    for _ in range(warm_up - 1):
        session.run(None, fed)
    times: list[int] = []
    end = time.monotonic() + seconds
    while len(times) < repeats and (len(times) < LEAST or time.monotonic() < end):
        start = time.perf_counter_ns()
        session.run(None, fed)
        times.append(time.perf_counter_ns() - start)
        tell(len(times))
    return times


def figures(times: Sequence[int], batch: int, of: str) -> tuple[Measurement, ...]:
    """Return the figures of runs: the quantiles are runs that there were, throughput counts samples."""
    p50, p99 = np.quantile(times, (0.5, 0.99), method="inverted_cdf")
    return (
        Measurement("latencyP50", _ms(p50), "MilliSEC", of),
        Measurement("latencyP99", _ms(p99), "MilliSEC", of),
        Measurement("throughput", batch * len(times) / (sum(times) / 1e9), "PER-SEC", of),
        Measurement("peakMemory", float(peak()), "BYTE", of),
    )


def peak() -> int:
    """Return the largest resident set of this process until now, in bytes."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


def _ms(nanoseconds: float) -> float:
    return float(nanoseconds) / 1e6


def _teller(emit: Emit, batch: int, threads: int, repeats: int) -> Callable[[int], None]:
    every = max(repeats // _TOLD, 1)

    def tell(done: int) -> None:
        if done % every == 0:
            detail = f"batch {batch}, {threads} threads: {done} of {repeats} runs"
            emit({"event": "progress", "detail": detail, "done": done, "total": repeats})

    return tell
