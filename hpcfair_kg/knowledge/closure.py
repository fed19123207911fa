"""The cheap part of reasoning, which every commit can pay: the classes above a class.

What follows from rdfs:subClassOf and owl:equivalentClass alone is looked up in
the shipped ontology, so that a query for every neural network finds the
convolutional ones without an OWL engine; `reason` asks one for all the rest.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Mapping
from functools import cache

from pyoxigraph import NamedNode, Triple

from hpcfair_kg.knowledge import ontology
from hpcfair_kg.knowledge.namespaces import TERMS
from hpcfair_kg.knowledge.vocabulary import ARCHITECTURES, HPC, OWL, RDF, RDFS


@cache
def above() -> Mapping[NamedNode, tuple[NamedNode, ...]]:
    """Return every class that another class's members are members of too, the nearest first, by that class.

    Names that only circulate, and are mapped on import, are not among them.
    """
    steps: dict[NamedNode, list[NamedNode]] = {}
    for subject, predicate, value in ontology.triples():
        if isinstance(subject, NamedNode) and isinstance(value, NamedNode) and value.value not in TERMS:
            if predicate in (RDFS.subClassOf, OWL.equivalentClass):
                steps.setdefault(subject, []).append(value)
            if predicate == OWL.equivalentClass:
                steps.setdefault(value, []).append(subject)
    return {kind: _reached(kind, steps) for kind in steps}


def subclasses() -> list[Triple]:
    """Return the whole hierarchy as rdfs:subClassOf, each class to every one above it."""
    return [Triple(kind, RDFS.subClassOf, wider) for kind, found in above().items() for wider in found]


def inferred(node: NamedNode, record: Iterable[Triple]) -> list[Triple]:
    """Return the types of an artifact that follow from those its record states, without these.

    Its parts get none: a file is an hpc:Artifact by the ontology, and nobody
    who asks for artifacts means the files.
    """
    stated = [t.object for t in record if t.subject == node and t.predicate == RDF.type]
    wider = (kind for one in stated if isinstance(one, NamedNode) for kind in above().get(one, ()))
    return [Triple(node, RDF.type, kind) for kind in dict.fromkeys(wider) if kind not in stated]


@cache
def broader(architecture: str | None) -> tuple[str, ...]:
    """Return the names of the kinds of model that an architecture is one of, the nearest first.

    >>> broader("ConvolutionalNeuralNetwork")
    ('FeedforwardNeuralNetwork', 'ArtificialNeuralNetwork')
    """
    kind = ARCHITECTURES.get(architecture or "")
    if kind is None:
        return ()
    model = {HPC.AIModel, *above()[HPC.AIModel]}
    names = [wider.value.rpartition("#")[2] for wider in (kind, *above()[kind]) if wider not in model]
    return tuple(name for name in names if name != architecture)


def _reached(kind: NamedNode, steps: Mapping[NamedNode, list[NamedNode]]) -> tuple[NamedNode, ...]:
    """Walk up from a class, level by level."""
    found: dict[NamedNode, None] = {}
    waiting = deque(steps[kind])
    while waiting:
        wider = waiting.popleft()
        if wider != kind and wider not in found:
            found[wider] = None
            waiting += steps.get(wider, ())
    return tuple(found)
