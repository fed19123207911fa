"""A benchmark, case by case: each batch size with each number of threads, in a process of its own, one at a time."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from hpcfair_kg.activity import Step
from hpcfair_kg.artifact import TensorSpec, build
from hpcfair_kg.errors import BoxFailed
from hpcfair_kg.models.bench import MEASURING
from hpcfair_kg.models.probes import Space
from hpcfair_kg.models.steps import software

Ask = Callable[[str, Mapping[str, Any]], Any]
"""Runs an errand "models.bench:…" with its arguments over the model's files and returns its answer."""

PRELOAD = (*MEASURING, "hpcfair_kg.models.bench")
"""What the warm process imports before it forks those that measure."""


@dataclass(frozen=True)
class Plan:
    """What to measure: `threads` () is one and all; at most `repeats` runs a case, none begun after `seconds`."""

    batches: tuple[int, ...] = (1, 8, 32)
    threads: tuple[int, ...] = ()
    repeats: int = 100
    warm_up: int = 10
    seconds: float = 20.0


@dataclass(frozen=True)
class Case:
    """One batch size and number of threads, and what is to be said of them."""

    batch: int
    threads: int
    remarks: tuple[str, ...] = ()


def measured(ask: Ask, model: Path, plan: Plan, of: str, used: Sequence[str], seed: int) -> Iterator[Step]:
    """Yield the step of each case, as it ends; one whose process was ended at its limits has failed.

    Raises `NotRunnable` where no input is found that the model runs on, and
    `BoxFailed` when it was cancelled.
    """
    busy = load()
    fitting = ask("models.bench:fit", {"model": str(model), "seed": seed})
    specs = tuple(build(TensorSpec, spec) for spec in fitting["inputs"])
    common = {
        "model": str(model),
        "of": of,
        "fitting": fitting,
        "repeats": plan.repeats,
        "warm_up": plan.warm_up,
        "seconds": plan.seconds,
        "seed": seed,
        "used": list(used),
    }
    for case in cases(specs, plan, cores()):
        asked = {
            "batch": case.batch,
            "threads": case.threads,
            "remarks": [*case.remarks, *busy],
        }
        try:
            yield build(Step, ask("models.bench:bench", common | asked))
        except BoxFailed as exc:
            if exc.members.get("cause") == "cancelled":
                raise
            yield Step(
                "benchmark",
                "failed",
                detail=exc.detail,
                software=software(MEASURING),
                used=tuple(used),
                batch=case.batch,
                threads=case.threads,
            )


def cases(inputs: Sequence[TensorSpec], plan: Plan, cores: int) -> list[Case]:
    """Return the cases of a plan that this model and so many cores allow, each once."""
    batches = _batches(inputs, plan)
    asked = plan.threads or (1, cores)
    found: dict[tuple[int, int], Case] = {}
    for batch, said in batches.items():
        for number in asked:
            threads = min(number, cores)
            most = (f"{number} threads were asked for: there are {cores} cores",) if number > cores else ()
            found.setdefault((batch, threads), Case(batch, threads, (*said, *most)))
    return list(found.values())


def cores() -> int:
    """Return how many cores this process may use."""
    return len(os.sched_getaffinity(0))


def load() -> tuple[str, ...]:
    """Say how busy the machine is, where more than half of its cores are."""
    average, many = os.getloadavg()[0], os.cpu_count() or 1
    return (
        (f"the machine was busy when it began: load {average:.1f} on {many} cores",)
        if average > many / 2
        else ()
    )


def _batches(inputs: Sequence[TensorSpec], plan: Plan) -> dict[int, tuple[str, ...]]:
    if Space(tuple(inputs)).batch:
        return dict.fromkeys(plan.batches, ())
    first = next((spec.shape[0] for spec in inputs if spec.shape), 1)
    fixed = first if isinstance(first, int) else 1
    other = [batch for batch in plan.batches if batch != fixed]
    return {fixed: (f"its batch is fixed at {fixed}",) if other else ()}
