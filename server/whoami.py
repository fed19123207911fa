"""Whose token a request carries."""

from __future__ import annotations

from flask import Blueprint, Response

from hpcfair_kg.artifact import plain
from hpcfair_kg.errors import Unauthorized
from server.access import principal
from server.replies import json_reply

blueprint = Blueprint("whoami", __name__)


@blueprint.get("/api/whoami")
def whoami() -> Response:
    """Answer the owner, the scopes and the person of the token; raises `Unauthorized` without one."""
    caller = principal()
    if caller.owner is None:
        raise Unauthorized("no token was sent; send one as 'Authorization: Bearer …'")
    return json_reply(
        {"owner": caller.owner, "scopes": sorted(caller.scopes), "person": plain(caller.person)}
    )
