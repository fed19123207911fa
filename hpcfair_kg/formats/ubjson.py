"""Universal Binary JSON (draft 12), as XGBoost writes it."""

from __future__ import annotations

import struct
from typing import Any

_NUMBERS = {b"i": "b", b"U": "B", b"I": "h", b"l": "i", b"L": "q", b"d": "f", b"D": "d"}
"""Markers of numbers, all big-endian, and their codes in `struct`."""
_CONSTANTS = {b"T": True, b"F": False, b"Z": None, b"N": None}
_DEEPEST = 64


def loads(data: bytes) -> Any:
    """Return the value in the bytes; arrays of one type of number come as tuples.

    Raises `ValueError` for what is no UBJSON, or is cut off.
    """
    try:
        return _Reader(data).value(0)
    except (struct.error, IndexError, UnicodeDecodeError, KeyError) as exc:
        raise ValueError(f"the UBJSON ends or breaks off: {exc}") from exc


class _Reader:
    """A position in the bytes."""

    def __init__(self, data: bytes) -> None:
        self._data, self._at = data, 0

    def value(self, depth: int, marker: bytes | None = None) -> Any:
        marker = marker or self._take(1)
        if depth > _DEEPEST:
            raise ValueError("the UBJSON is nested too deeply")
        if marker in _NUMBERS:
            return self._numbers(marker, 1)[0]
        if marker in _CONSTANTS:
            return _CONSTANTS[marker]
        if marker == b"S":
            return self._text()
        if marker == b"C":
            return self._take(1).decode()
        if marker not in (b"[", b"{"):
            raise ValueError(f"no UBJSON value begins with {marker!r}")
        return self._array(depth) if marker == b"[" else self._object(depth)

    def _array(self, depth: int) -> Any:
        kind, count = self._head()
        if kind in _NUMBERS and count is not None:
            return self._numbers(kind, count)
        if count is not None:
            return [self.value(depth + 1, kind) for _ in range(count)]
        items = []
        while self._data[self._at : self._at + 1] != b"]":
            items.append(self.value(depth + 1))
        self._at += 1
        return items

    def _object(self, depth: int) -> dict[str, Any]:
        kind, count = self._head()
        found = {}
        while count != 0 and (count is not None or self._data[self._at : self._at + 1] != b"}"):
            name = self._text()
            found[name] = self.value(depth + 1, kind)
            count = None if count is None else count - 1
        self._at += count is None
        return found

    def _head(self) -> tuple[bytes | None, int | None]:
        """Read the optional type and count of a container."""
        kind = count = None
        if self._data[self._at : self._at + 1] == b"$":
            self._at += 1
            kind = self._take(1)
        if self._data[self._at : self._at + 1] == b"#":
            self._at += 1
            count = self._length()
        return kind, count

    def _text(self) -> str:
        return self._take(self._length()).decode()

    def _length(self) -> int:
        length = self._numbers(self._take(1), 1)[0]
        if not isinstance(length, int) or length < 0:
            raise ValueError(f"{length} is no length in UBJSON")
        return length

    def _numbers(self, marker: bytes, count: int) -> tuple[Any, ...]:
        layout = f">{count}{_NUMBERS[marker]}"
        return struct.unpack(layout, self._take(struct.calcsize(layout)))

    def _take(self, size: int) -> bytes:
        taken = self._data[self._at : self._at + size]
        if len(taken) < size:
            raise ValueError(f"the UBJSON ends {size - len(taken)} bytes too early")
        self._at += size
        return taken
