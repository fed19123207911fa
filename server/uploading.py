"""The page to upload by: a plain form, whose files go the way of every upload, and the form again where that fails.

No cookie is ever set, so no other site can send anything in a reader's name:
the token comes in the form, typed for this one request, and is not sent back.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from itertools import chain
from typing import Any

from flask import Blueprint, Response, redirect, render_template
from werkzeug.sansio.multipart import Field, File
from werkzeug.wrappers import Response as Reply

from hpcfair_kg.errors import (
    CorruptFile,
    Forbidden,
    HPCFairError,
    InvalidMetadata,
    NameTaken,
    TooLarge,
    Unauthorized,
    UnknownFormat,
)
from hpcfair_kg.hub import Receipt
from hpcfair_kg.knowledge.licenses import COMMON
from hpcfair_kg.knowledge.metadata import KINDS, parse
from server.access import admit, hub, principal
from server.negotiation import prefers_html
from server.problems import headed
from server.uploads import Reception, receive, small
from server.waiting import place

blueprint = Blueprint("uploading", __name__)

LABELS = {
    "name": "Name",
    "title": "Title",
    "description": "Description",
    "tags": "Tags",
    "kind": "Kind",
    "version": "Version",
    "license": "Licence",
    "creators": "Creators",
    "token": "Token",
    "file": "Files",
}
"""The fields, in the order of the page; a file may come from "folder" as well."""

PLACES: Mapping[type[HPCFairError], str] = {
    Unauthorized: "token",
    Forbidden: "token",
    NameTaken: "name",
    CorruptFile: "file",
    TooLarge: "file",
    UnknownFormat: "file",
}
"""The field that an error is shown at where it does not say so itself."""

_CREATOR = re.compile(
    r"(?P<name>.*?)[\s,;(<]*(?P<orcid>(https?://orcid\.org/)?[\dXx]{4}(-[\dXx]{4}){3})?[\s)>]*"
)

PATIENCE = 256 << 20
"""Bytes that are still read of what was refused, so that a person is shown why."""

Typed = dict[str, str]
Part = tuple[Field | File, Iterator[bytes]]


@blueprint.get("/upload")
def page() -> Response:
    """Answer the empty form."""
    return Response(_page({"version": "1.0"}))


@blueprint.post("/upload")
def send() -> Reply:
    """Take in what the form holds and lead to its page; what was wrong is shown in the form as it was typed."""
    typed: Typed = {}
    try:
        receipt = receive(lambda reception: _registered(reception, typed))
    except HPCFairError as exc:
        if not prefers_html():
            raise
        return headed(Response(_page(typed, exc), exc.status), exc)
    return redirect(receipt.artifact.id.removeprefix(hub().settings.base), 303)


def _registered(reception: Reception, typed: Typed) -> Receipt:
    """Register what is sent: all that was typed comes first, and is refused before gigabytes are taken in."""
    parts = reception.parts()
    try:
        first = _read(parts, typed)
        _check(typed)
        if first is None:
            raise _refusal("file", "choose a file or a folder: an artifact has at least one file")
        with place():
            for part, content in chain([first], parts):
                if name := _chosen(part):
                    reception.take(name, content)
            return hub().register(metadata(typed), reception.files, principal())
    except HPCFairError:
        reception.pass_over(PATIENCE)
        raise


def _read(parts: Iterator[Part], typed: Typed) -> Part | None:
    """Read what was typed, up to the first file that was chosen, which is returned."""
    for part, content in parts:
        if _chosen(part):
            return part, content
        if part.name in LABELS and isinstance(part, Field):
            said = small(content, LABELS[part.name]).decode("utf-8", "replace")
            typed[part.name] = said.replace("\r\n", "\n")
    return None


def _chosen(part: Field | File) -> str:
    """Return the name of a file that was chosen; "" for what is none, and for a field in which none was chosen.

    Of a folder the browser names the folder too, where it can choose one.
    """
    if not isinstance(part, File) or part.name not in ("file", "folder"):
        return ""
    inside = part.filename.partition("/")[2] if part.name == "folder" else ""
    return inside or part.filename


def _check(typed: Typed) -> None:
    """Refuse what was typed where it can be told without the files."""
    admit(typed.get("token", ""), "write")
    parse(metadata(typed), principal().person)


def metadata(typed: Mapping[str, str]) -> dict[str, Any]:
    """Return what was typed as the metadata of an upload; what was left empty is not said.

    >>> metadata({"name": "m", "tags": "a, b", "creators": "Ada 0000-0002-1825-0097"})["creators"]
    [{'name': 'Ada', 'orcid': '0000-0002-1825-0097'}]
    """
    said: dict[str, Any] = {
        name: typed.get(name, "").strip() for name in LABELS if name not in ("token", "file")
    }
    said["tags"] = [tag.strip() for tag in re.split(r"[,\n]", said["tags"]) if tag.strip()]
    said["creators"] = [_creator(line) for line in said["creators"].splitlines() if line.strip()]
    return {name: value for name, value in said.items() if value}


def _creator(line: str) -> dict[str, str]:
    match = _CREATOR.fullmatch(line.strip())
    return {name: said for name, said in match.groupdict().items() if said} if match else {"name": line}


def _refusal(path: str, message: str) -> InvalidMetadata:
    return InvalidMetadata(message, report=[{"path": path, "message": message}])


def problems(exc: HPCFairError) -> dict[str, str]:
    """Return what was wrong by the field where it is shown, "" for what has none."""
    report = exc.members.get("report") or [{"path": PLACES.get(type(exc), ""), "message": exc.detail}]
    found: dict[str, str] = {}
    for entry in report:
        root = re.split(r"[.\[]", entry["path"] or "")[0]
        root = "file" if root.startswith("file") else root if root in LABELS else ""
        found[root] = "; ".join(filter(None, (found.get(root), entry["message"])))
    return found


def _page(typed: Mapping[str, str], exc: HPCFairError | None = None) -> str:
    return render_template(
        "uploading.html",
        typed={name: text for name, text in typed.items() if name != "token"},
        labels=LABELS,
        problems=problems(exc) if exc else {},
        existing=exc.members.get("existing", "") if exc else "",
        licenses=COMMON,
        kinds=KINDS,
        largest=hub().settings.max_upload,
    )
