"""Search by API: text, tags and facets in, hits and counts out."""

from __future__ import annotations

from flask import Blueprint, Response, request

from hpcfair_kg.knowledge.search import parse
from server.access import hub, principal
from server.replies import json_reply, next_link

blueprint = Blueprint("search", __name__)


@blueprint.get("/api/search")
def search() -> Response:
    """Answer the hits, the counts beside each facet's values, and where the next page begins."""
    found = hub().search(parse(request.args.items(multi=True)), principal())
    response = json_reply(
        {"total": found.total, "hits": found.hits, "facets": found.facets, "next": found.next}
    )
    if found.next:
        response.headers["Link"] = next_link("/api/search", found.next)
    return response
