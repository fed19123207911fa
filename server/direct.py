"""The short way of an inference request: past the framework, which would cost more than a small model does.

It answers what goes well; whatever does not is handed to the framework, which
tells it as it tells every other error.
"""

from __future__ import annotations

import time
import zlib
from collections.abc import Callable, Iterable, Mapping
from typing import Any
from urllib.parse import unquote

from cachetools import LRUCache

from hpcfair_kg.artifact import Artifact
from hpcfair_kg.backends.accounts import Principal
from hpcfair_kg.errors import HPCFairError, TooLarge, UnknownFormat, WrongInput
from hpcfair_kg.hub import Hub
from hpcfair_kg.models.processing.pipeline import Pipeline
from hpcfair_kg.protocol import HEADER, Message, message, parsed, read
from server.access import token
from server.headers import PROTECTION, VARY
from server.inferences import Inferences
from server.tally import Tally

Environ = dict[str, Any]
Start = Callable[..., Any]
WSGI = Callable[[Environ, Start], Iterable[bytes]]

LARGEST = 256 << 20
"""Bytes that an inference request may have."""
FAILED = "hpcfair.failed"
"""Where the framework finds, in the environ, what went wrong here."""

_HEADER = "HTTP_" + HEADER.upper().replace("-", "_")
_TOO_LARGE = f"the {{}} has {{}} bytes; an inference request may have {LARGEST}, so send the rows in parts"
_REFUSED = {"classification", "shared_memory_region"}
_START, _END = "/v2/models/", "/infer"
_FIXED = [*PROTECTION.items(), ("Vary", VARY)]
_NAMES = 10_000


class Direct:
    """Answers POST /v2/models/{name}[/versions/{version}]/infer before the framework `rest` sees it."""

    def __init__(self, hub: Hub, tally: Tally, inferences: Inferences, rest: WSGI) -> None:
        self._hub, self._tally, self._inferences, self._rest = hub, tally, inferences, rest
        self._keys: LRUCache[tuple[int, str, str], str] = LRUCache(_NAMES)

    def __call__(self, environ: Environ, start_response: Start) -> Iterable[bytes]:
        """Answer, or hand on."""
        path: str = environ["PATH_INFO"]
        if not (path.endswith(_END) and path.startswith(_START) and environ["REQUEST_METHOD"] == "POST"):
            return self._rest(environ, start_response)
        began = time.perf_counter()
        try:
            answer = self._answered(path[len(_START) : -len(_END)], environ)
        except Exception as exc:  # noqa: BLE001 - nothing is lost: the framework raises it again
            self._inferences.add(_code(exc), time.perf_counter() - began)
            return self._rest({**environ, FAILED: exc}, start_response)
        seconds = time.perf_counter() - began
        self._inferences.add("ok", seconds)
        self._tally.add("POST", 200, seconds)
        start_response(
            "200 OK", [*_FIXED, *answer.headers.items(), ("Content-Length", str(len(answer.body)))]
        )
        return [answer.body]

    def _answered(self, name: str, environ: Environ) -> Message:
        caller = self._hub.accounts.principal(token(environ.get("HTTP_AUTHORIZATION")))
        caller.require("run")
        spoken, _, version = name.partition("/versions/")
        artifact = self._model(spoken, version, caller)
        try:
            document, tail = parsed(_body(environ), environ.get(_HEADER))
            heads, payload = read(document.get("inputs"), tail)
            outputs, binary = _wanted(document)
        except WrongInput as exc:
            raise WrongInput(exc.detail, expected=Pipeline.on(artifact).expected) from exc
        given, body = self._hub.serving.answer(artifact, heads, payload, outputs)
        answer = {"model_name": spoken, "model_version": artifact.version}
        if isinstance(document.get("id"), str):
            answer["id"] = document["id"]
        return message(answer, "outputs", given, body, binary)

    def _model(self, name: str, version: str, caller: Principal) -> Artifact:
        """Return the model of a name; that a name is a key's is remembered until the catalogue changes."""
        asked = (self._hub.index.generation, name, version)
        if (key := self._keys.get(asked)) is not None:
            return self._hub.runnable(key, caller)
        artifact = self._hub.runnable(spoken(name), caller, version)
        self._keys[asked] = artifact.key
        return artifact


def spoken(name: str) -> str:
    """Return the ID that a model's name in an address is: some clients quote it a second time."""
    return unquote(name)


def _body(environ: Environ) -> bytes:
    """Read the body; raises `TooLarge` before it is read where its length is told, and in time where not."""
    told = environ.get("CONTENT_LENGTH") or ""
    length = int(told) if told.isdigit() else None
    if (length or 0) > LARGEST:
        raise TooLarge(_TOO_LARGE.format("body", length))
    data = _read(environ["wsgi.input"], LARGEST + 1 if length is None else length)
    if len(data) > LARGEST:
        raise TooLarge(_TOO_LARGE.format("body", f"more than {LARGEST}"))
    if length is not None and len(data) < length:
        raise WrongInput(f"the body is cut off: {len(data)} of {length} bytes came")
    return _inflated(data, environ.get("HTTP_CONTENT_ENCODING", "identity"))


def _read(stream: Any, count: int) -> bytes:
    parts = []
    while count > 0 and (part := stream.read(count)):
        parts.append(part)
        count -= len(part)
    return parts[0] if len(parts) == 1 else b"".join(parts)


def _inflated(data: bytes, encoding: str) -> bytes:
    """Return what a compressed body holds, at most `LARGEST` bytes of it."""
    if encoding == "identity":
        return data
    if encoding not in ("gzip", "deflate"):
        raise UnknownFormat(f"a body that is {encoding!r} is not taken; gzip and deflate are")
    inflater = zlib.decompressobj(zlib.MAX_WBITS | 32)
    try:
        whole = inflater.decompress(data, LARGEST)
    except zlib.error as exc:
        raise WrongInput(f"the body is not what {encoding} makes: {exc}") from exc
    if inflater.unconsumed_tail:
        raise TooLarge(_TOO_LARGE.format("body, unpacked,", f"more than {LARGEST}"))
    return whole


def _wanted(document: Mapping[str, Any]) -> tuple[list[str] | None, Callable[[str], bool]]:
    """Return the names of the outputs that are asked for (None for all), and whether each is to be bytes."""
    every = _parameters(document).get("binary_data_output") is True
    asked = document.get("outputs") or []
    if not isinstance(asked, list) or not all(isinstance(one, dict) and "name" in one for one in asked):
        raise WrongInput('"outputs" must be a list of objects with a "name"')
    binary: dict[str, bool] = {}
    for one in asked:
        parameters = _parameters(one)
        if foreign := sorted(_REFUSED & parameters.keys()):
            raise WrongInput(f"{one['name']}: {foreign[0]} is not offered; /v2 lists the extensions that are")
        binary[str(one["name"])] = parameters.get("binary_data", every) is True
    # an element "s[0]" of a sequence "s" is asked for with all of it
    return list(binary) or None, lambda name: binary.get(name, binary.get(name.rpartition("[")[0], every))


def _parameters(holder: Mapping[str, Any]) -> Mapping[str, Any]:
    parameters = holder.get("parameters") or {}
    if not isinstance(parameters, dict):
        raise WrongInput(f'"parameters" must be an object, this is {parameters!r}')
    return parameters


def _code(exc: Exception) -> str:
    return exc.code if isinstance(exc, HPCFairError) else HPCFairError.code
