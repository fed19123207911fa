"""Jobs: how far one is, its events as they happen, and ending it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import count
from typing import Any
from urllib.parse import quote

import orjson
from flask import Blueprint, Response, request, send_file

from hpcfair_kg.activity import Job
from hpcfair_kg.artifact import plain
from hpcfair_kg.backends.accounts import Principal
from hpcfair_kg.run import PREFIX, Run
from server.access import allowed, hub, principal
from server.replies import json_reply
from server.waiting import room

blueprint = Blueprint("jobs", __name__, url_prefix="/api/jobs")


@blueprint.get("/<job_id>")
def job(job_id: str) -> Response:
    """Answer a job's state and its steps; of a run that has ended, its outcome too."""
    if job_id.startswith(PREFIX):
        return run_reply(hub().runs.get(job_id), principal())
    return _answer(hub().job(job_id, principal()))


@blueprint.delete("/<job_id>")
def cancel(job_id: str) -> Response:
    """End a job of one's own; what it had not done yet stays undone."""
    if job_id.startswith(PREFIX):
        caller = allowed("run")
        return run_reply(hub().runs.cancel(job_id, caller), caller)
    return _answer(hub().cancel(job_id, allowed("write")))


@blueprint.get("/<job_id>/events")
def events(job_id: str) -> Response:
    """Answer server-sent events (`step`, `progress`, then `done`) until the job has ended."""
    happenings = _happenings(job_id)
    seen = int(number) if (number := request.headers.get("Last-Event-ID", "")).isdecimal() else 0
    held = room()
    held.enter()
    response = Response(_stream(happenings, seen), content_type="text/event-stream")
    response.headers["Cache-Control"] = "no-store"
    response.headers["X-Accel-Buffering"] = "no"
    response.call_on_close(held.leave)
    return response


@blueprint.get("/<job_id>/files/<path:name>")
def file(job_id: str, name: str) -> Response:
    """Answer a file that a run of one's own was fed, or that came out of it."""
    path, found = hub().runs.file(job_id, name, allowed("run"))
    response = send_file(path.resolve(), found.media_type, True, found.name, etag=found.sha256)
    response.headers["Cache-Control"] = "no-cache, private"
    return response


def run_reply(run: Run, caller: Principal, status: int = 200) -> Response:
    """Return a run as JSON; its outcome and the addresses of its files only to who asked for it."""
    document = plain(run) | {"plan": orjson.Fragment(run.plan)}
    document["id"], document["iri"] = run.id, hub().runs.iri(run.id)
    if "admin" in caller.scopes or (run.owner and run.owner == caller.owner):
        for shown, kept in zip(document["files"], run.files, strict=True):
            shown["url"] = f"{hub().settings.base}/api/jobs/{run.id}/files/{quote(kept.name)}"
        document |= hub().runs.outcome(run)
    return json_reply(document, status)


def _happenings(job_id: str) -> Iterator[Mapping[str, Any]]:
    if job_id.startswith(PREFIX):
        hub().runs.get(job_id)
        return hub().runs.events(job_id)
    hub().job(job_id, principal())
    return hub().events(job_id, principal())


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
