"""OAI-PMH 2.0: the catalogue for harvesters that never heard of it (http://www.openarchives.org/OAI/openarchivesprotocol.html).

An artifact is an item, known by its IRI; its datestamp is the time of its last
change; one that was withdrawn is a deleted record, for good.  Sets are the kinds.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any, Final

from flask import Blueprint, Response, render_template, request
from markupsafe import Markup

from hpcfair_kg.errors import NotFound
from hpcfair_kg.knowledge.checks import UNSPEAKABLE
from hpcfair_kg.knowledge.entries import Entry
from hpcfair_kg.knowledge.index import microseconds
from hpcfair_kg.knowledge.oai_formats import FORMATS
from hpcfair_kg.knowledge.walk import Stretch, Walk, spoken
from server.access import hub
from server.oai_arguments import SETS, Asked, Refusal, read

blueprint = Blueprint("oai", __name__)

Answer = tuple[str, dict[str, Any]]
"""The name of a template, and what stands in it."""

PAGE: Final[Mapping[str, int]] = {"ListRecords": 100, "ListIdentifiers": 1000}
"""How many members an incomplete list has."""


@dataclass(frozen=True, slots=True)
class Record:
    """An item as it is listed: its header, and its metadata where they were asked for and it was not withdrawn."""

    identifier: str
    datestamp: str
    kind: str
    deleted: bool
    metadata: Markup | None = None


@dataclass(frozen=True, slots=True)
class Token:
    """What ends an incomplete list; the last part of one has a token without text."""

    text: str
    seen: int
    total: int


@blueprint.route("/oai", methods=["GET", "POST"])
def oai() -> Response:
    """Answer a request by OAI-PMH, by GET or as a form; what is wrong with it is said as the protocol says it."""
    arguments = request.form if request.method == "POST" else request.args
    try:
        asked = read(arguments.items(multi=True))
        page, told = _ANSWERS[asked.verb](asked)
    except Refusal as exc:
        page, told = "errors", {"errors": exc.errors}
    unclear = any(code in ("badVerb", "badArgument") for code, _ in told.get("errors", ()))
    echoed = {} if unclear else arguments.to_dict()
    text = render_template(f"oai/{page}.xml", now=_now(), echoed=echoed, **told)
    return Response(
        UNSPEAKABLE.sub("\N{REPLACEMENT CHARACTER}", text), content_type="text/xml; charset=utf-8"
    )


def _identify(asked: Asked) -> Answer:
    first = next(hub().changed(Walk(), limit=1).hits(), None)
    earliest = _datestamp(first["modified"]) if first else _now()
    return "identify", {"name": hub().site.title, "mailbox": hub().settings.mailbox, "earliest": earliest}


def _formats(asked: Asked) -> Answer:
    if "identifier" in asked.given:
        _item(asked.given["identifier"])
    return "formats", {"formats": FORMATS}


def _sets(asked: Asked) -> Answer:
    return "sets", {"sets": SETS}


def _record(asked: Asked) -> Answer:
    return "records", {
        "verb": asked.verb,
        "records": [_whole(_item(asked.given["identifier"]), asked.prefix)],
    }


def _records(asked: Asked) -> Answer:
    stretch, token = _part(asked)
    records = (_whole(entry, asked.prefix) for entry in hub().taken(stretch))
    return "records", {"verb": asked.verb, "records": records, "token": token}


def _identifiers(asked: Asked) -> Answer:
    stretch, token = _part(asked)
    return "records", {"verb": asked.verb, "records": map(_header, stretch.hits()), "token": token}


_ANSWERS: Final[Mapping[str, Callable[[Asked], Answer]]] = {
    "Identify": _identify,
    "ListMetadataFormats": _formats,
    "ListSets": _sets,
    "GetRecord": _record,
    "ListIdentifiers": _identifiers,
    "ListRecords": _records,
}


def _part(asked: Asked) -> tuple[Stretch, Token | None]:
    """Return a part of a list and the token that leads to the next; one that is whole has none."""
    stretch = hub().changed(asked.walk, asked.after, PAGE[asked.verb])
    if not stretch.rows:
        raise Refusal(("noRecordsMatch", "nothing was changed in that time, or nothing of that set"))
    total = stretch.total if asked.total is None else asked.total
    seen = asked.seen + len(stretch.rows)
    if stretch.next:
        return stretch, Token(asked.token(stretch.next, seen, total), asked.seen, total)
    return stretch, Token("", asked.seen, total) if asked.seen else None


def _item(identifier: str) -> Entry:
    """Return the record of an item; raises `Refusal` for any other name of it than its IRI."""
    with suppress(NotFound):
        entry = hub().entry(identifier)
        if entry.artifact.id == identifier:
            return entry
    raise Refusal(("idDoesNotExist", f"there is no item {identifier[:200]!r}; items are known by their IRIs"))


def _whole(entry: Entry, prefix: str) -> Record:
    record = _header(entry.artifact.summary())
    if record.deleted:
        return record
    # What the formats write is XML already.
    return replace(record, metadata=Markup(FORMATS[prefix].element(entry, hub().site)))


def _header(hit: Mapping[str, Any]) -> Record:
    return Record(hit["id"], _datestamp(hit["modified"]), hit["kind"], hit["status"] == "withdrawn")


def _datestamp(time: str) -> str:
    return spoken(microseconds(time))


def _now() -> str:
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
