"""Blobs in a folder: each a file named by its sha256, written beside and moved into place."""

from __future__ import annotations

import hashlib
import os
import tempfile
from pathlib import Path

from hpcfair_kg.backends.blobs.base import Blob, Blobs, Writer
from hpcfair_kg.errors import NotFound, TooLarge

CHUNK = 1 << 20


class Directory(Blobs):
    """A folder of blobs; `limit` is the largest one taken, in bytes.

    An adopted file is a symbolic link to where it lies.  What a crash left in
    ``incoming/`` is swept away when the folder is opened.
    """

    def __init__(self, folder: Path, limit: int = 1 << 40) -> None:
        self.folder = folder.resolve()
        self.limit = limit
        self.incoming = self.folder / "incoming"
        self.incoming.mkdir(parents=True, exist_ok=True)
        for leftover in self.incoming.iterdir():
            leftover.unlink()

    def writer(self) -> Writer:
        """Start a stream into ``incoming/``."""
        return _FileWriter(self)

    def adopt(self, path: Path) -> Blob:
        """Hash a file in place and link to it."""
        real = path.resolve()
        if not real.is_file():
            raise NotFound(f"there is no file {path} on this service's disk")
        with real.open("rb") as stream:
            sha256 = hashlib.file_digest(stream, "sha256").hexdigest()
        if sha256 not in self:
            place = self._place(sha256)
            place.parent.mkdir(exist_ok=True)
            place.symlink_to(real)
            _sync(place.parent)
        return Blob(sha256, real.stat().st_size)

    def path(self, sha256: str) -> Path:
        """Return where the bytes lie, links followed."""
        place = self._place(sha256)
        if not place.exists():
            raise NotFound(f"no bytes with sha256 {sha256} are kept here, or the file they lie in is gone")
        return place.resolve()

    def remove(self, sha256: str) -> None:
        """Unlink the file or the link."""
        self._place(sha256).unlink(missing_ok=True)

    def __contains__(self, sha256: object) -> bool:
        return isinstance(sha256, str) and self._place(sha256).exists()

    def _place(self, sha256: str) -> Path:
        return self.folder / sha256[:2] / sha256

    def keep(self, written: Path, sha256: str) -> None:
        """Move a finished file into place and make its name durable."""
        place = self._place(sha256)
        if place.exists():
            written.unlink()
            return
        place.parent.mkdir(exist_ok=True)
        written.chmod(0o444)
        written.rename(place)
        _sync(place.parent)
        _sync(self.folder)


class _FileWriter(Writer):
    def __init__(self, store: Directory) -> None:
        self._store = store
        handle, name = tempfile.mkstemp(dir=store.incoming)
        self._path = Path(name)
        self._stream = os.fdopen(handle, "wb", buffering=CHUNK)
        self._digest = hashlib.sha256()
        self._size = 0

    def write(self, data: bytes) -> int:
        self._size += len(data)
        if self._size > self._store.limit:
            raise TooLarge(f"a file may have at most {self._store.limit:,} bytes here", limit=self._store.limit)
        self._digest.update(data)
        return self._stream.write(data)

    def finish(self) -> Blob:
        self._stream.flush()
        os.fsync(self._stream.fileno())
        self._stream.close()
        sha256 = self._digest.hexdigest()
        self._store.keep(self._path, sha256)
        return Blob(sha256, self._size)

    def abort(self) -> None:
        self._stream.close()
        self._path.unlink(missing_ok=True)


def _sync(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
