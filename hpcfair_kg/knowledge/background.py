"""What stands behind an artifact, as the HPC Ontology has it: its projects, its machines, the workflow that made it.

Projects, funders, machines and processors are shared: two artifacts that name
one speak of one node.  What has an IRI of its own is known by that.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from pyoxigraph import Literal, NamedNode, Triple

from hpcfair_kg.artifact import Artifact, Machine, Project
from hpcfair_kg.knowledge.codecs import REFERENCE
from hpcfair_kg.knowledge.iris import named, part, shared
from hpcfair_kg.knowledge.terms import PROJECT, Properties, fields, read_fields, typed
from hpcfair_kg.knowledge.vocabulary import HPC, PROV, RDF

Nodes = Mapping[NamedNode, Properties]

MACHINES = ("Computer", "Workstation", "Server", "Cluster", "SuperComputer")
"""The classes of machine in the HPC Ontology."""


def background(artifact: Artifact) -> Iterator[Triple]:
    """Yield what is said of the projects, the machines and the workflow behind an artifact."""
    node = NamedNode(artifact.id)
    for project in artifact.projects:
        yield from _project(node, project)
    for machine in artifact.machines:
        yield from _machine(node, machine)
    if artifact.workflow is not None:
        experiment = part(artifact.id, "experiment", 0)
        yield Triple(node, PROV.wasGeneratedBy, experiment)
        yield from typed(experiment, (HPC.Experiment, PROV.Activity))
        yield Triple(experiment, HPC.usesWorkflow, REFERENCE.write(artifact.workflow))
        yield Triple(experiment, HPC.generated, node)


def read_background(nodes: Nodes, record: Properties) -> dict[str, Any]:
    """Return the fields of an artifact that `background` wrote, by name."""
    projects = (_read_project(nodes, node) for node in record.get(HPC.project, ()))
    machines = (_read_machine(nodes, node) for node in record.get(HPC.targetMachine, ()))
    made = (nodes[node].get(HPC.usesWorkflow, ()) for node in record.get(PROV.wasGeneratedBy, ()))
    return {
        "projects": tuple(sorted(projects, key=lambda project: project.name)),
        "machines": tuple(sorted(machines, key=lambda machine: machine.name)),
        "workflow": next((str(plan.value) for found in made for plan in found), None),
    }


def _project(node: NamedNode, project: Project) -> Iterator[Triple]:
    about = _known(node, "project", project.name, project.id)
    yield Triple(node, HPC.project, about)
    yield from typed(about, (HPC.Project,))
    yield from fields(about, project, PROJECT)
    for funder in project.funders:
        yield from _linked(about, HPC.fundedBy, _organisation(node, funder))


def _read_project(nodes: Nodes, node: NamedNode) -> Project:
    funders = (_spoken(nodes, funder) for funder in nodes[node].get(HPC.fundedBy, ()))
    return Project(
        id=_own(node, "project"), funders=tuple(sorted(funders)), **read_fields(nodes[node], PROJECT)
    )


def _machine(node: NamedNode, machine: Machine) -> Iterator[Triple]:
    about = _known(node, "machine", machine.name, machine.id)
    yield Triple(node, HPC.targetMachine, about)
    yield from typed(about, (HPC[machine.kind],))
    yield Triple(about, HPC.name, Literal(machine.name))
    if machine.cpu is not None:
        yield from _linked(about, HPC.cpu, processor(node.value, "cpu", machine.cpu))
    if machine.gpu is not None:
        yield from _linked(about, HPC.coprocessor, processor(node.value, "gpu", machine.gpu))
    if machine.gpu is not None and machine.vendor is not None:
        gpu = shared(node.value, "gpu", machine.gpu)
        yield from _linked(gpu, HPC.vendor, _organisation(node, machine.vendor))


def _read_machine(nodes: Nodes, node: NamedNode) -> Machine:
    said = nodes[node]

    def of(link: NamedNode, properties: Properties = said) -> str | None:
        return next((_spoken(nodes, found) for found in properties.get(link, ())), None)

    gpu = next((nodes[found] for found in said.get(HPC.coprocessor, ())), {})
    return Machine(
        name=said[HPC.name][0].value,
        id=_own(node, "machine"),
        kind=next(kind for kind in MACHINES if HPC[kind] in said[RDF.type]),
        cpu=of(HPC.cpu),
        gpu=of(HPC.coprocessor),
        vendor=of(HPC.vendor, gpu),
    )


def processor(artifact_id: str, kind: str, name: str) -> tuple[NamedNode, list[Triple]]:
    """Return the node that a model of "cpu" or "gpu" is known by on a site, and what is said of it."""
    node = shared(artifact_id, kind, name)
    return node, [*typed(node, (HPC[kind.upper()],)), Triple(node, HPC.name, Literal(name))]


def _organisation(node: NamedNode, name: str) -> tuple[NamedNode, list[Triple]]:
    """Return who funds or makes something: an IRI where it is one (ROR's), else by name."""
    known = name.startswith(("http://", "https://"))
    about = NamedNode(name) if known else shared(node.value, "organization", name)
    return about, [
        *typed(about, (HPC.Organization,)),
        *([] if known else [Triple(about, HPC.name, Literal(name))]),
    ]


def _linked(node: NamedNode, link: NamedNode, other: tuple[NamedNode, list[Triple]]) -> Iterator[Triple]:
    about, said = other
    yield Triple(node, link, about)
    yield from said


def _known(node: NamedNode, kind: str, name: str, iri: str | None) -> NamedNode:
    return NamedNode(iri) if iri else shared(node.value, kind, name)


def _own(node: NamedNode, kind: str) -> str | None:
    """Return the IRI that something brought with it; None for one that was made from its name."""
    return None if named(node, kind) else str(node.value)


def _spoken(nodes: Nodes, node: NamedNode) -> str:
    names = nodes[node].get(HPC.name, ())
    return str(names[0].value) if names else str(node.value)
