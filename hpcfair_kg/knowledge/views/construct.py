"""Views made by a SPARQL CONSTRUCT over record graphs; the query stands in the .rq file beside the view."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from functools import cache
from pathlib import Path
from typing import ClassVar, Final, cast

import pyoxigraph as ox
from pyoxigraph import Literal, NamedNode, Quad, QueryTriples, Triple

from hpcfair_kg.artifact import Artifact
from hpcfair_kg.knowledge.describe import describe
from hpcfair_kg.knowledge.site import Site
from hpcfair_kg.knowledge.views.base import View
from hpcfair_kg.knowledge.views.complete import complete
from hpcfair_kg.knowledge.vocabulary import DCAT, DCTERMS, FOAF, IT6, RDF, XSD

_PREFIX: Final = re.compile(r"^PREFIX (\w+): <([^>]+)>", re.MULTILINE)
# The application profiles ask for the derived type, which the store that runs the query does not keep.
_COUNTS: Final = frozenset({DCAT.byteSize, IT6.totalNumberOfParameters})


class Construct(View):
    """A view in Turtle whose words are those of the query in the file `query`."""

    media_type = "text/turtle"
    query: ClassVar[str]

    def write(self, artifact: Artifact, site: Site) -> bytes:
        """Return the Turtle, what it is about first."""
        triples = sorted(constructed(self.query, [artifact], site), key=lambda t: _order(t, artifact.id))
        return ox.serialize(triples, format=ox.RdfFormat.TURTLE, prefixes=prefixes(self.query)) or b""


def constructed(query: str, artifacts: Iterable[Artifact], site: Site) -> Iterator[Triple]:
    """Yield what a query makes of the record graphs of some artifacts.

    It finds them `complete`, and the catalogue that each is dcterms:isPartOf,
    with its dcterms:title, its foaf:homepage and its dcterms:publisher, who has
    a foaf:name.
    """
    store = ox.Store()
    store.extend(Quad(*triple) for triple in _catalogue(site))
    for artifact in artifacts:
        store.extend(Quad(*triple) for triple in describe(complete(artifact)))
        store.add(Quad(NamedNode(artifact.id), DCTERMS.isPartOf, NamedNode(site.catalogue)))
    for triple in cast(QueryTriples, store.query(_text(query))):
        yield _counted(triple) if triple.predicate in _COUNTS else triple


@cache
def prefixes(query: str) -> dict[str, str]:
    """Return the prefixes that a query declares, for what is made by it."""
    return dict(_PREFIX.findall(_text(query)))


@cache
def _text(name: str) -> str:
    return (Path(__file__).parent / name).read_text(encoding="utf-8")


def _catalogue(site: Site) -> Iterator[Triple]:
    catalogue, publisher = NamedNode(site.catalogue), NamedNode(site.agent)
    yield Triple(catalogue, DCTERMS.title, Literal(site.title))
    yield Triple(catalogue, FOAF.homepage, NamedNode(site.root))
    yield Triple(catalogue, DCTERMS.publisher, publisher)
    yield Triple(publisher, FOAF.name, Literal(site.publisher))


def _counted(triple: Triple) -> Triple:
    subject, predicate, value = triple
    return Triple(subject, predicate, Literal(cast(Literal, value).value, datatype=XSD.nonNegativeInteger))


def _order(triple: Triple, about: str) -> tuple[bool, str, bool, str, str]:
    subject, predicate, value = triple
    first = cast(NamedNode, subject).value != about
    return first, str(subject), predicate != RDF.type, str(predicate), str(value)
