"""The operator's door while the service runs: a Unix socket in the data folder that only its owner can open."""

from __future__ import annotations

import json
import os
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from importlib import import_module
from pathlib import Path
from typing import Any

import httpx
from flask import Flask, Response, request
from werkzeug.serving import BaseWSGIServer, WSGIRequestHandler, make_server

from hpcfair_kg.artifact import plain
from hpcfair_kg.errors import HPCFairError, Unreachable, by_code
from hpcfair_kg.hub import Hub
from server.commands import FURTHER
from server.replies import json_body, json_reply

SOCKET = "admin.sock"


class Admin:
    """Answers on the socket from a thread of its own, until it is closed."""

    def __init__(self, hub: Hub, folder: Path) -> None:
        self._path = folder / SOCKET
        self._server = _listening(create_app(hub), folder)
        self._thread = threading.Thread(target=self._server.serve_forever, name="admin", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Stop answering and take the socket away."""
        self._server.shutdown()
        self._server.server_close()
        self._path.unlink(missing_ok=True)


def create_app(hub: Hub) -> Flask:
    """Return the app of the socket: whoever may open it is the operator."""
    app = Flask(__name__)

    @app.get("/")
    def here() -> Response:
        return json_reply({"serves": True})

    @app.post("/tokens")
    def create() -> Response:
        return json_reply({"token": hub.accounts.create(**json_body())}, 201)

    @app.get("/tokens")
    def tokens() -> Response:
        return json_reply({"tokens": plain(hub.accounts.list())})

    @app.delete("/tokens/<token_id>")
    def revoke(token_id: str) -> Response:
        hub.accounts.revoke(token_id)
        return json_reply({"revoked": token_id})

    for place in dict.fromkeys(FURTHER.values()):
        import_module(place).register(app, hub)

    @app.errorhandler(HPCFairError)
    def refused(exc: HPCFairError) -> Response:
        return json_reply(exc.problem(instance=request.path), exc.status)

    return app


def ask(
    folder: Path, method: str, path: str, document: Any = None, timeout: float | None = 30
) -> dict[str, Any] | None:
    """Ask the service that has this data folder open; None when none does.

    Raises the error that it answers with, or `Unreachable` for one that does not answer.
    """
    if not (folder / SOCKET).is_socket():
        return None
    with _client(folder, timeout) as client:
        try:
            answer = client.request(method, path, json=document)
        except httpx.ConnectError:
            return None
    told: dict[str, Any] = answer.json()
    if answer.is_error:
        raise _translated(told)
    return told


def serves(folder: Path) -> bool:
    """Whether a service has this data folder open and answers."""
    return ask(folder, "GET", "/") is not None


def follow(folder: Path, path: str, document: Any = None) -> Iterator[dict[str, Any]]:
    """Ask the service for what takes long, and yield what it tells of it as it comes.

    Raises the error that it ends with, or `Unreachable` for one that ends without a word.
    """
    with _client(folder, None) as client, client.stream("POST", path, json=document) as answer:
        for line in answer.iter_lines() if answer.is_success else ():
            told = json.loads(line)
            if "problem" in told:
                raise _translated(told["problem"])
            if "end" in told:
                return
            yield told
    raise Unreachable(f"the service that has {folder} open ended before it was done; its log says why")


@contextmanager
def _client(folder: Path, timeout: float | None) -> Iterator[httpx.Client]:
    """Yield what speaks over the socket; raises `Unreachable` where it is there and nobody answers."""
    with _short(folder) as place:
        transport = httpx.HTTPTransport(uds=f"{place}/{SOCKET}")
        with httpx.Client(transport=transport, base_url="http://admin", timeout=timeout) as client:
            try:
                yield client
            except httpx.TransportError as exc:
                raise Unreachable(f"the service that has {folder} open does not answer: {exc}") from exc


def _translated(problem: Mapping[str, Any]) -> HPCFairError:
    """Return the error that a problem tells of."""
    kind = by_code().get(str(problem["type"]).rpartition("/")[2], HPCFairError)
    return kind(str(problem["detail"]))


def _listening(app: Flask, folder: Path) -> BaseWSGIServer:
    before = os.umask(0o177)  # the socket is born closed to others: chmod would leave a moment
    try:
        with _short(folder) as place:
            return make_server(f"unix://{place}/{SOCKET}", 0, app, threaded=True, request_handler=_Quiet)
    finally:
        os.umask(before)


@contextmanager
def _short(folder: Path) -> Iterator[str]:
    """Yield a name of the folder that fits into a socket's address, which has 108 bytes (unix(7))."""
    handle = os.open(folder, os.O_PATH | os.O_DIRECTORY)
    try:
        yield f"/proc/self/fd/{handle}"
    finally:
        os.close(handle)


class _Quiet(WSGIRequestHandler):
    """Writes no line for each request: a token's creation is nobody's to read."""

    def log_request(self, code: int | str = "-", size: int | str = "-") -> None:
        """Write nothing."""
