"""A chain run part by part beside the one file it is merged into: python -m tests.benchmarks.bench_chain.

Pairs of multi-layer perceptrons of three sizes are merged as a collaboration
merges them; printed are the medians of the time for one row, and their ratio.
Both take onnxruntime's default threads; the rounds of the two alternate.
"""

from __future__ import annotations

import statistics
import tempfile
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

import numpy as np

from hpcfair_kg.models import infer
from hpcfair_kg.models.chain import Part
from hpcfair_kg.models.merge import merge
from hpcfair_kg.models.wiring import wire
from tests.benchmarks.bench_inference import perceptron

SIZES = {"tiny": (4, 16, 8), "middle": (256, 1024, 256), "large": (2048, 4096, 2048)}
ROUNDS = 300


def main() -> None:
    """Merge, time, print."""
    print(f"{'pair':>8} {'chained ms':>11} {'merged ms':>10} {'merged / chained':>17}")
    for name, (taken, hidden, given) in SIZES.items():
        with tempfile.TemporaryDirectory() as folder:
            first = perceptron(Path(folder, "first.onnx"), taken, hidden, given)
            second = perceptron(Path(folder, "second.onnx"), given, hidden, taken)
            chain = wire([Part.open("first", first), Part.open("second", second)])
            whole = Path(folder, "merged.onnx")
            verdict = merge(chain, whole, seed=7)
            assert verdict.outcome == "equal", verdict.reason
            session = infer.load(whole)
            feeds = {"x": np.random.default_rng(0).normal(size=(1, taken)).astype(np.float32)}
            chained, merged = _times(partial(chain.run, feeds), partial(infer.run, session, feeds))
            print(f"{name:>8} {chained:11.4f} {merged:10.4f} {merged / chained:17.2f}")


def _times(*runs: Callable[[], object]) -> tuple[float, ...]:
    """Return the median milliseconds of each, the rounds in turn."""
    found: list[list[float]] = [[] for _ in runs]
    for _ in range(ROUNDS):
        for times, run in zip(found, runs, strict=True):
            start = time.perf_counter_ns()
            run()
            times.append((time.perf_counter_ns() - start) / 1e6)
    return tuple(statistics.median(times[10:]) for times in found)


if __name__ == "__main__":
    main()
