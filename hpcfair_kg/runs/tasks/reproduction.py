"""Reproduction: what is recorded of an artifact, or of a run, done again from its provenance alone."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from pyoxigraph import NamedNode

from hpcfair_kg import config
from hpcfair_kg.activity import Step
from hpcfair_kg.artifact import Artifact, File
from hpcfair_kg.errors import Forbidden, InvalidConfig, NotRunnable
from hpcfair_kg.models.cases import Plan
from hpcfair_kg.plugins import shelf
from hpcfair_kg.run import PREFIX, Run
from hpcfair_kg.runs import recorded, reproducing
from hpcfair_kg.runs.base import SHELF, Doer
from hpcfair_kg.runs.desk import Desk
from hpcfair_kg.runs.reproducing import Lab, Repeated
from hpcfair_kg.runs.tasks import benchmark


def perform(desk: Desk) -> Mapping[str, Any]:
    """Do again what is recorded of the one artifact or run that is named; return {of, reproductions}.

    Without `of` that is the newest conversion and proof and the newest benchmark;
    `of` names a step, a job or a run of the artifact's.
    """
    if len(desk.task.models) != 1:
        raise InvalidConfig("model_file should name one artifact, or one run")
    name, of = desk.task.models[0].file, desk.task.of
    done = list(_run(desk, name, of) if _run_id(name) else _artifact(desk, desk.artifact(name), of))
    if not done:
        reason = f"nothing is recorded of {name} that could be done again"
        raise NotRunnable(reason, reason=reason)
    return {"of": name, "reproductions": [one.document() for one in done]}


def _artifact(desk: Desk, artifact: Artifact, of: str | None) -> Iterator[Repeated]:
    run_id = _run_id(of or "")
    if run_id is None:
        steps = recorded.of_artifact(artifact, desk.rooms.catalogue.jobs(artifact.key), of)
        if steps:
            yield from _noted(desk, reproducing.conversions(_lab(desk), artifact, steps))
    runs = [desk.rooms.records.get(run_id)] if run_id else []
    for run in runs or (desk.rooms.records.measured(artifact.id, 1) if of is None else ()):
        yield from _benchmark(desk, artifact, run, of)


def _run(desk: Desk, name: str, of: str | None) -> Iterator[Repeated]:
    run = desk.rooms.records.get(_run_id(name) or "")
    if run.task == "benchmark":
        yield from _benchmark(desk, desk.artifact(run.used[0]), run, of)
    elif run.task not in ("inference", "collaboration"):
        reason = f"{run.id} is of the task {run.task}, which is not done again"
        raise NotRunnable(reason, reason=reason)
    elif run.owner != desk.principal.owner and "admin" not in desk.principal.scopes:
        raise Forbidden(f"{run.id} is {run.owner}'s: its inputs are for nobody else")
    else:
        used = [desk.artifact(iri) for iri in run.used]
        yield from _noted(desk, reproducing.runs(_lab(desk), run, used, lambda: _done(desk, run)))


def _done(desk: Desk, run: Run) -> Mapping[str, File]:
    """Do what a run did at this desk, with the files it was given, and return the files that come out."""
    desk.give(file for file in run.files if file.role == "input")
    again = replace(desk, task=config.load(json.loads(run.plan)))
    shelf(SHELF)[run.task].perform(again)
    return {file.name: file for file in desk.run.files if file.role == "output"}


def _benchmark(desk: Desk, artifact: Artifact, run: Run, of: str | None) -> Iterator[Repeated]:
    iri = desk.rooms.records.iri(run.id)
    cases = [one for one in recorded.of_job(NamedNode(iri), run, ("benchmark",)) if one.step.measurements]
    if of and "#" in of:
        cases = [one for one in cases if one.iri.endswith(of[of.index("#") :])]
    if artifact.runnable is None:
        raise NotRunnable(f"{artifact.id} cannot be run: {artifact.obstacle}", reason=artifact.obstacle)
    form, warm_up = artifact.runnable, benchmark.planned(config.load(json.loads(run.plan))).warm_up

    def measure(steps: Sequence[Step]) -> Sequence[Step]:
        batches = tuple(dict.fromkeys(step.batch or 1 for step in steps))
        threads = tuple(dict.fromkeys(step.threads or 1 for step in steps))
        repeats = max(step.repeats or 1 for step in steps)
        return benchmark.measure(desk, artifact, form, Plan(batches, threads, repeats, warm_up))

    if cases:
        yield from _noted(desk, reproducing.measurements(_lab(desk), cases, measure))


def _noted(desk: Desk, done: Iterator[Repeated]) -> Iterator[Repeated]:
    """Note each thing that was done again as a step of the run."""
    for one in done:
        desk.step(one.step())
        yield one


def _lab(desk: Desk) -> Lab:
    place, catalogue = desk.rooms.ingest.place(), desk.rooms.catalogue
    environment, hardware = catalogue.surroundings(place.stamped(Step("reproduce", "running")))
    assert environment is not None
    assert hardware is not None
    return Lab(
        desk.rooms.blobs,
        desk.laid_out,
        lambda stage, call, arguments, family, preload: desk.ask(
            stage, call, arguments, family=family, preload=preload
        ),
        catalogue.surroundings,
        lambda run: desk.rooms.records.iri(run.id),
        (environment, hardware),
        place.box,
    )


def _run_id(spoken: str) -> str | None:
    """Return the id of the run that is spoken of, by its id or its IRI; None where it is no run."""
    name = spoken.partition("#")[0].rpartition("/")[2]
    return name if name.startswith(PREFIX) and ("/runs/" in spoken or "/" not in spoken) else None


PLUGINS = (Doer("reproduction", perform),)
