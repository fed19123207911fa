"""What is recorded of an artifact that can be done again: the conversions and proofs of its jobs, its measurements."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from pyoxigraph import NamedNode

from hpcfair_kg.activity import Job, Step
from hpcfair_kg.artifact import Artifact, File
from hpcfair_kg.errors import NotFound
from hpcfair_kg.knowledge.iris import file_node, job_node
from hpcfair_kg.knowledge.provenance import step_node

REPEATABLE = ("convert", "verify")
ENDED = ("succeeded", "failed")


@dataclass(frozen=True)
class Recorded:
    """A step that was done, and its IRI."""

    iri: str
    step: Step

    @property
    def used(self) -> tuple[str, ...]:
        """The IRIs of the files that it used."""
        owner = self.iri.partition("#")[0].removesuffix("/provenance")
        names = self.step.used
        return tuple(sorted(n if "://" in n else str(file_node(owner, n).value) for n in names))


def of_job(iri: NamedNode, job: Job, names: Sequence[str]) -> list[Recorded]:
    """Return the steps of these names that a job or run ended, in their order."""
    steps = enumerate(job.steps)
    return [
        Recorded(step_node(iri, place).value, step)
        for place, step in steps
        if step.name.partition(":")[0] in names and step.state in ENDED
    ]


def of_artifact(artifact: Artifact, jobs: Sequence[Job], of: str | None) -> list[Recorded]:
    """Return the conversions and proofs of the newest job that has any, or those that `of` names.

    `of` is the IRI of a step, the part of it after the "#", or a job's id.
    Raises `NotFound` where there is nothing, saying what there is.
    """
    found = {job.id: of_job(job_node(artifact.id, job.id), job, REPEATABLE) for job in jobs}
    if of is None:
        return next((steps for steps in reversed(found.values()) if steps), [])
    if of in found:
        return found[of]
    every = [one for steps in found.values() for one in steps]
    named = [one for one in every if of.lstrip("#") in (one.iri, one.iri.partition("#")[2])]
    if not named:
        known = ", ".join(one.iri.partition("#")[2] for one in every) or "none"
        raise NotFound(
            f"no step {of!r} of {artifact.owner}/{artifact.name} can be done again; there are: {known}"
        )
    return named


def form_of(artifact: Artifact) -> tuple[File, ...]:
    """Return the files of the ONNX form that the artifact's conversion made, kept or set aside; () for none."""
    made = (f for f in artifact.files if f.format == "onnx" and f.role in ("converted", "evidence"))
    form = next(made, None)
    return artifact.parts(form) if form else ()


def exporter(step: Step) -> str:
    """Return the exporter that a conversion or proof was about, as its detail begins with it."""
    return (step.detail or "").partition(":")[0]
