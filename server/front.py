"""The front page: search and facets as plain links and forms; to a machine, the way to the catalogue."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any
from urllib.parse import urlencode

from flask import Blueprint, Response, redirect, render_template, request
from werkzeug.wrappers import Response as Reply

from hpcfair_kg.artifact import Artifact
from hpcfair_kg.knowledge.search import DEFAULT_FACETS, PARAMETERS, Found, parse
from server import catalog
from server.access import hub, principal
from server.negotiation import HTML, RDF, form
from server.replies import address, next_link

blueprint = Blueprint("front", __name__)

LABELS = {
    "kind": "Kind",
    "tag": "Tag",
    "framework": "Framework",
    "task": "Task",
    "license": "Licence",
    "creator": "Creator",
    "format": "Format",
    "architecture": "Architecture",
    "status": "Status",
    "owner": "Owner",
    "project": "Project",
    "machine": "Machine",
}
SHOWN = 8
"""Values of a facet that are shown before the rest is folded away."""


@blueprint.get("/")
def front() -> Reply:
    """Answer the catalogue: a page to search for people; for machines the FAIR Data Point, which leads to its pages."""
    chosen = form(HTML, *RDF)
    if chosen != HTML:
        # A machine that asks for a part of the catalogue is led to the pages of it.
        return redirect(address("/catalog"), 303) if request.args else catalog.point(chosen)
    found = hub().search(parse(_asked()), principal())
    response = Response(_page(found))
    if found.next:
        response.headers["Link"] = next_link("/", found.next)
    return response


def _asked() -> Iterator[tuple[str, str]]:
    """Yield the parameters of the form; what was left empty was not asked."""
    return ((name, value) for name, value in request.args.items(multi=True) if value)


def _page(found: Found) -> str:
    asked = [(name, value) for name, value in _asked() if name in PARAMETERS]
    chosen = [(name, value) for name, value in asked if name in LABELS]
    return render_template(
        "front.html",
        text=request.args.get("q", ""),
        found=found,
        artifacts=_artifacts(found),
        facets=[_facet(name, found.facets.get(name, ()), chosen) for name in _order(chosen)],
        chosen=[(LABELS[name], value, _without(asked, name, value)) for name, value in chosen],
        following=_address([*_first_page(asked), ("cursor", found.next)]) if found.next else None,
        beginning=_address(_first_page(asked)) if "cursor" in request.args else None,
        status=hub().status(),
    )


def _artifacts(found: Found) -> list[Artifact]:
    """Return the hits whole: their verdicts are shown too."""
    return [hub().find(hit["key"], principal()) for hit in found.hits]


def _order(chosen: Iterable[tuple[str, str]]) -> list[str]:
    return list(dict.fromkeys([*DEFAULT_FACETS, *(name for name, _ in chosen)]))


def _facet(name: str, counted: Iterable[dict[str, Any]], chosen: list[tuple[str, str]]) -> dict[str, Any]:
    """Return a facet for its checkboxes: chosen values first, so that none is out of sight."""
    values = [{**entry, "chosen": (name, entry["value"]) in chosen} for entry in counted]
    seen = {entry["value"] for entry in values}
    values += [
        {"value": v, "count": 0, "chosen": True}
        for n, v in dict.fromkeys(chosen)
        if n == name and v not in seen
    ]
    values.sort(key=lambda entry: not entry["chosen"])
    return {"name": name, "label": LABELS[name], "shown": values[:SHOWN], "folded": values[SHOWN:]}


def _without(asked: list[tuple[str, str]], name: str, value: str) -> str:
    return _address([pair for pair in _first_page(asked) if pair != (name, value)])


def _first_page(asked: Iterable[tuple[str, str]]) -> list[tuple[str, str]]:
    return [(name, value) for name, value in asked if name != "cursor"]


def _address(asked: Iterable[tuple[str, str | None]]) -> str:
    return "?" + urlencode(list(asked))
