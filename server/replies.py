"""What views answer with: JSON, RDF, and the links between pages."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable
from typing import Any
from urllib.parse import urlencode

import orjson
from flask import Response, request
from pyoxigraph import Triple
from werkzeug.http import dump_options_header

from hpcfair_kg.errors import Conflict, InvalidMetadata
from hpcfair_kg.knowledge.jsonld import serialise
from hpcfair_kg.knowledge.vocabulary import WHOLE
from server.access import hub
from server.negotiation import RDF


def json_reply(document: Any, status: int = 200, media_type: str = "application/json") -> Response:
    """Return a document as JSON; NumPy arrays in it are written as they are."""
    body = orjson.dumps(document, option=orjson.OPT_SERIALIZE_NUMPY | orjson.OPT_APPEND_NEWLINE)
    return Response(body, status, content_type=media_type)


def rdf_reply(triples: Iterable[Triple], suffix: str) -> Response:
    """Return triples as Turtle, N-Triples, RDF/XML or JSON-LD, told apart by a suffix of `RDF`."""
    return Response(serialise(triples, suffix), content_type=RDF[suffix])


def whole_reply(make: Callable[[], Iterable[Triple]], suffix: str, generation: int, *place: str) -> Response:
    """Return triples about the whole catalogue, made once a commit; `place` tells one document from another.

    `generation` is the index's before anything was asked of it: what is made of a newer one does no harm.
    """
    key = ("whole", str(generation), suffix, *place)
    body = hub().renderings.made(key, lambda: serialise(make(), suffix, WHOLE))
    return tagged(Response(body, content_type=RDF[suffix]), hashlib.sha256(body).hexdigest())


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
    return f'<{address(path, cursor)}>; rel="next"'


def address(path: str, cursor: str = "") -> str:
    """Return where the page of a cursor is, by default the first one: the same question at a path of this service."""
    asked = [(name, value) for name, value in request.args.items(multi=True) if name != "cursor"]
    asked += [("cursor", cursor)] if cursor else []
    return hub().settings.base + path + (f"?{urlencode(asked)}" if asked else "")


def linked(response: Response, target: str, relation: str) -> Response:
    """Return a response with one more link in its header (RFC 8288)."""
    response.headers.add("Link", f'<{target}>; rel="{relation}"')
    return response


def attachment(name: str) -> str:
    """Return the Content-Disposition under which a browser saves a file, whatever letters it has."""
    return dump_options_header("attachment", {"filename": name.rpartition("/")[2]})


def _no_json(message: str) -> InvalidMetadata:
    return InvalidMetadata(message, report=[{"path": "", "message": message, "value": None}])


def _kind(value: Any) -> str:
    return {list: "array", str: "text", bool: "boolean", type(None): "null"}.get(type(value), "number")
