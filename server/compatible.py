"""What fits an artifact, by API: models before and after it, datasets that feed it."""

from __future__ import annotations

from flask import Blueprint, Response, request

from hpcfair_kg.knowledge.compatible import parse
from server.access import hub, principal
from server.replies import json_reply, next_link

blueprint = Blueprint("compatible", __name__, url_prefix="/api/artifacts")


@blueprint.get("/<path:spoken>/compatible")
def compatible(spoken: str) -> Response:
    """Answer the lists of what fits, how many there are in each, and where the next page of each begins."""
    asked = parse(request.args.items(multi=True))
    key = hub().find(spoken, principal()).key
    found = hub().compatible(key, asked, principal())
    lists = {role: page.entries for role, page in found.items()}
    total = {role: page.total for role, page in found.items()}
    following = {role: page.next for role, page in found.items()}
    response = json_reply(lists | {"total": total, "next": following})
    if asked.role and (cursor := following[asked.role]):
        response.headers["Link"] = next_link(f"/api/artifacts/{key}/compatible", cursor)
    return response
