"""A run as the triples of a graph of its own, and read back from them without loss.

The graph is named by the run's IRI, ``{site}/runs/{id}``; its parts are
fragments of that.  Its files are known by hash: their bytes are for who ran it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from importlib.resources import files
from itertools import islice
from typing import Final
from urllib.parse import quote

from pyoxigraph import Literal, NamedNode, QuerySolutions, Triple

from hpcfair_kg.artifact import File
from hpcfair_kg.backends.graph.base import Graphs
from hpcfair_kg.errors import NotFound
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

_FIGURES: Final = files("hpcfair_kg.knowledge") / "figures.rq"


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
    links = [link for term in ROLES.values() for link in found.get(term, ())]
    return Run(
        steps=read_steps(nodes, iri.value, found),
        files=tuple(_read_file(nodes, file) for file in ordered(nodes, links)),
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


class Records:
    """The runs of a site, each a graph of its own."""

    def __init__(self, graphs: Graphs, site: str) -> None:
        self._graphs, self._site = graphs, site

    def iri(self, id: str) -> str:
        """Return the IRI of a run."""
        return run_iri(self._site, id)

    def get(self, id: str) -> Run:
        """Return a run; raises `NotFound`."""
        if run := read_run(self.triples(id)):
            return run
        raise NotFound(f"there is no run {id!r}")

    def triples(self, id: str) -> list[Triple]:
        """Return the graph of a run."""
        return self._graphs.triples(self.iri(id))

    def note(self, run: Run) -> None:
        """Write a run as it stands; durable when this returns."""
        self._graphs.write({self.iri(run.id): describe_run(self.iri(run.id), run)})

    def unfinished(self) -> list[Run]:
        """Return the runs that are queued or running as the graph has it."""
        begun = self.iri("")
        states = (self._graphs.subjects(HK.jobState, Literal(state)) for state in ("queued", "running"))
        found = {iri for subjects in states for iri in subjects if iri.startswith(begun)}
        return [run for iri in sorted(found) if (run := read_run(self._graphs.triples(iri)))]

    def about(self, iri: str, most: int) -> list[Run]:
        """Return runs that used an artifact, newest first; of many, only some are read."""
        begun = self.iri("")
        used = (s for s in self._graphs.subjects(PROV.used, NamedNode(iri)) if s.startswith(begun))
        runs = (read_run(self._graphs.triples(subject)) for subject in islice(used, 10 * most))
        return sorted((run for run in runs if run), key=lambda run: run.started or "", reverse=True)[:most]

    def measured(self, iri: str, most: int) -> list[Run]:
        """Return the newest runs that measured an artifact, one for each hardware, newest first.

        Of more than 5,000 figures only some are looked at.
        """
        newest: dict[str, str] = {}
        rows = self._graphs.query(_FIGURES.read_text(encoding="utf-8"), model=NamedNode(iri))
        assert isinstance(rows, QuerySolutions)
        for row in rows:
            newest.setdefault(row["hardware"].value, row["step"].value.partition("#")[0])
        found = dict.fromkeys(islice(newest.values(), most))
        return [run for name in found if (run := read_run(self._graphs.triples(name)))]
