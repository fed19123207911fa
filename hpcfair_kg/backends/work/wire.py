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

MESSAGE = 64 << 20
"""The longest JSON that is taken, in bytes."""
PAYLOAD = 2 << 30
"""The longest payload that is taken, in bytes."""

_HEADER = struct.Struct("!IQ")
_CHUNK = 1 << 20

Frame = tuple[dict[str, Any], bytes]


class Malformed(Exception):
    """What arrived is no frame: too long, or no JSON object."""


def send(sock: socket.socket, message: Mapping[str, Any], payload: bytes = b"") -> None:
    """Send one frame; raises `TypeError` or `ValueError` for what is no JSON, `OSError` when nobody listens."""
    document = json.dumps(message).encode()
    head = _HEADER.pack(len(document), len(payload)) + document
    if len(payload) < _CHUNK:
        sock.sendall(head + payload)
    else:
        sock.sendall(head)
        sock.sendall(payload)


def receive(sock: socket.socket, wait: Callable[[], None] = lambda: None) -> Frame:
    """Return the next frame; `wait` is called before each read.

    Raises `EOFError` when the other side is gone and `Malformed` for what is no frame.
    """
    length, size = _HEADER.unpack(_exactly(sock, _HEADER.size, wait))
    if length > MESSAGE or size > PAYLOAD:
        raise Malformed(f"a frame of {length:,} and {size:,} bytes")
    document = _exactly(sock, length, wait)
    return _object(document), bytes(_exactly(sock, size, wait))


def _exactly(sock: socket.socket, count: int, wait: Callable[[], None]) -> bytearray:
    """Read this many bytes; memory is taken as they come, not as they are announced."""
    data = bytearray()
    while len(data) < count:
        wait()
        part = sock.recv(min(_CHUNK, count - len(data)))
        if not part:
            raise EOFError
        data += part
    return data


def _object(document: bytearray) -> dict[str, Any]:
    try:
        message = json.loads(document)
    except (ValueError, RecursionError) as exc:
        raise Malformed(f"no JSON: {exc}") from exc
    if not isinstance(message, dict):
        raise Malformed("no JSON object")
    return message
