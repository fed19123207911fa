"""A run as the triples of a graph of its own, and read back from them without loss.

The graph is named by the run's IRI, ``{site}/runs/{id}``; its parts are
fragments of that.  Its files are known by hash: their bytes are for who ran it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Final
from urllib.parse import quote

from pyoxigraph import NamedNode, Triple

from hpcfair_kg.artifact import File
from hpcfair_kg.knowledge import terms
from hpcfair_kg.knowledge.codecs import INTEGER
from hpcfair_kg.knowledge.describe import checksum
from hpcfair_kg.knowledge.iris import file_node, part
from hpcfair_kg.knowledge.provenance import read_steps, steps
from hpcfair_kg.knowledge.terms import Properties, by_subject, fields, ordered, read_fields, typed
from hpcfair_kg.knowledge.vocabulary import DCAT, HK, HPC, PROV, SPDX
from hpcfair_kg.run import Run

ROLES: Final[Mapping[str, NamedNode]] = {"input": HK.given, "output": HK.gave}
"""The property that leads from a run to a file, by the file's role."""


def run_iri(site: str, id: str) -> str:
    """Return the IRI of a run on a site."""
    return f"{site}/runs/{quote(id, safe='')}"


def describe_run(iri: str, run: Run) -> list[Triple]:
    """Return the graph of a run: what was asked for, the steps, what was fed and what came out."""
    node = NamedNode(iri)
    return [
        *typed(node, (HK.Run, PROV.Activity)),
        *fields(node, run, terms.RUN),
        *(triple for place, file in enumerate(run.files) for triple in _file(node, file, place)),
        *steps(node, iri, run.steps),
    ]


def read_run(triples: Iterable[Triple]) -> Run | None:
    """Return the run that a graph describes, or None where it describes none: the inverse of `describe_run`."""
    nodes = by_subject(triples)
    iri, found = next(((n, f) for n, f in nodes.items() if HK.plan in f), (None, {}))
    if iri is None:
        return None
    files = [link for term in ROLES.values() for link in found.get(term, ())]
    return Run(
        steps=read_steps(nodes, iri.value, found),
        files=tuple(_read_file(nodes, file) for file in ordered(nodes, files)),
        **read_fields(found, terms.RUN),
    )


def _file(node: NamedNode, file: File, place: int) -> Iterator[Triple]:
    form = file_node(node.value, file.name)
    yield Triple(node, ROLES[file.role], form)
    yield from typed(form, (HPC.File, PROV.Entity))
    yield from fields(form, file, terms.FILE)
    yield Triple(form, DCAT.downloadURL, NamedNode(f"{node.value}/files/{quote(file.name)}"))
    yield from checksum(form, part(node.value, "sha256", file.name), file.sha256)
    yield Triple(form, HK.position, INTEGER.write(place))


def _read_file(nodes: Mapping[NamedNode, Properties], form: Properties) -> File:
    digest = nodes[form[SPDX.checksum][0]][SPDX.checksumValue][0].value
    return File(sha256=digest, **read_fields(form, terms.FILE))
