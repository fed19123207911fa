"""Blobs in a folder: each a file named by its sha256, written beside and moved into place."""

from __future__ import annotations

import hashlib
import json
import os
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from hpcfair_kg.backends.blobs.base import Blob, Blobs, Writer
from hpcfair_kg.errors import NotFound, TooLarge

CHUNK = 1 << 20


class Directory(Blobs):
    """A folder of blobs; `limit` is the largest one taken, in bytes.

    An adopted file is noted in ``{sha256}.adopted`` with its size and time of
    change, so that one edited since is never served under the old hash.  What a
    crash left in ``incoming/`` is swept away when the folder is opened.
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
        """Hash a file in place and note where it lies."""
        real = path.resolve()
        if not real.is_file():
            raise NotFound(f"there is no file {path} on this service's disk")
        with real.open("rb") as stream:
            sha256 = hashlib.file_digest(stream, "sha256").hexdigest()
            stat = os.fstat(stream.fileno())
        if sha256 not in self:
            note = {"path": str(real), "size": stat.st_size, "changed": stat.st_mtime_ns}
            self._write_note(sha256, json.dumps(note))
        return Blob(sha256, stat.st_size)

    def path(self, sha256: str) -> Path:
        """Return where the bytes lie; an adopted file that changed since is not found."""
        place = self._place(sha256)
        if place.exists():
            return place
        try:
            note = json.loads(self._note(sha256).read_text())
        except FileNotFoundError as exc:
            raise NotFound(f"no bytes with sha256 {sha256} are kept here") from exc
        return _unchanged(note)

    def remove(self, sha256: str) -> None:
        """Unlink the file or the note."""
        self._place(sha256).unlink(missing_ok=True)
        self._note(sha256).unlink(missing_ok=True)

    def __iter__(self) -> Iterator[str]:
        """Yield the names of files and notes; a list first, so that what it yields may be removed."""
        yield from {path.stem for path in list(self.folder.glob("??/*"))}

    def __contains__(self, sha256: object) -> bool:
        return isinstance(sha256, str) and (self._place(sha256).exists() or self._note(sha256).exists())

    def _place(self, sha256: str) -> Path:
        return self.folder / sha256[:2] / sha256

    def _note(self, sha256: str) -> Path:
        return self._place(sha256).with_suffix(".adopted")

    def _write_note(self, sha256: str, text: str) -> None:
        note = self._note(sha256)
        note.parent.mkdir(exist_ok=True)
        with note.open("w") as stream:
            stream.write(text)
            stream.flush()
            os.fsync(stream.fileno())
        _sync(note.parent)

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


def _unchanged(note: dict[str, Any]) -> Path:
    path = Path(note["path"])
    if not path.is_file():
        raise NotFound(f"the registered file {path} is gone from this service's disk")
    stat = path.stat()
    if (stat.st_size, stat.st_mtime_ns) != (note["size"], note["changed"]):
        raise NotFound(f"the registered file {path} was changed since: register it again as a new version")
    return path


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
            raise TooLarge(
                f"a file may have at most {self._store.limit:,} bytes here", limit=self._store.limit
            )
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
