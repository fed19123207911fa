"""Harvesting: every record as a line of JSON-LD in the order of their changes, and the sitemap."""

from __future__ import annotations

import hashlib
from typing import Final
from xml.etree import ElementTree

from flask import Blueprint, Response, request

from hpcfair_kg.errors import UnknownParameter
from hpcfair_kg.knowledge import cursors
from hpcfair_kg.knowledge.jsonld import jsonl
from hpcfair_kg.knowledge.walk import START, Mark, Walk, moment, spoken
from server.access import hub
from server.replies import address, linked, tagged
from server.waiting import room

blueprint = Blueprint("harvest", __name__)

LINES: Final = 1000
"""Records in one answer of the feed."""
URLS: Final = 50_000
"""Addresses in one sitemap: the most that https://www.sitemaps.org/protocol.html allows."""
JSONL: Final = "application/jsonl"
XML: Final = "application/xml"
_SHOWN: Final = Walk("created", withdrawn=False)
_SITEMAP: Final = "http://www.sitemaps.org/schemas/sitemap/0.9"


@blueprint.get("/harvest.jsonl")
def feed() -> Response:
    """Answer records as JSON-LD, a line each, the longest unchanged first; what was withdrawn is among them."""
    asked = _parameters("since", "cursor")
    walk = Walk(since=moment(asked["since"]) if asked["since"] else 0)
    stretch = hub().changed(walk, _place(asked["cursor"], walk.since), LINES)
    held = room()  # a reader that stalls holds a thread
    held.enter()
    lines = (jsonl(entry.triples) for entry in hub().taken(stretch))
    response = Response(lines, content_type=JSONL)
    response.call_on_close(held.leave)
    if stretch.next:
        cursor = cursors.write(walk.since, stretch.next.time, stretch.next.tie)
        linked(response, address("/harvest.jsonl", cursor), "next")
    return response


@blueprint.get("/sitemap.xml")
def sitemap() -> Response:
    """Answer the list of sitemaps, or, by the cursor of one of them, the addresses in it."""
    cursor = _parameters("cursor")["cursor"]
    after, key = _place(cursor), ("sitemap", str(hub().index.generation), cursor)
    body = hub().renderings.made(key, lambda: _urls(after) if cursor else _sitemaps())
    return tagged(Response(body, content_type=XML), hashlib.sha256(body).hexdigest())


def _parameters(*names: str) -> dict[str, str]:
    """Return the parameters of the request, each at most once; raises `UnknownParameter` for any other."""
    for name, values in request.args.lists():
        if name not in names:
            raise UnknownParameter(
                f"unknown parameter {name[:40]!r}; there are: {', '.join(names)}", known=names
            )
        if len(values) > 1:
            raise UnknownParameter(f"{name} is given {len(values)} times; once is enough", known=names)
    return {name: request.args.get(name, "").strip() for name in names}


def _place(cursor: str, *of: int) -> Mark:
    """Return the place that a cursor holds; raises `UnknownParameter` for one of another list, and for none."""
    if not cursor:
        return START
    try:
        *whose, time, tie = cursors.read(cursor)
        place = Mark.read(time, tie)
    except ValueError as exc:
        raise UnknownParameter("the cursor is none that came from here; leave it out to begin again") from exc
    if whose != list(of):
        raise UnknownParameter("the cursor belongs to another question; leave it out to begin this one")
    return place


def _sitemaps() -> bytes:
    """Return the list of sitemaps: an artifact stays in its own until an older one is withdrawn."""
    root = ElementTree.Element("sitemapindex", xmlns=_SITEMAP)
    after: Mark | None = START
    while after is not None:
        stretch = hub().changed(_SHOWN, after, URLS)
        page = f"{hub().settings.base}/sitemap.xml?cursor={cursors.write(after.time, after.tie)}"
        _located(root, "sitemap", page, spoken(stretch.latest))
        after = stretch.next
    return bytes(ElementTree.tostring(root, "utf-8", xml_declaration=True))


def _urls(after: Mark) -> bytes:
    root = ElementTree.Element("urlset", xmlns=_SITEMAP)
    for hit in hub().changed(_SHOWN, after, URLS).hits():
        _located(root, "url", hit["id"], hit["modified"])
    return bytes(ElementTree.tostring(root, "utf-8", xml_declaration=True))


def _located(root: ElementTree.Element, tag: str, address: str, changed: str) -> None:
    member = ElementTree.SubElement(root, tag)
    ElementTree.SubElement(member, "loc").text = address
    ElementTree.SubElement(member, "lastmod").text = changed
