"""What an artifact's page shows beside its record: what it refers to, by name, and what its jobs ran in and on."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from itertools import islice

from hpcfair_kg.activity import Environment, Hardware, Job, Step
from hpcfair_kg.artifact import Artifact
from hpcfair_kg.client.measured import Benchmark
from hpcfair_kg.errors import NotFound
from hpcfair_kg.run import Run
from server.access import hub, principal

LOOKED_UP = 100
"""References that are looked up for a page; what is beyond is shown by its IRI."""


@dataclass(frozen=True)
class Place:
    """What some steps of a job, by name, ran in and on."""

    steps: tuple[str, ...]
    environment: Environment | None
    hardware: Hardware | None


def named(artifact: Artifact) -> dict[str, Artifact]:
    """Return the artifacts of this catalogue that one refers to, by the IRI that it refers by."""
    ours = filter(hub().catalogue.ours, dict.fromkeys(_references(artifact)))
    found = {}
    for iri in islice(ours, LOOKED_UP):
        with suppress(NotFound):
            found[iri] = hub().find(iri, principal())
    return found


def places(jobs: Iterable[Job]) -> dict[str, list[Place]]:
    """Return what the steps of each job ran in and on, equal places once, by the job's id."""
    return {job.id: list(_places(job.steps)) for job in jobs}


def measured(artifact: Artifact) -> list[tuple[Run, Benchmark]]:
    """Return the newest figures of a model, one benchmark for each hardware, newest first."""
    if artifact.kind != "model" or artifact.status == "withdrawn":
        return []
    return [(run, _benchmark(artifact, run)) for run in hub().runs.measured(artifact)]


def _benchmark(artifact: Artifact, run: Run) -> Benchmark:
    steps = tuple(step for step in run.steps if step.name == "benchmark")
    _, hardware = hub().surroundings(steps[0])
    return Benchmark(artifact.id, steps, hardware or Hardware(), hub().runs.iri(run.id))


def _references(artifact: Artifact) -> Iterator[str]:
    yield from (*artifact.trained_on, *artifact.tested_on, *artifact.derived_from)
    yield from (*artifact.components, *(link.model for link in artifact.chain))
    yield from (metric.on for metric in artifact.metrics if metric.on)
    if artifact.workflow:
        yield artifact.workflow


def _places(steps: Iterable[Step]) -> Iterator[Place]:
    together: dict[tuple[str | None, str | None], list[Step]] = {}
    for step in steps:
        if step.environment or step.hardware:
            together.setdefault((step.environment, step.hardware), []).append(step)
    for alike in together.values():
        yield Place(tuple(step.name for step in alike), *hub().surroundings(alike[0]))
