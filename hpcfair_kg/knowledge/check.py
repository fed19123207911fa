"""Checks a whole store: shapes, terms, references, and graphs that belong to nothing.

Artifacts are read some hundred at a time, so that a large store needs no more
memory than a small one, and pyshacl, which is slow to begin, begins less often.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from itertools import chain, islice
from typing import Any

from pyoxigraph import NamedNode, Triple

from hpcfair_kg.artifact import Artifact
from hpcfair_kg.backends.graph.base import Graphs
from hpcfair_kg.errors import NotFound
from hpcfair_kg.knowledge import ontology
from hpcfair_kg.knowledge.catalogue import KINDS, Catalogue
from hpcfair_kg.knowledge.closure import inferred
from hpcfair_kg.knowledge.describe import concept, describe, read
from hpcfair_kg.knowledge.validate import Shapes, Violation
from hpcfair_kg.knowledge.vocabulary import HK, HPC, RDF

BATCH = 100
UNREADABLE = (KeyError, StopIteration, ValueError, IndexError, TypeError)
"""What reading a record raises that no artifact of this catalogue ever had."""


@dataclass(frozen=True, slots=True)
class Finding:
    """Something that is not as it should be: about which artifact or graph, where in it, and how bad it is.

    `severity` is "violation", "warning" or "info", as in SHACL.
    """

    about: str
    path: str
    message: str
    severity: str = "violation"

    def document(self) -> dict[str, Any]:
        """Return the finding as JSON."""
        return asdict(self)


@dataclass(frozen=True, slots=True)
class Checked:
    """How far a check has come: how many artifacts are done, and what was found since it last said so."""

    done: int
    findings: tuple[Finding, ...] = ()


def check(graphs: Graphs, catalogue: Catalogue) -> Iterator[Checked]:
    """Yield everything in a store that is not as it should be, as the check goes along."""
    checker, done = _Check(graphs, catalogue), 0
    for iris in batches(catalogue.iris(), BATCH):
        done += len(iris)
        yield Checked(done, tuple(checker.artifacts(iris)))
    for names in batches(graphs.names(), BATCH):
        yield Checked(done, tuple(checker.others(names)))


def batches(items: Iterable[str], size: int) -> Iterator[list[str]]:
    """Yield the items in lists of at most `size`."""
    waiting = iter(items)
    while batch := list(islice(waiting, size)):
        yield batch


@dataclass(frozen=True, slots=True)
class _Check:
    """One check of one store; it keeps the IRIs of the artifacts and of the described surroundings that it has seen."""

    graphs: Graphs
    catalogue: Catalogue
    shapes: Shapes = field(default_factory=Shapes)
    _seen: set[str] = field(default_factory=set)
    _described: set[str] = field(default_factory=set)

    def artifacts(self, iris: Sequence[str]) -> Iterator[Finding]:
        """Yield what is wrong with some artifacts: with the record, its provenance and what follows from it."""
        self._seen.update(iris)
        with self.catalogue.lock:  # an artifact's graphs are written together, and read so
            read_at_once = {
                iri: [self.graphs.triples(iri + part) for part in ("", "/provenance", "/inferred")]
                for iri in iris
            }
        yield from self._shaped({iri: [*said, *story] for iri, (said, story, _) in read_at_once.items()})
        for iri, (record, story, types) in read_at_once.items():
            yield from _undeclared(iri, chain(record, story, types))
            yield from _uninferred(iri, record, types)
            yield from self._surroundings(iri, story)
            try:
                artifact = read(record)
            except UNREADABLE as exc:
                yield Finding(iri, "", f"the record cannot be read: {exc!r}")
                continue
            yield from _unfaithful(artifact, record)
            yield from self._references(artifact)

    def others(self, names: Sequence[str]) -> Iterator[Finding]:
        """Yield what is wrong with the graphs that are no artifact's: whose they are, and what they say."""
        surroundings = {}
        for name in names:
            kind = _kind(name) if self.catalogue.ours(name) else None
            if kind in ("surroundings", "run"):
                surroundings[name] = self.graphs.triples(name)
                yield from _undeclared(name, surroundings[name])
                yield from self._surroundings(name, surroundings[name]) if kind == "run" else ()
            elif kind == "concept":
                yield from self._concept(name)
            elif kind in ("record", "provenance", "inferred") and not self._artifact(name, kind):
                yield Finding(name, "", f"this is the {kind} of an artifact that is not here")
            elif kind is None:
                yield Finding(name, "", "this graph belongs to nothing in the catalogue", "warning")
        yield from self._shaped(surroundings)

    def _shaped(self, graphs: Mapping[str, Sequence[Triple]]) -> Iterator[Finding]:
        """Hold graphs, by what they are about, against the shapes, all of them together.

        What is found of something that several speak of, such as one person by
        two names, need not be anyone's fault: each of them is then held alone.
        """
        found = self.shapes.validate(chain.from_iterable(graphs.values()))
        shared = {v.focus for v in found if _owner(v.focus, graphs) is None}
        for violation in found:
            if about := _owner(violation.focus, graphs):
                yield _finding(about, violation)
        for about, triples in graphs.items():
            if shared and shared & set(_nodes(triples)):
                yield from (_finding(about, v) for v in self.shapes.validate(triples) if v.focus in shared)

    def _surroundings(self, about: str, story: Iterable[Triple]) -> Iterator[Finding]:
        """Yield the environments and computers that a provenance names and nothing describes."""
        named = {iri for iri in _nodes(story) if self.catalogue.ours(iri) and _kind(iri) == "surroundings"}
        for iri in sorted(named - self._described):
            if self.graphs.triples(iri):
                self._described.add(iri)
            else:
                yield Finding(about, "provenance", f"{iri} is described nowhere")

    def _references(self, artifact: Artifact) -> Iterator[Finding]:
        """Yield what an artifact refers to that is not here, or that was withdrawn."""
        for iri, path in _referred(artifact).items():
            if not self.catalogue.ours(iri):
                continue
            try:
                other = self.catalogue.at(iri)
            except NotFound:
                yield Finding(artifact.id, path, f"{iri} is no artifact of this catalogue")
                continue
            except UNREADABLE:  # which is told of that artifact
                continue
            if other.status == "withdrawn" and artifact.status != "withdrawn":
                message = f"depends on a withdrawn {other.kind}: {iri} ({other.reason or 'no reason given'})"
                yield Finding(artifact.id, path, message, "warning")

    def _concept(self, name: str) -> Iterator[Finding]:
        """Yield a concept whose graph is not what its versions make it."""
        with self.catalogue.lock:
            said = set(self.graphs.triples(name))
            try:
                versions = self.catalogue.versions_of(NamedNode(name))
            except UNREADABLE:  # which is told of that version
                return
        if not versions:
            yield Finding(name, "", "nothing here is a version of this")
        elif said != set(concept(versions)[1]):
            yield Finding(name, "dcat:hasVersion", "the versions that it names are not those that there are")

    def _artifact(self, name: str, kind: str) -> bool:
        """Whether the artifact that a graph belongs to is here, and is one."""
        iri = name if kind == "record" else name.rpartition("/")[0]
        if iri in self._seen:
            return True
        record = self.graphs.triples(iri)  # it may have come since the check began
        return any(Triple(NamedNode(iri), RDF.type, kind) in record for kind in KINDS)


