"""How an artifact came to be, as PROV-O: its jobs and their steps, and read back from it.

It is a graph of its own, ``{artifact}/provenance``, so that a job that moves on
never touches the record.  Software, files used and files made are sets, and
come back sorted.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Final

from pyoxigraph import Literal, NamedNode, Triple

from hpcfair_kg.artifact import Job, Step
from hpcfair_kg.knowledge import terms
from hpcfair_kg.knowledge.codecs import INTEGER
from hpcfair_kg.knowledge.iris import file_name, file_node, job_node, shared
from hpcfair_kg.knowledge.terms import Properties, by_subject, fields, ordered, read_fields, typed
from hpcfair_kg.knowledge.vocabulary import DCAT, DCTERMS, HK, HPC, PROV

ACTIVITIES: Final[Mapping[str, NamedNode]] = {
    "recognise": HK.Recognition,
    "convert": HK.Conversion,
    "verify": HK.Verification,
    "smoke": HK.SmokeRun,
    "infer": HK.InferenceRun,
    "hook": HK.HookCall,
    "harvest": HK.Harvest,
}
"""The class of a step, by its name up to the colon."""


def provenance(artifact_id: str, jobs: Sequence[Job]) -> list[Triple]:
    """Return the provenance graph of an artifact: each job and each of its steps is a prov:Activity."""
    return [triple for position, job in enumerate(jobs) for triple in _job(artifact_id, job, position)]


def read_jobs(triples: Iterable[Triple]) -> tuple[Job, ...]:
    """Return the jobs that a provenance graph tells of, oldest first: the inverse of `provenance`."""
    nodes = by_subject(triples)
    jobs = ordered(nodes, (node for node, found in nodes.items() if HK.jobState in found))
    return tuple(
        Job(
            steps=tuple(_read_step(nodes, found) for found in ordered(nodes, job.get(DCTERMS.hasPart, ()))),
            **read_fields(job, terms.JOB),
        )
        for job in jobs
    )


def _job(artifact_id: str, job: Job, position: int) -> Iterator[Triple]:
    node = job_node(artifact_id, job.id)
    yield from typed(node, (HK.Ingest, PROV.Activity))
    yield from fields(node, job, terms.JOB)
    yield Triple(node, HK.position, INTEGER.write(position))
    yield Triple(NamedNode(artifact_id), PROV.wasInfluencedBy, node)
    for place, step in enumerate(job.steps):
        done = NamedNode(f"{node.value}-step-{place}")
        yield Triple(node, DCTERMS.hasPart, done)
        yield Triple(done, DCTERMS.isPartOf, node)
        yield Triple(done, HK.position, INTEGER.write(place))
        if place:
            yield Triple(done, PROV.wasInformedBy, NamedNode(f"{node.value}-step-{place - 1}"))
        yield from _step(done, artifact_id, step)


def _step(node: NamedNode, artifact_id: str, step: Step) -> Iterator[Triple]:
    activity = ACTIVITIES.get(step.name.partition(":")[0])
    yield from typed(node, (PROV.Activity,) if activity is None else (activity, PROV.Activity))
    yield from fields(node, step, terms.STEP)
    yield from (Triple(node, PROV.used, file_node(artifact_id, name)) for name in step.used)
    yield from (Triple(node, PROV.generated, file_node(artifact_id, name)) for name in step.generated)
    for spoken in step.software:
        agent, said = software(artifact_id, spoken)
        yield Triple(node, PROV.wasAssociatedWith, agent)
        yield from said
    if step.verdict is not None:
        yield from terms.verdict(node, step.verdict)


def _read_step(nodes: Mapping[NamedNode, Properties], step: Properties) -> Step:
    return Step(
        software=tuple(sorted(package(nodes[agent]) for agent in step.get(PROV.wasAssociatedWith, ()))),
        used=tuple(sorted(map(file_name, step.get(PROV.used, ())))),
        generated=tuple(sorted(map(file_name, step.get(PROV.generated, ())))),
        verdict=terms.read_verdict(step),
        **read_fields(step, terms.STEP),
    )


def software(artifact_id: str, spoken: str) -> tuple[NamedNode, list[Triple]]:
    """Return the agent that "name version" speaks of: one node for each package and version of a site."""
    name, space, version = spoken.partition(" ")
    agent = shared(artifact_id, "software", f"{name}@{version}" if space else name)
    said = [*typed(agent, (HPC.Software, PROV.SoftwareAgent)), Triple(agent, DCTERMS.title, Literal(name))]
    return agent, [*said, Triple(agent, DCAT.version, Literal(version))] if space else said


def package(agent: Properties) -> str:
    """Return the "name version" that an agent is spoken of by: the inverse of `software`."""
    name = str(agent[DCTERMS.title][0].value)
    return f"{name} {agent[DCAT.version][0].value}" if DCAT.version in agent else name
