"""What steps ran in and on: software environments and hardware, each described once, in a graph of its own.

Equal surroundings have one IRI, made from a hash of what they are; so a
thousand conversions with the same packages speak of one `hk:Environment`.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping

from pyoxigraph import Literal, NamedNode, Triple

from hpcfair_kg.activity import Environment, Hardware
from hpcfair_kg.artifact import plain
from hpcfair_kg.knowledge.background import processor
from hpcfair_kg.knowledge.codecs import INTEGER
from hpcfair_kg.knowledge.iris import shared
from hpcfair_kg.knowledge.provenance import package, software
from hpcfair_kg.knowledge.terms import Properties, by_subject, typed
from hpcfair_kg.knowledge.vocabulary import HK, HPC, PROV, RDF

_PYTHON = "Python "


def environment(site: str, found: Environment) -> tuple[NamedNode, list[Triple]]:
    """Return the node of a software environment on a site, and its graph: each package one `hpc:Software`."""
    node = shared(site, "environment", _digest(found))
    return node, list(_environment(node, site, found))


def hardware(site: str, found: Hardware) -> tuple[NamedNode, list[Triple]]:
    """Return the node of a computer on a site, and its graph; no host name is in it."""
    node = shared(site, "computer", _digest(found))
    return node, list(_hardware(node, site, found))


def read_environment(triples: Iterable[Triple]) -> Environment | None:
    """Return the software environment that a graph describes, if it does: the inverse of `environment`."""
    nodes = by_subject(triples)
    said = next((found for found in nodes.values() if HK.system in found), None)
    if said is None:
        return None
    packages = sorted(package(nodes[member]) for member in said[PROV.hadMember])
    python = next(name for name in packages if name.startswith(_PYTHON))
    packages.remove(python)
    return Environment(python.removeprefix(_PYTHON), said[HK.system][0].value, tuple(packages))


def read_hardware(triples: Iterable[Triple]) -> Hardware | None:
    """Return the hardware that a graph describes, if it does: the inverse of `hardware`.

    Of processors of several kinds the graph does not tell how many there are of
    each, so each is named once.
    """
    nodes = by_subject(triples)
    node = next((node for node, found in nodes.items() if HPC.Computer in found.get(RDF.type, ())), None)
    if node is None:
        return None
    said = nodes[node]
    gpus = _names(nodes, said, HPC.coprocessor)
    repeated = _number(said, HPC.coprocessorCountPerNode) or 0
    return Hardware(
        cpu=next(iter(_names(nodes, said, HPC.cpu)), None),
        cores=_number(said, HPC.cpuCoreCount),
        memory=_number(said, HK.memory),
        gpus=gpus * repeated if len(gpus) == 1 else gpus,
        machine=next((whole.value for whole, found in nodes.items() if HPC.hasNode in found), None),
    )


def _names(nodes: Mapping[NamedNode, Properties], said: Properties, link: NamedNode) -> tuple[str, ...]:
    return tuple(sorted(nodes[chip][HPC.name][0].value for chip in said.get(link, ())))


def _number(said: Properties, term: NamedNode) -> int | None:
    return int(said[term][0].value) if term in said else None


def _environment(node: NamedNode, site: str, found: Environment) -> Iterator[Triple]:
    yield from typed(node, (HK.Environment, PROV.Collection))
    yield Triple(node, HK.system, Literal(found.system))
    for name in (f"{_PYTHON}{found.python}", *found.packages):
        member, said = software(site, name)
        yield Triple(node, PROV.hadMember, member)
        yield from said


def _hardware(node: NamedNode, site: str, found: Hardware) -> Iterator[Triple]:
    yield from typed(node, (HPC.Computer,))
    processors = [("cpu", HPC.cpu, found.cpu)] if found.cpu else []
    processors += [("gpu", HPC.coprocessor, gpu) for gpu in dict.fromkeys(found.gpus)]
    for kind, link, name in processors:
        chip, said = processor(site, kind, str(name))
        yield Triple(node, link, chip)
        yield from said
    if found.cores is not None:
        yield Triple(node, HPC.cpuCoreCount, INTEGER.write(found.cores))
    if found.memory is not None:
        yield Triple(node, HK.memory, INTEGER.write(found.memory))
    if found.gpus:
        yield Triple(node, HPC.coprocessorCountPerNode, INTEGER.write(len(found.gpus)))
    if found.machine is not None:
        yield Triple(NamedNode(found.machine), HPC.hasNode, node)


def _digest(found: Environment | Hardware) -> str:
    text = json.dumps(plain(found), sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()[:16]
