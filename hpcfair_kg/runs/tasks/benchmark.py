"""Benchmark: what a model takes of this service's hardware, at several batch sizes and numbers of threads."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from hpcfair_kg.activity import Step
from hpcfair_kg.artifact import Artifact, File, plain
from hpcfair_kg.config import Task
from hpcfair_kg.errors import InvalidConfig
from hpcfair_kg.ingest.jobs import now
from hpcfair_kg.ingest.stage import seed
from hpcfair_kg.models.cases import PRELOAD, Plan, measured
from hpcfair_kg.runs.base import Doer
from hpcfair_kg.runs.desk import Desk, file_iri


def perform(desk: Desk) -> Mapping[str, Any]:
    """Measure the one model that is named; return {model, steps, hardware}."""
    ((artifact, form),) = _one(desk.runnable())
    steps = measure(desk, artifact, form, planned(desk.task))
    _, hardware = desk.rooms.catalogue.surroundings(steps[0])
    return {"model": artifact.id, "steps": plain(tuple(steps)), "hardware": plain(hardware)}


def planned(task: Task) -> Plan:
    """Return what a configuration asks to be measured."""
    asked = {
        "batches": tuple(dict.fromkeys(task.batch)),
        "threads": tuple(dict.fromkeys(task.threads)),
        "repeats": task.repeats,
        "warm_up": task.warm_up,
    }
    return replace(Plan(), **{name: value for name, value in asked.items() if value})  # type: ignore[arg-type]


def measure(desk: Desk, artifact: Artifact, form: File, plan: Plan) -> list[Step]:
    """Measure a form of an artifact; each case is a step of the run, and returned as that."""
    files = artifact.parts(form)
    spoken = {file.name: file_iri(artifact, file) for file in files}
    with desk.laid_out({file.name: file.sha256 for file in files}) as stage:

        def ask(call: str, arguments: Mapping[str, Any]) -> Any:
            return desk.ask(stage, call, arguments, spoken, preload=PRELOAD)

        names = [file.name for file in files]
        found = measured(ask, stage.inside / form.name, plan, artifact.id, names, seed(artifact))
        return [_noted(desk, step) for step in found]


def _noted(desk: Desk, step: Step) -> Step:
    """Return the step as the run holds it; of a box that was ended at its limits the run knows only that it began."""
    last = next(s for s in reversed(desk.run.steps) if s.name == "benchmark")
    if last.state == "running":
        desk.step(replace(last, state="failed", ended=now(), detail=step.detail))
    return next(s for s in reversed(desk.run.steps) if s.name == "benchmark")


def _one(models: Sequence[tuple[Artifact, File]]) -> Sequence[tuple[Artifact, File]]:
    if len(models) != 1:
        raise InvalidConfig(f"model_file names {len(models)} models; a benchmark is of one")
    return models


PLUGINS = (Doer("benchmark", perform),)
