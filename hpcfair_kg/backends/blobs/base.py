"""What a blob store promises: bytes go in as a stream and come back by their sha256.

Bytes are hashed on their way in and never held in memory whole.  What `finish`
returned is on disk for good: it survives a power cut.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Blob:
    """Bytes that are kept: their sha256 in lower-case hex and their size in bytes."""

    sha256: str
    size: int


class Writer(ABC):
    """One stream on its way in; write, then `finish` or `abort`."""

    @abstractmethod
    def write(self, data: bytes) -> int:
        """Take the next bytes; raises `TooLarge` past the store's limit."""

    @abstractmethod
    def finish(self) -> Blob:
        """Keep what was written, durably; the same bytes twice are kept once."""

    @abstractmethod
    def abort(self) -> None:
        """Forget what was written; harmless after `finish`."""


class Blobs(ABC):
    """A place for bytes."""

    @abstractmethod
    def writer(self) -> Writer:
        """Start a stream."""

    @abstractmethod
    def adopt(self, path: Path) -> Blob:
        """Take in a file that stays where it is: hashed now, read from there later.

        Raises `NotFound` where there is no such regular file.
        """

    @abstractmethod
    def path(self, sha256: str) -> Path:
        """Return a path to read from; raises `NotFound`."""

    @abstractmethod
    def remove(self, sha256: str) -> None:
        """Forget a blob; the file of an adopted one stays where it is."""

    @abstractmethod
    def __iter__(self) -> Iterator[str]:
        """Yield the sha256 of all that is here, adopted files too, in no order."""

    @abstractmethod
    def __contains__(self, sha256: object) -> bool:
        """Whether these bytes are here."""
