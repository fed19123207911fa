"""Several messages to a box as one: each wakes it once otherwise, which costs more than a small model does."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from hpcfair_kg.backends.work.base import Bytes, Message

Asked = tuple[Message, Bytes]


def bundled(asked: Sequence[Asked]) -> tuple[dict[str, Any], bytes]:
    """Return messages and their payloads as one message {"many", "sizes"} and one payload."""
    sizes = [len(payload) for _, payload in asked]
    return {"many": [message for message, _ in asked], "sizes": sizes}, b"".join(bytes(p) for _, p in asked)


def apart(message: Mapping[str, Any], payload: Bytes) -> Iterator[tuple[dict[str, Any], bytes]]:
    """Yield the messages that were bundled, each with its payload.

    Raises `KeyError`, `TypeError` or `ValueError` for what `bundled` never made.
    """
    many, sizes = message["many"], message["sizes"]
    if len(many) != len(sizes) or sum(sizes) != len(payload) or any(size < 0 for size in sizes):
        raise ValueError("the sizes are not those of the messages")
    start = 0
    for one, size in zip(many, sizes, strict=True):
        if not isinstance(one, dict):
            raise TypeError("a message is an object")
        yield one, bytes(payload[start : start + size])
        start += size
