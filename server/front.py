"""The front page: search and facets as plain links and forms; DCAT to a machine."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any
from urllib.parse import urlencode

from flask import Blueprint, Response, render_template, request
from pyoxigraph import Literal, NamedNode, Triple

from hpcfair_kg.artifact import Artifact
from hpcfair_kg.knowledge.search import DEFAULT_FACETS, PARAMETERS, Found, parse
from hpcfair_kg.knowledge.vocabulary import DCAT, DCTERMS
from hpcfair_kg.knowledge.vocabulary import RDF as SYNTAX
from server.access import hub, principal
from server.negotiation import HTML, RDF, form
from server.replies import next_link, rdf_reply
from server.wording import STATUSES

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
}
SHOWN = 8
"""Values of a facet that are shown before the rest is folded away."""


@blueprint.get("/")
def front() -> Response:
    """Answer the catalogue: a page to search for people, DCAT for machines."""
    chosen = form(HTML, *RDF)
    found = hub().search(parse(_asked()), principal())
    response = Response(_page(found)) if chosen == HTML else rdf_reply([*_catalogue(found)], chosen)
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
        statuses=STATUSES,
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


def _catalogue(found: Found) -> Iterator[Triple]:
    """Yield this page of the catalogue as DCAT 3."""
    catalogue = NamedNode(f"{hub().settings.base}/")
    endpoint = NamedNode(f"{hub().settings.base}/sparql")
    yield Triple(catalogue, SYNTAX.type, DCAT.Catalog)
    yield Triple(catalogue, DCTERMS.title, Literal("HPCFair-KG catalogue", language="en"))
    yield Triple(catalogue, DCAT.service, endpoint)
    yield Triple(endpoint, SYNTAX.type, DCAT.DataService)
    yield Triple(endpoint, DCAT.endpointURL, endpoint)
    for hit in found.hits:
        entry = NamedNode(hit["id"])
        yield Triple(catalogue, DCAT.dataset, entry)
        yield Triple(entry, SYNTAX.type, DCAT.Dataset)
        yield Triple(entry, DCTERMS.title, Literal(hit["title"] or hit["name"]))
