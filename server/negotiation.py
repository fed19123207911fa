"""Choosing a representation by the Accept header (RFC 9110 §12)."""

from __future__ import annotations

from collections.abc import Sequence

from flask import request
from werkzeug.exceptions import NotAcceptable

HTML = "text/html"
JSON = "application/json"
RDF = {
    "jsonld": "application/ld+json",
    "ttl": "text/turtle",
    "nt": "application/n-triples",
    "rdf": "application/rdf+xml",
}
"""The suffixes that RDF is asked for by, and their media types."""


def best(offers: Sequence[str]) -> str:
    """Return the offer that the caller likes best, the first of equals; raises 406 naming the offers."""
    chosen = request.accept_mimetypes.best_match(offers) if request.accept_mimetypes else offers[0]
    if chosen is None:
        raise NotAcceptable(
            f"none of what the Accept header asks for is offered here; there are: {', '.join(offers)}"
        )
    return chosen


def form(*offers: str) -> str:
    """Return the offer that the caller likes best, where a suffix of `RDF` stands for its media type."""
    by_type = {RDF.get(offer, offer): offer for offer in offers}
    return by_type[best(tuple(by_type))]


def wanted() -> tuple[str, ...]:
    """Return the media types of the Accept header, the best liked first; nothing when there is none."""
    return tuple(value for value, quality in request.accept_mimetypes if quality > 0)


def prefers_html() -> bool:
    """Whether a person at a browser asks: HTML is named, and nothing is liked better."""
    accept = request.accept_mimetypes
    return HTML in accept.values() and accept[HTML] >= max(quality for _, quality in accept)
