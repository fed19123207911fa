"""What crosses the wall of a box: frames of JSON and raw bytes, never a pickle.

A frame is the JSON's length (u32), the payload's length (u64), both in network
order, the JSON (an object, UTF-8), the payload.
"""

from __future__ import annotations

import json
import socket
import struct
from collections.abc import Callable, Mapping
from typing import Any

import orjson

MESSAGE = 64 << 20
"""The longest JSON that is taken, in bytes."""
PAYLOAD = 2 << 30
"""The longest payload that is taken, in bytes."""

_HEADER = struct.Struct("!IQ")
_CHUNK = 1 << 20
_AHEAD = 1 << 16

Bytes = bytes | bytearray | memoryview
Frame = tuple[dict[str, Any], bytes]


class Malformed(Exception):
    """What arrived is no frame: too long, or no JSON object."""


def send(sock: socket.socket, message: Mapping[str, Any], payload: Bytes = b"") -> None:
    """Send one frame; raises `TypeError` or `ValueError` for what is no JSON, `OSError` when nobody listens."""
    for part in frame(message, payload):
        sock.sendall(part)


def frame(message: Mapping[str, Any], payload: Bytes = b"") -> tuple[Bytes, ...]:
    """Return what one frame is sent as: a large payload is not copied."""
    document = json.dumps(message).encode()
    head = _HEADER.pack(len(document), len(payload)) + document
    return (head + bytes(payload),) if len(payload) < _CHUNK else (head, payload)


def receive(
    sock: socket.socket, wait: Callable[[], None] = lambda: None, kept: bytearray | None = None
) -> Frame:
    """Return the next frame; `wait` is called where a read found nothing in the time that the socket has.

    `kept` keeps what arrived after a frame until the next call, so that a small
    frame is one read.  Raises `EOFError` when the other side is gone and
    `Malformed` for what is no frame.
    """
    ahead = 0 if kept is None else _AHEAD
    kept = bytearray() if kept is None else kept
    length, size = _HEADER.unpack(_exactly(sock, _HEADER.size, wait, kept, ahead))
    if length > MESSAGE or size > PAYLOAD:
        raise Malformed(f"a frame of {length:,} and {size:,} bytes")
    document = _exactly(sock, length, wait, kept, ahead)
    return _object(document), _exactly(sock, size, wait, kept, ahead)


def _exactly(sock: socket.socket, count: int, wait: Callable[[], None], kept: bytearray, ahead: int) -> bytes:
    """Read this many bytes; memory is taken as they come, not as they are announced."""
    while len(kept) < count:
        try:
            part = sock.recv(min(_CHUNK, max(count - len(kept), ahead)))
        except BlockingIOError:
            wait()
            continue
        if not part:
            raise EOFError
        kept += part
    with memoryview(kept) as seen:
        data = bytes(seen[:count])
    del kept[:count]
    return data


def _object(document: bytes) -> dict[str, Any]:
    try:
        message = _read(document)
    except (ValueError, RecursionError) as exc:
        raise Malformed(f"no JSON: {exc}") from exc
    if not isinstance(message, dict):
        raise Malformed("no JSON object")
    return message


def _read(document: bytes) -> Any:
    """Return what JSON says; an errand's figures may be NaN, which only Python's reader takes."""
    try:
        return orjson.loads(document)
    except orjson.JSONDecodeError:
        return json.loads(document)
