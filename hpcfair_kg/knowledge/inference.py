"""What follows for a whole store: HermiT over its records, some at a time, the types written beside each.

A record's types stand in ``{artifact}/inferred``, of which every commit writes
the cheap part anew (`closure`).  What only the reasoner finds is therefore gone
after a commit, until the next time: nothing that is there is ever out of date.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from pyoxigraph import NamedNode, Triple

from hpcfair_kg.backends.graph.base import Graphs
from hpcfair_kg.errors import MissingExtra
from hpcfair_kg.knowledge import ontology, reason
from hpcfair_kg.knowledge.catalogue import Catalogue
from hpcfair_kg.knowledge.check import Checked, Finding, batches
from hpcfair_kg.knowledge.closure import inferred
from hpcfair_kg.knowledge.vocabulary import OWL, PROV, RDF

BATCH = 100
"""Records at once: reading the ontology takes HermiT 2 s, and what each record adds grows with their number."""
NAMED = 10
"""How many records one finding names."""
Record = list[Triple]


def require() -> None:
    """Raise `MissingExtra`, saying what brings it, where owlready2 or Java is not here."""
    if lack := reason.missing():
        raise MissingExtra(lack)


def infer(graphs: Graphs, catalogue: Catalogue) -> Iterator[Checked]:
    """Classify every artifact and write its types; yield the records that contradict the ontology.

    Raises `MissingExtra` where owlready2 or Java is not here.
    """
    require()
    done = 0
    for iris in batches(catalogue.iris(), BATCH):
        records = {iri: graphs.triples(iri) for iri in iris}
        done += len(iris)
        yield Checked(done, tuple(_classified(graphs, catalogue, records)))


def _classified(graphs: Graphs, catalogue: Catalogue, records: Mapping[str, Record]) -> Iterator[Finding]:
    """Write what follows for some records; what contradicts the ontology is halved until the culprit stands alone."""
    around = [t for iri in _mentioned(catalogue, records) for t in _types(graphs.triples(iri))]
    found = reason.classify([*ontology.triples(), *around, *(t for r in records.values() for t in r)])
    if found.consistent:
        catalogue.infer({iri: (record, _new(iri, record, found)) for iri, record in records.items()})
    elif len(records) == 1:
        catalogue.infer({i: (record, inferred(NamedNode(i), record)) for i, record in records.items()})
        yield _contradiction(list(records))
    else:
        iris = list(records)
        halves = iris[: len(iris) // 2], iris[len(iris) // 2 :]
        told = [f for half in halves for f in _classified(graphs, catalogue, {i: records[i] for i in half})]
        yield from told or [_contradiction(iris)]


def _contradiction(iris: list[str]) -> Finding:
    """Tell of a record that cannot be true, or of some that only together cannot be."""
    message, others = "the record contradicts the ontology: it cannot be true with it", iris[1:]
    if others:
        more = f" and {len(others) - NAMED} more" if len(others) > NAMED else ""
        message = f"the record contradicts the ontology together with {', '.join(others[:NAMED])}{more}"
    return Finding(iris[0], "", message)


def _mentioned(catalogue: Catalogue, records: Mapping[str, Record]) -> set[str]:
    """Return the artifacts that records are derived from, and that are not among them."""
    sources = {
        t.object.value
        for record in records.values()
        for t in record
        if t.predicate == PROV.wasDerivedFrom and isinstance(t.object, NamedNode)
    }
    return {iri for iri in sources - records.keys() if catalogue.ours(iri)}


def _types(record: Record) -> Record:
    return [t for t in record if t.predicate == RDF.type]


def _new(iri: str, record: Record, found: reason.Classification) -> list[Triple]:
    """Return the types of an artifact that its record does not state."""
    node, stated = NamedNode(iri), {Triple(NamedNode(iri), RDF.type, OWL.Thing), *record}
    return sorted((t for t in found.types if t.subject == node and t not in stated), key=str)
