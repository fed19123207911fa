"""How an artifact came to be, as PROV-O: its jobs and their steps, and read back from it.

It is a graph of its own, ``{artifact}/provenance``, so that a job that moves on
never touches the record.  Software, files used and files made are sets, and
come back sorted.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Final

from pyoxigraph import Literal, NamedNode, Triple

from hpcfair_kg.activity import Job, Step
from hpcfair_kg.knowledge import terms
from hpcfair_kg.knowledge.codecs import INTEGER
from hpcfair_kg.knowledge.iris import file_name, file_node, job_node, shared
from hpcfair_kg.knowledge.measurements import measured, read_measured
from hpcfair_kg.knowledge.terms import Properties, by_subject, fields, ordered, read_fields, typed
from hpcfair_kg.knowledge.vocabulary import DCAT, DCTERMS, HK, HPC, PROV

ACTIVITIES: Final[Mapping[str, NamedNode]] = {
    "recognise": HK.Recognition,
    "convert": HK.Conversion,
    "verify": HK.Verification,
    "smoke": HK.SmokeRun,
    "infer": HK.InferenceRun,
    "merge": HK.Merging,
    "benchmark": HK.Benchmark,
    "reproduce": HK.Reproduction,
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
    jobs = [node for node, found in nodes.items() if HK.jobState in found]
    artifact_id = jobs[0].value.partition("/provenance#")[0] if jobs else ""
    return tuple(
        Job(steps=read_steps(nodes, artifact_id, job), **read_fields(job, terms.JOB))
        for job in ordered(nodes, jobs)
    )


def steps(node: NamedNode, owner: str, done: Sequence[Step]) -> Iterator[Triple]:
    """Yield the steps of a job or run at `node`; `owner` is the IRI whose files they speak of by name."""
    for place, step in enumerate(done):
        here = step_node(node, place)
        yield Triple(node, DCTERMS.hasPart, here)
        yield Triple(here, DCTERMS.isPartOf, node)
        yield Triple(here, HK.position, INTEGER.write(place))
        if place:
            yield Triple(here, PROV.wasInformedBy, step_node(node, place - 1))
        yield from _step(here, owner, step)


def read_steps(nodes: Mapping[NamedNode, Properties], owner: str, job: Properties) -> tuple[Step, ...]:
    """Return the steps of a job or run in their order: the inverse of `steps`."""
    return tuple(_read_step(nodes, owner, found) for found in ordered(nodes, job.get(DCTERMS.hasPart, ())))


def _job(artifact_id: str, job: Job, position: int) -> Iterator[Triple]:
    node = job_node(artifact_id, job.id)
    yield from typed(node, (HK.Ingest, PROV.Activity))
    yield from fields(node, job, terms.JOB)
    yield Triple(node, HK.position, INTEGER.write(position))
    yield Triple(NamedNode(artifact_id), PROV.wasInfluencedBy, node)
    yield from steps(node, artifact_id, job.steps)


def step_node(job: NamedNode, place: int) -> NamedNode:
    """Return the IRI of a step of a job or run, by its place."""
    separator = "-" if "#" in job.value else "#"
    return NamedNode(f"{job.value}{separator}step-{place}")


def _step(node: NamedNode, owner: str, step: Step) -> Iterator[Triple]:
    activity = ACTIVITIES.get(step.name.partition(":")[0])
    yield from typed(node, (PROV.Activity,) if activity is None else (activity, PROV.Activity))
    yield from fields(node, step, terms.STEP)
    yield from (Triple(node, PROV.used, _spoken(owner, name)) for name in step.used)
    yield from (Triple(node, PROV.generated, _spoken(owner, name)) for name in step.generated)
    for spoken in step.software:
        agent, said = software(owner, spoken)
        yield Triple(node, PROV.wasAssociatedWith, agent)
        yield from said
    if step.verdict is not None:
        yield from terms.verdict(node, step.verdict)
    for place, measurement in enumerate(step.measurements):
        yield from measured(node, place, measurement)


def _read_step(nodes: Mapping[NamedNode, Properties], owner: str, step: Properties) -> Step:
    return Step(
        software=tuple(sorted(package(nodes[agent]) for agent in step.get(PROV.wasAssociatedWith, ()))),
        used=tuple(sorted(_name(owner, file) for file in step.get(PROV.used, ()))),
        generated=tuple(sorted(_name(owner, file) for file in step.get(PROV.generated, ()))),
        verdict=terms.read_verdict(step),
        measurements=tuple(map(read_measured, ordered(nodes, step.get(HK.measured, ())))),
        **read_fields(step, terms.STEP),
    )


def _spoken(owner: str, name: str) -> NamedNode:
    """Return the node of a file: of the owner's by its name, of another's by its IRI."""
    return NamedNode(name) if "://" in name else file_node(owner, name)


def _name(owner: str, file: NamedNode) -> str:
    return file_name(file) if file.value.startswith(f"{owner}#") else str(file.value)


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
