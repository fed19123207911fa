"""What views answer with: JSON, RDF, and the links between pages."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from urllib.parse import urlencode

import orjson
from flask import Response, request
from pyoxigraph import Triple

from hpcfair_kg.errors import Conflict, InvalidMetadata
from hpcfair_kg.knowledge.jsonld import serialise
from server.access import hub
from server.negotiation import RDF


def json_reply(document: Any, status: int = 200, media_type: str = "application/json") -> Response:
    """Return a document as JSON; NumPy arrays in it are written as they are."""
    body = orjson.dumps(document, option=orjson.OPT_SERIALIZE_NUMPY | orjson.OPT_APPEND_NEWLINE)
    return Response(body, status, content_type=media_type)


def rdf_reply(triples: Sequence[Triple], suffix: str, etag: str | None = None) -> Response:
    """Return triples as Turtle, N-Triples, RDF/XML or JSON-LD, told apart by a suffix of `RDF`."""
    response = Response(serialise(triples, suffix), content_type=RDF[suffix])
    return tagged(response, f"{etag}.{suffix}") if etag else response


def tagged(response: Response, etag: str) -> Response:
    """Give a response its ETag, and answer 304 when the caller has it already."""
    response.set_etag(etag)
    response.headers["Cache-Control"] = "no-cache"
    response.make_conditional(request)
    return preconditioned(response)


def preconditioned(response: Response) -> Response:
    """Return a response that If-Match allows; raises `Conflict` in place of the others (RFC 9110 §13.1.1)."""
    if response.status_code != 412:
        return response
    response.close()
    raise Conflict(f"this has the ETag {response.headers['ETag']}, which If-Match does not name")


def json_body() -> dict[str, Any]:
    """Return the request's JSON object; raises `InvalidMetadata` for anything else."""
    return json_object(request.get_data(), "the body")


def json_object(data: bytes, what: str) -> dict[str, Any]:
    """Return the JSON object that some bytes are; raises `InvalidMetadata` saying where it is none."""
    try:
        document = orjson.loads(data)
    except orjson.JSONDecodeError as exc:
        raise _no_json(f"{what} is not JSON: {exc}") from exc
    if not isinstance(document, dict):
        raise _no_json(f'{what} is a JSON {_kind(document)}; it must be an object, as in {{"name": …}}')
    return document


def next_link(path: str, cursor: str) -> str:
    """Return the Link header for the page after this one: the same question with a cursor."""
    asked = [(name, value) for name, value in request.args.items(multi=True) if name != "cursor"]
    return f'<{hub().settings.base}{path}?{urlencode([*asked, ("cursor", cursor)])}>; rel="next"'


def _no_json(message: str) -> InvalidMetadata:
    return InvalidMetadata(message, report=[{"path": "", "message": message, "value": None}])


def _kind(value: Any) -> str:
    return {list: "array", str: "text", bool: "boolean", type(None): "null"}.get(type(value), "number")
