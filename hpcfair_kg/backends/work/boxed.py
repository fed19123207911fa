"""The child's side: enter the box first, then import the function, call it, and say how it went.

Frames that it sends: {"event"}, {"value"} (with a resident's payload), {"error"}
for an `HPCFairError` or {"foreign"} for any other exception.
"""

from __future__ import annotations

import importlib
import json
import os
import signal
import socket
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from hpcfair_kg.backends import sandbox
from hpcfair_kg.backends.work import wire
from hpcfair_kg.backends.work.base import Bytes, Limits
from hpcfair_kg.backends.work.bundle import apart, bundled
from hpcfair_kg.errors import HPCFairError

MESSAGE = 2048
"""Characters kept of what a foreign exception says."""


def run(sock: socket.socket) -> None:
    """Do the errand that the first frame names; a resident then answers until the other side is gone."""
    request, _ = wire.receive(sock)
    try:
        _enter(request)
        module, _, name = str(request["call"]).partition(":")
        function = getattr(importlib.import_module(module), name)
        value = function(**request["arguments"], emit=lambda event: wire.send(sock, {"event": event}))
        wire.send(sock, {"value": None if request["resident"] else value})
    except BaseException as exc:  # noqa: BLE001 - whatever a stranger's model raises is told, not lost
        return wire.send(sock, _said(exc))
    kept = bytearray()
    while request["resident"] and _answered(sock, value, kept):
        pass
    return None


def _enter(request: Mapping[str, Any]) -> None:
    """Box this process: nothing of a stranger's was opened before."""
    writes = Path(request["writes"]) if request["writes"] else None
    _furnish(writes)
    limits = Limits(**request["limits"])
    sandbox.enter(limits, [Path(path) for path in request["reads"]], writes, request["layers"])


def _furnish(writes: Path | None) -> None:
    home = str(writes or "/nonexistent")
    os.environ.update(HOME=home, TMPDIR=str(writes or "/"))
    tempfile.tempdir = None  # a module imported before may have settled on /tmp
    os.chdir(writes or "/")
    signal.signal(signal.SIGXFSZ, signal.SIG_DFL)  # Python ignores it; a file too large shall end the errand
    sys.stdin, sys.stdout, sys.stderr = (open(os.devnull, mode) for mode in "rww")  # noqa: SIM115, PTH123


def _answered(sock: socket.socket, handler: Any, kept: bytearray) -> bool:
    try:
        request, payload = wire.receive(sock, kept=kept)
    except EOFError:
        return False
    if "many" in request:
        answers = [_handled(handler, message, part) for message, part in apart(request, payload)]
        wire.send(sock, *bundled(answers))
        return True
    try:
        message, body = handler(request["message"], payload)
        wire.send(sock, {"value": message}, body)
    except Exception as exc:  # noqa: BLE001 - as above
        wire.send(sock, _said(exc))
    return True


def _handled(handler: Any, message: Mapping[str, Any], payload: Bytes) -> tuple[dict[str, Any], Bytes]:
    try:
        value, body = handler(message, payload)
    except Exception as exc:  # noqa: BLE001 - as above
        return _said(exc), b""
    return {"value": value}, body


def _said(exc: BaseException) -> dict[str, Any]:
    if isinstance(exc, HPCFairError):
        members = json.loads(json.dumps(dict(exc.members), default=str))
        return {"error": {"code": exc.code, "detail": exc.detail, "members": members}}
    return {"foreign": {"class": type(exc).__name__, "message": str(exc)[:MESSAGE]}}
