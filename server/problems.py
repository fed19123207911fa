"""Every error as application/problem+json (RFC 9457), the framework's own too; for a person, as a page."""

from __future__ import annotations

import logging
from typing import Any

from flask import Flask, Response, render_template, request
from werkzeug.exceptions import HTTPException

from hpcfair_kg.errors import Busy, Conflict, HPCFairError, NotFound, TooLarge, Unauthorized
from server.access import hub
from server.negotiation import prefers_html
from server.replies import json_reply

log = logging.getLogger(__name__)

PROBLEM = "application/problem+json"
OURS: dict[int, type[HPCFairError]] = {404: NotFound, 413: TooLarge}
"""Errors of the framework that this project has its own code for."""

SENTENCES = {
    404: "there is nothing at {path}; the front page and /docs say what there is",
    405: "{method} is not possible at {path}",
    413: "the body is larger than what is taken at {path}",
    500: "something went wrong in this service; the operator finds the reason in its log",
}


def register(app: Flask) -> None:
    """Have the app answer its errors so."""
    app.register_error_handler(HPCFairError, _ours)
    app.register_error_handler(HTTPException, _theirs)
    app.register_error_handler(Exception, _unexpected)


def _ours(exc: HPCFairError) -> Response:
    problem = exc.problem(hub().settings.base, request.path)
    if isinstance(exc, Conflict) and "If-Match" in request.headers:
        problem["status"] = 412  # what a failed precondition answers, RFC 9110 §13.1.1
    return headed(_answer(problem), exc)


def headed(response: Response, exc: HPCFairError) -> Response:
    """Return the answer to an error with the headers of its kind; the log has what the service failed at."""
    if exc.status >= 500 and not isinstance(exc, Busy):
        log.error("%s %s: %s", request.method, request.path, exc.detail)
    if isinstance(exc, Unauthorized):
        response.headers["WWW-Authenticate"] = 'Bearer realm="hpcfair"'
    if isinstance(exc, Busy):
        response.headers["Retry-After"] = "5"
    return response


def _theirs(exc: HTTPException) -> Response | HTTPException:
    if exc.code is None or exc.code < 400:
        return exc
    detail = exc.description or ""
    if exc.code in SENTENCES:
        detail = SENTENCES[exc.code].format(path=request.path, method=request.method)
    if exc.code in OURS:
        problem = OURS[exc.code](detail).problem(hub().settings.base, request.path)
    else:
        problem = {
            "type": "about:blank",
            "title": exc.name,
            "status": exc.code,
            "detail": detail,
            "instance": request.path,
        }
    response = _answer(problem)
    kept = ("allow", "retry-after", "content-range", "accept-ranges")
    response.headers.extend([(k, v) for k, v in exc.get_headers() if k.lower() in kept])
    return response


def _unexpected(exc: Exception) -> Response:
    log.exception("%s %s failed", request.method, request.path, exc_info=exc)
    return _answer(HPCFairError(SENTENCES[500]).problem(hub().settings.base, request.path))


def _answer(problem: dict[str, Any]) -> Response:
    status = int(problem["status"])
    if request.path.startswith("/v2"):
        problem["error"] = problem["detail"]  # where clients of the Open Inference Protocol look
    if prefers_html() and not request.path.startswith(("/api/", "/v2")):
        return Response(render_template("problem.html", problem=problem), status)
    return json_reply(problem, status, PROBLEM)
