"""The records of artifacts, kept by service and key: asked for again only where they changed, there when offline.

A record is found by its IRI, ark or key, and by the names under which it was
asked for or that it says it has.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any
from urllib.parse import quote

from hpcfair_kg.client.cache import Cache, fresh
from hpcfair_kg.client.transport import Service
from hpcfair_kg.errors import Unreachable

_KEY = re.compile(r"[a-z0-9]+")


def find(service: Service, cache: Cache, id: str) -> Mapping[str, Any]:
    """Return the record of an artifact from its service, or offline as it was when it was last asked for.

    Raises `NotFound`, and `Unreachable` where no service answers or, offline,
    where the record was never asked for.
    """
    place = cache.folder / "records" / quote(service.endpoint, safe="")
    kept = _kept(place, id)
    if service.offline:
        if kept is None:
            raise Unreachable(
                f"{id} is not among what was asked for before and kept in {cache.folder}, and this is offline: ask for it once online"
            )
        return dict(kept["record"])
    headers = {"If-None-Match": kept["etag"]} if kept and kept["etag"] else {}
    try:
        answer = service.request("GET", f"/api/artifacts/{quote(id, safe='')}", headers=headers)
    except Unreachable as exc:
        if kept is None:
            raise
        raise Unreachable(f"{exc.detail}; with HPCFAIR_OFFLINE=1 what was kept of {id} is used") from exc
    if kept and answer.status_code == 304:
        return dict(kept["record"])
    record: Mapping[str, Any] = service.document(answer)
    with suppress(OSError):  # what cannot be kept is still an answer
        cache.require()
        _keep(place, id, record, answer.headers.get("etag"))
    return record


def _kept(place: Path, id: str) -> Mapping[str, Any] | None:
    try:
        key = id.rpartition("/")[2].replace("-", "") if "ark:" in id or "/" not in id else _named(place, id)
        if not _KEY.fullmatch(key):
            return None
        found: Mapping[str, Any] = json.loads((place / f"{key}.json").read_text())
        return found if {"etag", "record"} <= found.keys() else None
    except (OSError, ValueError, AttributeError):
        return None


def _keep(place: Path, id: str, record: Mapping[str, Any], etag: str | None) -> None:
    key, name = record["key"], f"{record['owner']}/{record['name']}"
    _write(place / f"{key}.json", json.dumps({"etag": etag, "record": record}))
    _write(_pointer(place, f"{name}@{record['version']}"), key)
    if id == name or not _pointer(place, name).exists():
        _write(_pointer(place, name), key)


def _named(place: Path, name: str) -> str:
    return _pointer(place, name).read_text()


def _pointer(place: Path, name: str) -> Path:
    return place / "names" / hashlib.sha256(name.encode()).hexdigest()


def _write(path: Path, text: str) -> None:
    with fresh(path) as beside:
        beside.write_text(text)
