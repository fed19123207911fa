"""Zip and tar files: what is in them, whether they are whole, and their members, inside a place of one's own."""

from __future__ import annotations

import lzma
import tarfile
import zipfile
import zlib
from collections.abc import Iterable
from pathlib import Path, PurePosixPath

from hpcfair_kg.errors import CorruptFile
from hpcfair_kg.formats.base import Bundle

PACKED = (b"\x1f\x8b", b"BZh", b"\xfd7zXZ")
"""The first bytes of gzip, bzip2 and xz, in which tar files come."""
DAMAGE = (zipfile.BadZipFile, tarfile.TarError, EOFError, OSError, zlib.error, lzma.LZMAError)


def cut_zip(bundle: Bundle, name: str, sign: str) -> bool:
    """Tell whether a file begins as a zip whose first member's name has the sign, and is no whole zip.

    APPNOTE.TXT 4.3.7: the name of the first member starts at byte 30, its length is at 26.
    """
    head = bundle.head(name, 1024)
    if head[:4] != b"PK\x03\x04" or bundle.members(name):
        return False
    first = head[30 : 30 + int.from_bytes(head[26:28], "little")]
    return sign in first.decode("utf-8", "replace")


def listing(bundle: Bundle, name: str, signs: Iterable[str]) -> tuple[str, ...]:
    """Return the member names of a zip or tar file, () for what is neither.

    Raises `CorruptFile` for a tar file that ends early, when members of one of
    the names `signs` were in it before.
    """
    head = bundle.head(name, 512)
    if not head.startswith(PACKED) and head[257:262] != b"ustar":
        return bundle.members(name)
    found: list[str] = []
    try:
        with tarfile.open(bundle.path(name)) as archive:
            found.extend(member.name for member in archive)
    except DAMAGE as exc:
        if {PurePosixPath(n).name for n in found} & set(signs):
            raise CorruptFile(f"{name} is an archive of a model and is damaged or cut off: {exc}") from exc
        return ()
    return tuple(found)


def unpack(path: Path, place: Path) -> None:
    """Unpack a zip or tar file, nothing outside of `place`."""
    try:
        if zipfile.is_zipfile(path):
            with zipfile.ZipFile(path) as archive:
                archive.extractall(place)
        else:
            with tarfile.open(path) as archive_:
                archive_.extractall(place, filter="data")
    except DAMAGE as exc:
        raise CorruptFile(f"{path.name} cannot be unpacked: {exc}") from exc


def member(path: Path, name: str) -> bytes:
    """Return one member of a zip or tar file, with nothing written to a disk."""
    try:
        if zipfile.is_zipfile(path):
            with zipfile.ZipFile(path) as archive:
                return archive.read(name)
        with tarfile.open(path) as archive_:
            stream = archive_.extractfile(name)
            return stream.read() if stream else b""
    except DAMAGE as exc:
        raise CorruptFile(f"{path.name} cannot be unpacked: {exc}") from exc
