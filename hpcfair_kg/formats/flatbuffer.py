"""Just enough of FlatBuffers to read a signature from one: tables, vectors and strings.

https://flatbuffers.dev/internals/ : a table begins with the signed distance
back to its vtable, which gives where each field lies in it; what is not stored
inline is reached by an unsigned distance forward.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from mmap import mmap

import numpy as np


@dataclass(frozen=True)
class Table:
    """One table at a position in the file; a position past the end raises `struct.error`."""

    data: mmap | bytes
    position: int

    @classmethod
    def root(cls, data: mmap | bytes) -> Table:
        """Return the table that the file is."""
        return cls(data, struct.unpack_from("<I", data, 0)[0])

    def _field(self, number: int) -> int:
        """Return where a field lies, 0 when it is absent."""
        vtable = self.position - struct.unpack_from("<i", self.data, self.position)[0]
        size = struct.unpack_from("<H", self.data, vtable)[0]
        slot = 4 + 2 * number
        offset = struct.unpack_from("<H", self.data, vtable + slot)[0] if slot < size else 0
        return self.position + offset if offset else 0

    def _target(self, number: int) -> int:
        place = self._field(number)
        return place + struct.unpack_from("<I", self.data, place)[0] if place else 0

    def integer(self, number: int, kind: str = "i") -> int:
        """Return a number that is stored inline, of one of struct's kinds; 0 when absent."""
        place = self._field(number)
        return int(struct.unpack_from("<" + kind, self.data, place)[0]) if place else 0

    def string(self, number: int) -> str:
        """Return a text; "" when absent."""
        start, count = self._vector(number)
        return bytes(self.data[start : start + count]).decode("utf-8", "replace")

    def integers(self, number: int) -> tuple[int, ...]:
        """Return a vector of 32-bit integers."""
        start, count = self._vector(number)
        if start + 4 * count > len(self.data):
            raise struct.error("a vector reaches past the end")
        return tuple(int(n) for n in np.frombuffer(self.data, "<i4", count, start)) if count else ()

    def tables(self, number: int) -> tuple[Table, ...]:
        """Return a vector of tables."""
        start, count = self._vector(number)
        if start + 4 * count > len(self.data):
            raise struct.error("a vector reaches past the end")
        places = range(start, start + 4 * count, 4)
        return tuple(Table(self.data, p + struct.unpack_from("<I", self.data, p)[0]) for p in places)

    def span(self, number: int) -> tuple[int, int]:
        """Return where a vector of bytes begins and how many it has; (0, 0) when absent."""
        return self._vector(number)

    def _vector(self, number: int) -> tuple[int, int]:
        place = self._target(number)
        return (place + 4, struct.unpack_from("<I", self.data, place)[0]) if place else (0, 0)
