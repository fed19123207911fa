"""What was brought from services, kept on this machine: bytes by their sha256, and artifacts laid out by name.

    HPCFAIR_CACHE/
    ├── ab/abcdef…            the bytes of one file; ….part while they come
    ├── artifacts/key-…/      files of an artifact under their own names, linked to the bytes
    └── records/…             what services said of artifacts (`records`)

Everything in it can be removed at any time, and is then brought again.  It has
no limit: what it holds is what was asked for.  Several processes may use one
folder at once.
"""

from __future__ import annotations

import errno
import fcntl
import hashlib
import os
import secrets
import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO

from hpcfair_kg.artifact import Artifact, File
from hpcfair_kg.errors import CorruptFile, HPCFairError, InvalidConfig, TooLarge

_FULL = (errno.ENOSPC, errno.EDQUOT)


class Cache:
    """A folder of bytes by hash; what is there is hashed once by each object before it is used."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._sound: dict[Path, tuple[int, int]] = {}

    def require(self) -> None:
        """Make the folder, for its owner only: it may hold what others may not see."""
        self.folder.parent.mkdir(parents=True, exist_ok=True)
        self.folder.mkdir(mode=0o700, exist_ok=True)

    def path(self, sha256: str) -> Path:
        """Return where the bytes of a hash lie, or would."""
        return self.folder / sha256[:2] / sha256

    def has(self, file: File) -> bool:
        """Tell whether the bytes of a file are here, and are its own; what is damaged is removed."""
        return self.sound(self.path(file.sha256), file.sha256)

    def sound(self, path: Path, sha256: str) -> bool:
        """Tell whether what lies at a path has this hash; it is hashed again only when it was written to."""
        try:
            state = path.stat()
        except (FileNotFoundError, NotADirectoryError):
            return False
        mark = (state.st_size, state.st_mtime_ns)
        if self._sound.get(path) == mark:
            return True
        if digest(path) != sha256:
            path.unlink(missing_ok=True)
            return False
        self._sound[path] = mark
        return True

    def place(self, artifact: Artifact, files: Sequence[File]) -> Path:
        """Return the folder where these files of an artifact lie, or would, under their names."""
        told = "\n".join(f"{f.name} {f.sha256 or f'{f.remote} {artifact.modified}'}" for f in files)
        return self.folder / "artifacts" / f"{artifact.key}-{hashlib.sha256(told.encode()).hexdigest()[:12]}"

    def lay(self, file: File, target: Path) -> None:
        """Put the bytes of a file, which are here, under its name too: a link where the disk has them, else a copy."""
        kept = self.path(file.sha256)
        if target.exists() and (target.samefile(kept) or self.sound(target, file.sha256)):
            return
        with fresh(target) as beside:
            try:
                os.link(kept, beside)
            except OSError:
                shutil.copyfile(kept, beside)


@contextmanager
def alone(path: Path) -> Iterator[IO[bytes]]:
    """Open a file to append to, and wait until no other process or thread has it open so.

    Where the disk knows no locks nobody waits: the hash tells what came of it.
    """
    while True:
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("ab") as stream:
            with suppress(OSError):
                fcntl.flock(stream, fcntl.LOCK_EX)
            if _is_at(stream, path):  # and not what another has finished and moved away
                yield stream
                return


def _is_at(stream: IO[bytes], path: Path) -> bool:
    try:
        return os.path.samestat(os.fstat(stream.fileno()), path.stat())
    except FileNotFoundError:
        return False


@contextmanager
def fresh(target: Path) -> Iterator[Path]:
    """Yield where to write what takes the place of `target` once it is whole."""
    target.parent.mkdir(parents=True, exist_ok=True)
    beside = target.with_name(f".{secrets.token_hex(8)}.new")
    try:
        yield beside
        beside.replace(target)
    finally:
        beside.unlink(missing_ok=True)


@contextmanager
def writing(name: str, folder: Path) -> Iterator[None]:
    """Translate what a disk refuses while `name` is written into a folder.

    Raises `TooLarge` where it is full, `InvalidConfig` where nobody may write.
    """
    try:
        yield
    except OSError as exc:
        raise _refused(name, folder, exc) from exc


def require_room(name: str, size: int, folder: Path) -> None:
    """Raise `TooLarge` when a folder's disk has less room than `size` bytes."""
    free = shutil.disk_usage(folder).free
    if size > free:
        raise TooLarge(
            f"{name} needs {size:,} bytes more and the disk of {folder} has {free:,} free; {_RIGHT}"
        )


def _refused(name: str, folder: Path, exc: OSError) -> HPCFairError:
    if exc.errno in _FULL:
        return TooLarge(f"{name} does not fit on the disk of {folder} ({exc.strerror}); {_RIGHT}")
    return InvalidConfig(f"{name} cannot be written to {folder} ({exc.strerror}); {_RIGHT}")


_RIGHT = "make room, or let HPCFAIR_CACHE name another folder"


def checked(file: File, path: Path) -> None:
    """Remove what arrived and raise `CorruptFile` when it is not what the catalogue says."""
    if file.sha256 and (found := digest(path)) != file.sha256:
        path.unlink()
        raise CorruptFile(f"{file.name} arrived as sha256 {found}, not {file.sha256}; ask again")


def digest(path: Path) -> str:
    """Return the sha256 of a file in hex."""
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()
