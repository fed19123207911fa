"""What follows from a graph by the ontology's axioms: HermiT, by way of owlready2, on a Java runtime.

It takes seconds, so it is for checks and tests; `closure` is what every commit
can pay.  owlready2 reads no Turtle and its other reasoner, Pellet, does not
start on Java 17: it is fed N-Triples and asked for HermiT only.
"""

from __future__ import annotations

import io
import shutil
from collections.abc import Iterable, Iterator
from contextlib import closing
from dataclasses import dataclass
from importlib.util import find_spec
from typing import Any

import pyoxigraph as ox
from pyoxigraph import Literal, NamedNode, Triple

from hpcfair_kg.knowledge.vocabulary import OWL, RDF, RDFS


@dataclass(frozen=True, slots=True)
class Classification:
    """What HermiT found: whether the graph can be true, which classes never can have a member, and the types.

    `types` are those of every named thing, superclasses included; a graph that
    is inconsistent has none.
    """

    consistent: bool
    unsatisfiable: tuple[str, ...] = ()
    types: frozenset[Triple] = frozenset()


def missing() -> str | None:
    """Return what is not here that reasoning needs, with what brings it; None where all is here."""
    if find_spec("owlready2") is None:
        return "owlready2 is not installed; pip install 'owlready2' brings it"
    if shutil.which("java") is None:
        return (
            "HermiT needs a Java runtime and there is no java on the PATH; apt install default-jre-headless"
        )
    return None


def classify(triples: Iterable[Triple]) -> Classification:
    """Return what HermiT makes of a graph, which holds the axioms and the data; it takes seconds.

    Nothing is fetched: an owl:imports is left out.  Call `missing` first.
    """
    import owlready2

    with closing(owlready2.World()) as world:  # which owlready2 would else keep for ever
        world.get_ontology("urn:hpcfair:classified#").load(fileobj=io.BytesIO(_n_triples(triples)))
        try:
            with world.get_ontology("urn:hpcfair:inferred#"):
                owlready2.sync_reasoner_hermit(world, debug=0, ignore_unsupported_datatypes=True)
        except owlready2.OwlReadyInconsistentOntologyError:
            return Classification(False)
        impossible = (kind for kind in world.inconsistent_classes() if kind is not owlready2.Nothing)
        return Classification(
            True, tuple(sorted(str(kind.iri) for kind in impossible)), frozenset(_types(world))
        )


def _n_triples(triples: Iterable[Triple]) -> bytes:
    """Write a graph without what an OWL reader would fetch, and without names where OWL DL wants things.

    A reference to what the catalogue does not hold is kept as text; to OWL DL a
    property has things for values, or text, never both.  HermiT tells the types
    of what is declared to be an individual.
    """
    graph = list(triples)
    things = {t.subject for t in graph if t.predicate == RDF.type and t.object == OWL.ObjectProperty}
    kept = [
        t
        for t in graph
        if t.predicate != OWL.imports and not (t.predicate in things and isinstance(t.object, Literal))
    ]
    meta = {
        t.subject for t in graph if t.predicate == RDF.type and any(t.object in ns for ns in (OWL, RDFS, RDF))
    }
    named = {t.subject for t in graph if t.predicate == RDF.type} - meta
    kept += [
        Triple(subject, RDF.type, OWL.NamedIndividual) for subject in named if isinstance(subject, NamedNode)
    ]
    return ox.serialize(kept, format=ox.RdfFormat.N_TRIPLES) or b""


def _types(world: Any) -> Iterator[Triple]:
    for individual in world.individuals():
        for kind in individual.INDIRECT_is_a:
            if iri := getattr(kind, "iri", None):
                yield Triple(NamedNode(individual.iri), RDF.type, NamedNode(iri))
