"""SPARQL 1.1 Protocol, queries only; a person gets a form, examples, and the answer as a table."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from importlib.resources import files
from importlib.resources.abc import Traversable
from typing import Any

import orjson
from flask import Blueprint, Response, render_template, request
from pyoxigraph import NamedNode, Triple

from hpcfair_kg.backends.graph.guard import QueryResult
from hpcfair_kg.backends.graph.querying import GRAPHS, RESULTS
from hpcfair_kg.errors import HPCFairError, QueryRefused, QuerySyntax, UnknownFormat
from hpcfair_kg.knowledge.vocabulary import RDF as SYNTAX
from hpcfair_kg.knowledge.vocabulary import Namespace
from server.access import hub, principal
from server.negotiation import HTML, RDF, form, prefers_html, wanted
from server.replies import rdf_reply

Example = tuple[str, str]
Shelf = tuple[str, tuple[Example, ...]]

blueprint = Blueprint("sparql", __name__)

SD = Namespace("http://www.w3.org/ns/sparql-service-description#")
FORMATS = Namespace("http://www.w3.org/ns/formats/")
WRITTEN = (
    "SPARQL_Results_JSON", "SPARQL_Results_XML", "SPARQL_Results_CSV", "SPARQL_Results_TSV",
    "Turtle", "N-Triples", "RDF_XML", "JSON-LD",
)  # fmt: skip
ASK = "application/sparql-results+json"
QUERY = "application/sparql-query"
UPDATE = "application/sparql-update"


@blueprint.route("/sparql", methods=["GET", "POST"])
def sparql() -> Response:
    """Answer a query; without one, the form to a person and the service description to a machine."""
    text = _query()
    if text is None:
        return _described()
    if prefers_html():
        return _shown(text)
    result = _asked(text, wanted())
    return Response(result.body, content_type=result.media_type)


def _query() -> str | None:
    """Return the query of any of the protocol's three operations (SPARQL 1.1 Protocol §2.1)."""
    if request.mimetype == UPDATE or "update" in request.values:
        raise QueryRefused("updates are not taken here: records change by their own API, see /docs")
    if request.method == "POST" and request.mimetype == QUERY:
        return request.get_data().decode("utf-8", "replace")
    if request.method == "POST" and request.mimetype != "application/x-www-form-urlencoded":
        raise UnknownFormat(
            f"a query is sent as {QUERY} or as a form, not as {request.mimetype or 'nothing named'}"
        )
    queries = request.values.getlist("query")
    if len(queries) > 1:
        raise QuerySyntax("one request asks one query; this one has several")
    if request.method == "POST" and not queries:
        raise QuerySyntax("the form has no field 'query'")
    return queries[0] if queries and queries[0].strip() else None


def _asked(text: str, accept: Sequence[str]) -> QueryResult:
    default, named = (_all(f"{which}-graph-uri") for which in ("default", "named"))
    return hub().sparql(text, accept, default or None, named or None, principal())


def _all(name: str) -> list[str]:
    """Return a parameter's values, from the address also when the query is the body."""
    return [*request.args.getlist(name), *request.form.getlist(name)]


def _shown(text: str) -> Response:
    """Answer with the page, the query in its form and below it the answer or what was wrong with it."""
    table, graph, problem = None, "", None
    try:
        result = _asked(text, (ASK, RDF["ttl"]))
        if result.media_type == ASK:
            table = orjson.loads(result.body)
        else:
            graph = result.body.decode()
    except HPCFairError as exc:
        problem = exc
    page = _page(text, table=table, graph=graph, problem=problem)
    page.status_code = problem.status if problem else 200
    return page


def _described() -> Response:
    """Answer the service description (SPARQL 1.1 Service Description), or the empty form to a person."""
    chosen = HTML if prefers_html() else form("ttl", *RDF, HTML)
    return _page("") if chosen == HTML else rdf_reply(_description(), chosen)


def _description() -> list[Triple]:
    service = NamedNode(f"{hub().settings.base}/sparql")
    return [
        Triple(service, SYNTAX.type, SD.Service),
        Triple(service, SD.endpoint, service),
        Triple(service, SD.supportedLanguage, SD.SPARQL11Query),
        Triple(service, SD.feature, SD.UnionDefaultGraph),
        *(Triple(service, SD.resultFormat, FORMATS[name]) for name in WRITTEN),
    ]


def _page(text: str, **answer: Any) -> Response:
    return Response(
        render_template("sparql.html", query=text, shelves=shelves(), offered=[*RESULTS, *GRAPHS], **answer)
    )


@cache
def examples() -> tuple[Example, ...]:
    """Return the example queries: what each asks (its first line, a comment) and its text."""
    return tuple(example for _, group in shelves() for example in group)


@cache
def shelves() -> tuple[Shelf, ...]:
    """Return the example queries under their headings; a folder's name is its heading, as in ``1-finding``."""
    return tuple(
        (_heading(folder.name), _questions(folder)) for folder in _ordered(files("server") / "queries")
    )


def _heading(name: str) -> str:
    return name.partition("-")[2].replace("-", " ").capitalize()


def _questions(folder: Traversable) -> tuple[Example, ...]:
    texts = [entry.read_text(encoding="utf-8") for entry in _ordered(folder)]
    return tuple((text.partition("\n")[0].lstrip("# "), text) for text in texts)


def _ordered(folder: Traversable) -> list[Traversable]:
    return sorted(folder.iterdir(), key=lambda entry: entry.name)
