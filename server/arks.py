"""ARKs as they are spoken: one spelling is canonical, the others lead to it.

What counts is what the ARK specification says (draft-kunze-ark, section 2.2):
a slash after "ark:" may be left out, and hyphens mean nothing.
"""

from __future__ import annotations

from flask import Blueprint, redirect, request
from werkzeug.routing import RequestRedirect
from werkzeug.wrappers import Response as Reply

from hpcfair_kg.errors import NotFound
from hpcfair_kg.knowledge.entries import Entry
from server.access import hub, principal

blueprint = Blueprint("arks", __name__)


@blueprint.get("/ark:<naan>/<path:rest>")
def newer(naan: str, rest: str) -> Reply:
    """Lead from the form without a slash after "ark:" to the one that IRIs here have."""
    return redirect(_here(f"/ark:/{naan}/{rest}"), 301)


def entry(naan: str, key: str) -> Entry:
    """Return what an ARK of this service names; raises `NotFound`, and leads on where hyphens were put in."""
    if naan != hub().settings.naan:
        raise NotFound(f"identifiers here begin with ark:/{hub().settings.naan}/, not with ark:/{naan}/")
    if (plain := key.replace("-", "")) != key:
        raise RequestRedirect(_here(request.path.replace(key, plain, 1)))
    return hub().entry(key, principal())


def _here(path: str) -> str:
    query = request.query_string.decode("latin-1")
    return hub().settings.base + path + (f"?{query}" if query else "")
