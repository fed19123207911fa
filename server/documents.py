"""What does not change with the catalogue: the ontology, the shapes, the context, the problems, the API's description."""

from __future__ import annotations

import inspect
from functools import cache
from importlib.resources import files
from typing import Any

import pyoxigraph as ox
import yaml
from flask import Blueprint, Response, render_template

from hpcfair_kg import __version__
from hpcfair_kg.errors import HPCFairError, NotFound, by_code
from hpcfair_kg.knowledge import ontology, validate
from server.access import hub
from server.negotiation import HTML, JSON, RDF, best, form
from server.replies import json_reply, rdf_reply

blueprint = Blueprint("documents", __name__)

MODULES = {
    "hk.ttl": "Our own",
    "hpc-used.ttl": "Of the HPC Ontology 1.1.0",
    "hpc-errata.ttl": "What the HPC Ontology documents and does not declare",
}
ROBOTS = "User-agent: *\nDisallow: /api/\nDisallow: /sparql\nDisallow: /v2/\n"


@blueprint.get("/ns")
def ontology_page() -> Response:
    """Answer the ontology, all its modules: the terms to a person, the triples to a machine."""
    chosen = form("ttl", HTML, *RDF)
    if chosen == HTML:
        modules = [(title, ontology.glossary(name)) for name, title in MODULES.items()]
        return Response(render_template("terms.html", modules=modules, short=ontology.short))
    return rdf_reply(ontology.triples(), chosen)


@blueprint.get("/shapes")
def shapes() -> Response:
    """Answer the SHACL shapes that every record meets."""
    return rdf_reply(_parsed(validate.text("")), form("ttl", *RDF))


@blueprint.get("/context.jsonld")
def context() -> Response:
    """Answer the JSON-LD context."""
    return json_reply({"@context": ontology.context()}, media_type=RDF["jsonld"])


@blueprint.get("/problems/<code>")
def problem(code: str) -> Response:
    """Answer what a problem's type means."""
    kinds = {HPCFairError.code: HPCFairError} | by_code()
    if code not in kinds:
        raise NotFound(f"there is no problem {code!r}; there are: {', '.join(sorted(kinds))}")
    kind, meaning = kinds[code], (inspect.getdoc(kinds[code]) or "").partition("\n\n")[0]
    if code == HPCFairError.code:
        meaning = "Something went wrong in the service; its operator finds the reason in the log."
    if best((HTML, JSON)) == HTML:
        return Response(render_template("kind_of_problem.html", kind=kind, meaning=meaning))
    return json_reply({"code": code, "title": kind.title, "status": kind.status, "description": meaning})


@blueprint.get("/openapi.json")
def openapi() -> Response:
    """Answer the description of the API (OpenAPI 3.1)."""
    return json_reply(description(hub().settings.base))


@blueprint.get("/docs")
def docs() -> Response:
    """Answer the same for people."""
    api = description(hub().settings.base)
    return Response(render_template("docs.html", api=_resolved(api, api)))


@blueprint.get("/robots.txt")
def robots() -> Response:
    """Keep crawlers to the pages that are meant for them, and say where these are listed."""
    text = f"{ROBOTS}Sitemap: {hub().settings.base}/sitemap.xml\n"
    return Response(text, content_type="text/plain; charset=utf-8")


def description(base: str) -> dict[str, Any]:
    """Return the OpenAPI document of a service at an address."""
    document = {**_openapi(), "servers": [{"url": base}]}
    document["info"] = {**document["info"], "version": __version__}
    return document


@cache
def _openapi() -> dict[str, Any]:
    document: dict[str, Any] = yaml.safe_load((files("server") / "openapi.yaml").read_text())
    return document


def _resolved(part: Any, whole: dict[str, Any]) -> Any:
    """Return a part of a document with what its references lead to; schemas may go in circles and stay as they are."""
    if isinstance(part, list):
        return [_resolved(item, whole) for item in part]
    if not isinstance(part, dict):
        return part
    if str(part.get("$ref", "")).startswith(("#/components/parameters/", "#/components/responses/")):
        _, _, kind, name = part["$ref"].split("/")
        return whole["components"][kind][name]
    return {name: _resolved(value, whole) for name, value in part.items()}


def _parsed(text: str) -> list[ox.Triple]:
    return [quad.triple for quad in ox.parse(text, format=ox.RdfFormat.TURTLE)]
