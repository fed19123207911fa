"""Jobs: how far one is, its events as they happen, and ending it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import count
from typing import Any

import orjson
from flask import Blueprint, Response, request

from hpcfair_kg.artifact import Job, plain
from server.access import allowed, hub, principal
from server.replies import json_reply
from server.waiting import room

blueprint = Blueprint("jobs", __name__, url_prefix="/api/jobs")


@blueprint.get("/<job_id>")
def job(job_id: str) -> Response:
    """Answer a job's state and its steps."""
    return _answer(hub().job(job_id, principal()))


@blueprint.delete("/<job_id>")
def cancel(job_id: str) -> Response:
    """End a job of one's own; what it had not done yet stays undone."""
    return _answer(hub().cancel(job_id, allowed("write")))


@blueprint.get("/<job_id>/events")
def events(job_id: str) -> Response:
    """Answer server-sent events (`step`, `progress`, then `done`) until the job has ended."""
    hub().job(job_id, principal())
    seen = int(number) if (number := request.headers.get("Last-Event-ID", "")).isdecimal() else 0
    held = room()
    held.enter()
    response = Response(_stream(hub().events(job_id, principal()), seen), content_type="text/event-stream")
    response.headers["Cache-Control"] = "no-store"
    response.headers["X-Accel-Buffering"] = "no"
    response.call_on_close(held.leave)
    return response


def _stream(happenings: Iterator[Mapping[str, Any]], seen: int) -> Iterator[bytes]:
    """Write events as HTML's section 9.2 has them; a comment says that nothing happened for a while."""
    numbers = count(1)
    for happening in happenings:
        if not happening:
            yield b": still here\n\n"
            continue
        if (number := next(numbers)) > seen:
            name = str(happening.get("event", "progress"))
            yield b"id: %d\nevent: %s\ndata: %s\n\n" % (number, name.encode(), orjson.dumps(happening))
        if happening.get("event") == "done":
            return


def _answer(found: Job) -> Response:
    document = plain(found) | {"artifact": hub().find(found.key, principal()).id}
    return json_reply(document)
