"""Artifacts by API: send one, send a new version, read the record, edit it, withdraw it."""

from __future__ import annotations

import re

from flask import Blueprint, Response, request

from hpcfair_kg.activity import FINISHED
from hpcfair_kg.artifact import Artifact
from hpcfair_kg.backends.accounts import Principal
from hpcfair_kg.hub import Receipt
from server.access import allowed, hub, principal
from server.replies import json_body, json_reply, tagged
from server.uploads import Form, Reception, receive
from server.waiting import place

blueprint = Blueprint("artifacts", __name__, url_prefix="/api/artifacts")

LONGEST_WAIT = 600
_WAIT = re.compile(r"(?:^|[,;\s])wait\s*=\s*(\d{1,6})(?:$|[,;\s])", re.IGNORECASE)


@blueprint.post("")
def send() -> Response:
    """Take in a new artifact: 202 while its job runs, 201 when it is finished, 200 when it was here."""
    caller = allowed("write")
    with place():
        form = _form()
        return _told(hub().register(form.metadata, form.files, caller), caller)


@blueprint.post("/<path:spoken>/versions")
def send_version(spoken: str) -> Response:
    """Take in a new version of an artifact."""
    caller = allowed("write")
    with place():
        form = _form()
        return _told(hub().new_version(spoken, form.metadata, form.files, caller), caller)


@blueprint.get("/<path:spoken>/versions")
def versions(spoken: str) -> Response:
    """List the versions of an artifact's name, oldest first."""
    found = hub().versions(hub().find(spoken, principal()), principal())
    return json_reply({"versions": [artifact.summary() for artifact in found]})


@blueprint.get("/<path:spoken>")
def record(spoken: str) -> Response:
    """Answer the record."""
    return _record(hub().find(spoken, principal()))


@blueprint.patch("/<path:spoken>")
def edit(spoken: str) -> Response:
    """Change the descriptive part of a record; with If-Match, only the one that the caller has seen."""
    caller = allowed("write")
    return _record(hub().edit(spoken, json_body(), caller, _if_match(spoken, caller)))


@blueprint.delete("/<path:spoken>")
def withdraw(spoken: str) -> Response:
    """Withdraw an artifact: its record stays as a tombstone, its files answer 410."""
    caller = allowed("write")
    said = json_body() if request.get_data() else request.args
    reason = str(said.get("reason") or "")
    return _record(hub().withdraw(spoken, caller, reason, _if_match(spoken, caller)))


def _form() -> Form:
    """Read the upload off the wire."""
    if request.mimetype in ("application/json", "application/ld+json"):
        return Form(json_body(), ())
    return receive(Reception.read)


def _told(receipt: Receipt, caller: Principal) -> Response:
    if not receipt.created:
        return _record(receipt.artifact)
    wait = prefers_wait()
    if not wait or not _finished(receipt, wait):
        response = _record(receipt.artifact, 202)
        response.headers["Location"] = f"/api/jobs/{receipt.job_id}"
        return response
    artifact = hub().find(receipt.artifact.key, caller)
    response = _record(artifact, 201)
    response.headers["Location"] = artifact.id
    response.headers["Preference-Applied"] = f"wait={wait}"
    return response


def _finished(receipt: Receipt, seconds: int) -> bool:
    return receipt.job_id is None or hub().wait(receipt.job_id, seconds).state in FINISHED


def prefers_wait() -> int:
    """Return the seconds of `Prefer: wait=N` (RFC 7240 §4.3), 0 without one."""
    match = _WAIT.search(", ".join(request.headers.getlist("Prefer")))
    return min(int(match[1]), LONGEST_WAIT) if match else 0


def _if_match(spoken: str, caller: Principal) -> str | None:
    """Return the one tag of If-Match that may be current; None when any record will do."""
    tags = request.if_match
    if "If-Match" not in request.headers or tags.star_tag:
        return None
    current = hub().etag(hub().find(spoken, caller))
    return current if current in tags else ", ".join(sorted(tags)) or "no tag"


def _record(artifact: Artifact, status: int = 200) -> Response:
    return tagged(json_reply(artifact.record(), status), hub().etag(artifact))
