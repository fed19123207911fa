"""SPARQL over HTTP with SPARQLWrapper: rows, a truth value or a graph, as the query form gives."""

from __future__ import annotations

import ast
import urllib.error
import warnings
from typing import TYPE_CHECKING, Any

from hpcfair_kg.client.transport import Service, problem, unreachable

if TYPE_CHECKING:
    import rdflib

Answer = "list[dict[str, Any]] | bool | rdflib.Graph"


def ask(service: Service, query: str) -> list[dict[str, Any]] | bool | rdflib.Graph:
    """Return rows (SELECT), a truth value (ASK) or an rdflib graph (CONSTRUCT, DESCRIBE)."""
    import rdflib
    from SPARQLWrapper import JSON, POST, POSTDIRECTLY, TURTLE, SPARQLWrapper

    service.require_online()
    wrapper = SPARQLWrapper(f"{service.endpoint}/sparql")
    for name, value in service.authorization.items():
        wrapper.addCustomHttpHeader(name, value)
    with warnings.catch_warnings():
        # a query whose form SPARQLWrapper cannot tell is for the service to judge
        warnings.filterwarnings("ignore", category=RuntimeWarning, module="SPARQLWrapper")
        wrapper.setQuery(query)
    wrapper.setMethod(POST)
    wrapper.setRequestMethod(POSTDIRECTLY)
    graph = wrapper.queryType in ("CONSTRUCT", "DESCRIBE")
    wrapper.setReturnFormat(TURTLE if graph else JSON)
    answer = _sent(service, wrapper)
    if graph:
        return rdflib.Graph().parse(data=answer, format="turtle")
    if "boolean" in answer:
        return bool(answer["boolean"])
    names = answer["head"]["vars"]
    return [{n: _natural(row.get(n)) for n in names} for row in answer["results"]["bindings"]]


def _sent(service: Service, wrapper: Any) -> Any:
    from SPARQLWrapper.SPARQLExceptions import SPARQLWrapperException

    try:
        return wrapper.queryAndConvert()
    except SPARQLWrapperException as exc:
        # SPARQLWrapper keeps the body of an error only as a literal at the end of its message
        body = ast.literal_eval(str(exc).partition("Response:\n")[2] or "b''")
        raise problem(400, body, wrapper.endpoint) from exc
    except urllib.error.HTTPError as exc:
        raise problem(exc.code, exc.read(), wrapper.endpoint) from exc
    except urllib.error.URLError as exc:
        raise unreachable(service.endpoint, exc) from exc


def _natural(term: dict[str, str] | None) -> Any:
    """Return a binding as Python's own value: text, number, truth value, or None where unbound."""
    import rdflib

    if term is None or term["type"] in ("uri", "bnode"):
        return None if term is None else term["value"]
    kind = term.get("datatype")
    value = rdflib.Literal(term["value"], datatype=kind).toPython() if kind else term["value"]
    return str(value) if isinstance(value, rdflib.Literal) else value
