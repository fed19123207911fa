"""The catalogue for machines: DCAT in pages, the FAIR Data Point at the front, and what VoID says of it all."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import replace
from typing import Final, get_args

from flask import Blueprint, redirect, request
from pyoxigraph import Triple
from werkzeug.wrappers import Response as Reply

from hpcfair_kg.artifact import Artifact, Status
from hpcfair_kg.errors import NotFound
from hpcfair_kg.knowledge import dcat, void
from hpcfair_kg.knowledge.search import Found, Query, parse
from server.access import hub
from server.negotiation import HTML, RDF, form
from server.replies import address, linked, whole_reply

blueprint = Blueprint("catalog", __name__)

PAGE: Final = 100
"""Artifacts on a page, where the caller does not say how many."""
COUNTED: Final = 50_000
"""With more artifacts than this the triples are not counted: it takes three seconds for these."""


@blueprint.get("/catalog")
@blueprint.get("/catalog.<suffix>")
def catalog(suffix: str = "") -> Reply:
    """Answer a page of the catalogue, newest first; the parameters of a search narrow it."""
    if suffix and suffix not in RDF:
        raise NotFound(f"no form {suffix!r} of the catalogue; there are: {', '.join(RDF)}")
    chosen = suffix or form("ttl", *RDF, HTML)
    if chosen == HTML:
        return redirect(address("/"), 303)
    query, generation = _query(), hub().index.generation
    found = hub().search(query)
    response = whole_reply(lambda: _page(found), chosen, generation, repr(query), request.path)
    if found.next:
        linked(response, address(request.path, found.next), "next")
    return linked(response, address(request.path), "first")


@blueprint.get("/.well-known/void")
def description() -> Reply:
    """Answer what the RDF of this catalogue is about, how much there is, and how it is had."""
    return whole_reply(_void, form("ttl", *RDF), hub().index.generation, "void")


def point(suffix: str) -> Reply:
    """Answer the FAIR Data Point, whose link leads to the first page of its catalogue."""
    response = whole_reply(
        lambda: dcat.point(hub().site, hub().index.modified), suffix, hub().index.generation, "point"
    )
    return linked(response, hub().site.catalogue, "first")


def _query() -> Query:
    asked = [(name, value) for name, value in request.args.items(multi=True) if name != "facets"]
    if not any(name == "limit" for name, _ in asked):
        asked.append(("limit", str(PAGE)))
    return replace(parse(asked), facets=())


def _page(found: Found) -> Iterable[Triple]:
    at = dcat.Page(
        hub().settings.base + request.full_path.rstrip("?"),
        address(request.path),
        address(request.path, found.next) if found.next else None,
        found.total,
    )
    return dcat.page(hub().site, list(_artifacts(found)), at, hub().index.modified)


def _artifacts(found: Found) -> Iterator[Artifact]:
    """Yield the hits whole, but one that was made private since the index was asked."""
    for hit in found.hits:
        with suppress(NotFound):
            yield hub().find(hit["key"])


def _void() -> Iterable[Triple]:
    everything = Query(filters={"status": get_args(Status)}, facets=("kind", "architecture"), limit=1)
    found = hub().search(everything)
    kinds, architectures = (
        {entry["value"]: entry["count"] for entry in found.facets[facet]} for facet in everything.facets
    )
    triples = hub().public.count() if found.total <= COUNTED else None
    example = next((hit["id"] for hit in found.hits), None)
    return void.describe(hub().site, hub().settings.naan, void.Counts(kinds, architectures, triples), example)
