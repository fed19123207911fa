"""What steps ran in and on: software environments and hardware, each described once, in a graph of its own.

Equal surroundings have one IRI, made from a hash of what they are; so a
thousand conversions with the same packages speak of one `hk:Environment`.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator

from pyoxigraph import Literal, NamedNode, Triple

from hpcfair_kg.artifact import Environment, Hardware, plain
from hpcfair_kg.knowledge.background import processor
from hpcfair_kg.knowledge.codecs import INTEGER
from hpcfair_kg.knowledge.iris import shared
from hpcfair_kg.knowledge.provenance import software
from hpcfair_kg.knowledge.terms import typed
from hpcfair_kg.knowledge.vocabulary import HK, HPC, PROV


def environment(site: str, found: Environment) -> tuple[NamedNode, list[Triple]]:
    """Return the node of a software environment on a site, and its graph: each package one `hpc:Software`."""
    node = shared(site, "environment", _digest(found))
    return node, list(_environment(node, site, found))


def hardware(site: str, found: Hardware) -> tuple[NamedNode, list[Triple]]:
    """Return the node of a computer on a site, and its graph; no host name is in it."""
    node = shared(site, "computer", _digest(found))
    return node, list(_hardware(node, site, found))


def _environment(node: NamedNode, site: str, found: Environment) -> Iterator[Triple]:
    yield from typed(node, (HK.Environment, PROV.Collection))
    yield Triple(node, HK.system, Literal(found.system))
    for spoken in (f"Python {found.python}", *found.packages):
        member, said = software(site, spoken)
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
