"""Headers that every response carries: protection for readers, and leave for other sites' pages to read."""

from __future__ import annotations

from flask import Flask, Response, request

POLICY = "default-src 'none'; style-src 'self'; img-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
"""No script runs on these pages: there is none, and one smuggled in by a description stays text."""

PROTECTION = {
    "Content-Security-Policy": POLICY,
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
}
VARY = "Accept"

EXPOSED = "Accept-Ranges, Content-Disposition, Content-Range, ETag, Link, Location, Repr-Digest, Retry-After"
READS = ("GET", "HEAD")


def register(app: Flask) -> None:
    """Have the app add them."""
    app.after_request(_protect)
    app.after_request(_share)
    app.after_request(_vary)


def _protect(response: Response) -> Response:
    for name, value in PROTECTION.items():
        response.headers[name] = value
    return response


def _share(response: Response) -> Response:
    """Let pages of other origins read, never write (Fetch §3.2); a SPARQL query by POST is a read."""
    methods = (*READS, "POST") if request.path == "/sparql" else READS
    if request.method in (*methods, "OPTIONS"):
        response.headers["Access-Control-Allow-Origin"] = "*"
        response.headers["Access-Control-Expose-Headers"] = EXPOSED
    if request.method == "OPTIONS":
        response.headers["Access-Control-Allow-Methods"] = ", ".join((*methods, "OPTIONS"))
        response.headers["Access-Control-Allow-Headers"] = (
            "Accept, Authorization, Content-Type, If-None-Match, Range"
        )
        response.headers["Access-Control-Max-Age"] = "86400"
    return response


def _vary(response: Response) -> Response:
    response.vary.add(VARY)
    return response
