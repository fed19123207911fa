"""Views made by a SPARQL CONSTRUCT over the record graph; the query stands in the .rq file beside the view."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import ClassVar, Final, cast

import pyoxigraph as ox
from pyoxigraph import Literal, NamedNode, Quad, QueryTriples, Triple

from hpcfair_kg.artifact import Artifact
from hpcfair_kg.knowledge.describe import describe
from hpcfair_kg.knowledge.iris import host, site
from hpcfair_kg.knowledge.views.base import View
from hpcfair_kg.knowledge.views.complete import complete
from hpcfair_kg.knowledge.vocabulary import DCAT, DCTERMS, IT6, RDF, XSD

_PREFIX: Final = re.compile(r"^PREFIX (\w+): <([^>]+)>", re.MULTILINE)
# The application profiles ask for the derived type, which the store that runs the query does not keep.
_COUNTS: Final = frozenset({DCAT.byteSize, IT6.totalNumberOfParameters})


class Construct(View):
    """A view in Turtle whose words are those of the query in the file `query`.

    The query finds the record graph, `complete`, and the catalogue that it is
    dcterms:isPartOf, with its dcterms:title and dcterms:publisher.
    """

    media_type = "text/turtle"
    query: ClassVar[str]

    def render(self, artifact: Artifact) -> bytes:
        """Return the Turtle, what it is about first."""
        triples = sorted(_constructed(self.query, artifact), key=lambda t: _order(t, artifact.id))
        prefixes = dict(_PREFIX.findall(_text(self.query)))
        return ox.serialize(triples, format=ox.RdfFormat.TURTLE, prefixes=prefixes) or b""


@cache
def _text(name: str) -> str:
    return (Path(__file__).parent / name).read_text(encoding="utf-8")


def _constructed(query: str, artifact: Artifact) -> Iterator[Triple]:
    store = ox.Store()
    store.extend(Quad(*triple) for triple in (*describe(complete(artifact)), *_catalogue(artifact.id)))
    for triple in cast(QueryTriples, store.query(_text(query))):
        yield _counted(triple) if triple.predicate in _COUNTS else triple


def _catalogue(artifact_id: str) -> Iterator[Triple]:
    """Yield what is known of the catalogue: its address, whose host is its name and its publisher's."""
    address = f"{site(artifact_id)}/"
    catalogue = NamedNode(address)
    yield Triple(NamedNode(artifact_id), DCTERMS.isPartOf, catalogue)
    yield Triple(catalogue, DCTERMS.title, Literal(host(artifact_id)))
    yield Triple(catalogue, DCTERMS.publisher, NamedNode(f"{address}#publisher"))


def _counted(triple: Triple) -> Triple:
    subject, predicate, value = triple
    return Triple(subject, predicate, Literal(cast(Literal, value).value, datatype=XSD.nonNegativeInteger))


def _order(triple: Triple, about: str) -> tuple[bool, str, bool, str, str]:
    subject, predicate, value = triple
    first = cast(NamedNode, subject).value != about
    return first, str(subject), predicate != RDF.type, str(predicate), str(value)
