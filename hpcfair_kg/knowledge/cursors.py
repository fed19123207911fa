"""Places in a list as opaque text: what a caller brings back to have the next page."""

from __future__ import annotations

import base64

import orjson

Part = str | int | float


def write(*parts: Part) -> str:
    """Return the parts as text that a URL may hold as it is."""
    return base64.urlsafe_b64encode(orjson.dumps(parts)).decode().rstrip("=")


def read(cursor: str) -> list[Part]:
    """Return the parts; raises `ValueError` for what nobody wrote, though not for what somebody forged."""
    padded = cursor + "=" * (-len(cursor) % 4)
    parts = orjson.loads(base64.b64decode(padded, altchars=b"-_", validate=True))
    if not isinstance(parts, list) or not all(type(part) in (str, int, float) for part in parts):
        raise ValueError("the cursor holds no list of texts and numbers")
    return parts
