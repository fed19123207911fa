"""How a record comes out of a foreign description, and changes when the description does."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import replace

from hpcfair_kg import __version__
from hpcfair_kg.activity import Job, Step
from hpcfair_kg.artifact import Artifact, Metric
from hpcfair_kg.ingest.drafts import DESCRIPTIVE, Place
from hpcfair_kg.ingest.findings import said
from hpcfair_kg.ingest.jobs import now
from hpcfair_kg.knowledge.describe import describe, read
from hpcfair_kg.knowledge.harvest.edge import Received

Known = Callable[[str], str]
"""A foreign IRI -> our own for what was harvested from there, else the IRI itself."""


def described(received: Received, artifact: Artifact, known: Known) -> Artifact:
    """Return an artifact as a description has it; its key, owner, name and first day stay."""
    metadata = received.metadata
    words = {name: getattr(metadata, name) for name in DESCRIPTIVE}
    record = replace(
        Artifact(artifact.id, artifact.key, artifact.owner, artifact.name, created=artifact.created),
        version=metadata.version,
        kind=metadata.kind or "dataset",
        status="registered",
        reason=_whereabouts(received),
        source=received.source,
        previous=received.previous,
        modified=artifact.modified,
        job=artifact.job,
        **words,
        **received.found,
    )
    evidence = received.found.get("architecture_evidence")
    record = replace(
        said(record, metadata.architecture), **({"architecture_evidence": evidence} if evidence else {})
    )
    return linked(record, known)


def linked(artifact: Artifact, known: Known) -> Artifact:
    """Return the artifact with what it refers to by our own IRIs, as far as it was harvested too."""

    def ours(references: Sequence[str]) -> tuple[str, ...]:
        return tuple(sorted({known(reference) for reference in references}))

    return replace(
        artifact,
        trained_on=ours(artifact.trained_on),
        tested_on=ours(artifact.tested_on),
        derived_from=ours(artifact.derived_from),
        components=ours(artifact.components),
        chain=tuple(replace(link, model=known(link.model)) for link in artifact.chain),
        workflow=artifact.workflow and known(artifact.workflow),
        previous=artifact.previous and known(artifact.previous),
        metrics=tuple(_measured(metric, known) for metric in artifact.metrics),
    )


def changed(artifact: Artifact, there: Artifact) -> bool:
    """Whether an artifact says anything else than the one that the store gave."""
    return read(describe(artifact)) != there


def step(received: Received, started: str, place: Place) -> Step:
    """Return the step that harvesting a description was."""
    done = Step(
        f"harvest:{received.dialect}",
        "succeeded",
        started,
        now(),
        detail=f"described at {received.source}, in {received.document or 'what was sent'}",
        software=(f"hpcfair-kg {__version__}",),
    )
    return place.stamped(done)


def job_of(artifact: Artifact, earlier: Sequence[Job], done: Step) -> Job:
    """Return the next job of an artifact: one that is over."""
    number = len(earlier) + 1
    return Job(f"{artifact.key}.{number}", "succeeded", done.started, done.ended, steps=(done,))


def same_words(received: Received, artifact: Artifact, known: Known) -> bool:
    """Whether an artifact whose files are here says of itself what the description says."""
    there = read(describe(described(received, artifact, known)))
    # Settings are read from the files too, and those were not at hand there.
    words = [name for name in DESCRIPTIVE if name != "hyperparameters"]
    return all(getattr(there, name) == getattr(artifact, name) for name in words)


def marked(name: str, source: str) -> str:
    """Return a name that no other source's has: its own, with a mark of the source behind it."""
    return f"{name[:91]}-{hashlib.sha256(source.encode()).hexdigest()[:8]}"


def _whereabouts(received: Received) -> str:
    if received.found.get("files"):
        return f"its files lie elsewhere, see {received.source}"
    return f"it is only described here; whether it has files, {received.source} may tell"


def _measured(metric: Metric, known: Known) -> Metric:
    return replace(metric, on=known(metric.on)) if metric.on else metric