def _kind(name: str) -> str | None:
    """Return what a graph of this catalogue is, by its name; None for one that this code never writes."""
    place = name.rpartition("/#")[2] if "/#" in name else ""
    if place:
        kinds = {"name": "concept", "environment": "surroundings", "computer": "surroundings"}
        return "hierarchy" if place == "inferred" else kinds.get(place.partition("/")[0])
    if "/runs/" in name:
        return "run"
    tail = name.partition("/ark:/")[2].split("/")
    return {2: "record", 3: tail[-1] if tail[-1] in ("provenance", "inferred") else None}.get(len(tail))


def _referred(artifact: Artifact) -> dict[str, str]:
    """Return the first field in which an artifact refers to another, by the IRI of that."""
    named = {
        "trained_on": artifact.trained_on,
        "tested_on": artifact.tested_on,
        "metrics": tuple(metric.on for metric in artifact.metrics),
        "derived_from": artifact.derived_from,
        "workflow": (artifact.workflow,),
        "chain": tuple(link.model for link in artifact.chain),
        "components": artifact.components,
        "previous": (artifact.previous,),
    }
    return {iri: path for path, iris in reversed(named.items()) for iri in iris if iri is not None}


def _owner(focus: str, graphs: Mapping[str, Any]) -> str | None:
    """Return which of some artifacts or graphs a node is, or is a part of."""
    document = focus.partition("#")[0]
    return next((n for n in (focus, document, document.removesuffix("/provenance")) if n in graphs), None)


def _nodes(triples: Iterable[Triple]) -> Iterator[str]:
    for triple in triples:
        yield from (term.value for term in (triple.subject, triple.object) if not isinstance(term, Triple))


def _finding(about: str, violation: Violation) -> Finding:
    return Finding(about, violation.path, violation.message, violation.severity)


def _undeclared(about: str, triples: Iterable[Triple]) -> Iterator[Finding]:
    """Yield the terms of ours and of the HPC Ontology that no module declares."""
    used = {t.object if t.predicate == RDF.type else t.predicate for t in triples}
    for term in used:
        if isinstance(term, NamedNode) and (term in HK or term in HPC) and term.value not in ontology.terms():
            yield Finding(about, ontology.short(term.value), "this term is declared nowhere; see /ns")


def _uninferred(about: str, record: Iterable[Triple], types: Iterable[Triple]) -> Iterator[Finding]:
    """Yield the types that follow from the hierarchy of classes alone and that were not written."""
    for missing in sorted({*inferred(NamedNode(about), record)}.difference(types), key=str):
        kind = ontology.short(getattr(missing.object, "value", ""))
        yield Finding(about, "rdf:type", f"it is a {kind}, and {about}/inferred does not say so")


def _unfaithful(artifact: Artifact, record: Sequence[Triple]) -> Iterator[Finding]:
    """Yield what a record says beyond what is understood of it: somebody else wrote it, or it lost something."""
    if strange := set(record).difference(describe(artifact)):
        terms = ", ".join(sorted({ontology.short(t.predicate.value) for t in strange}))
        message = f"it says more than an artifact of this catalogue does: {terms}"
        yield Finding(artifact.id, "", message, "warning")
