"""NumPy's own files, .npy and .npz, read by their headers: a pickle in one is never opened."""

from __future__ import annotations

import math
import tokenize
import zipfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import IO, Any, ClassVar

import numpy as np

from hpcfair_kg.artifact import Column, Kind
from hpcfair_kg.errors import CorruptFile
from hpcfair_kg.formats.base import Bundle, Format, Inspection, dtype_name

_MAGIC = b"\x93NUMPY"
_PICKLED = (
    "{name} holds Python objects, that is a pickle: stored, never loaded; "
    "save numbers or text with a dtype of their own instead"
)


@dataclass(frozen=True)
class Header:
    """What the header of one array says (numpy.lib.format)."""

    name: str
    dtype: np.dtype[Any]
    shape: tuple[int, ...]

    @property
    def columns(self) -> tuple[Column, ...]:
        """The fields of a structured array, or the one array."""
        if not self.dtype.names:
            return (Column(self.name, dtype_name(self.dtype), self.shape),)
        fields = ((field, self.dtype[field]) for field in self.dtype.names)
        return tuple(Column(field, dtype_name(kind.base), kind.shape) for field, kind in fields)


class Npy(Format):
    """One array in NumPy's .npy format (NEP 1)."""

    name: ClassVar[str] = "npy"
    kind: ClassVar[Kind] = "dataset"
    media_type: ClassVar[str] = "application/x-npy"

    def claims(self, bundle: Bundle) -> tuple[str, ...]:
        """Return the files that begin with NumPy's magic bytes."""
        return tuple(name for name in bundle.names if bundle.head(name, 6) == _MAGIC)

    def inspect(self, bundle: Bundle, names: Sequence[str]) -> Inspection:
        """Read type and shape from the headers; a file shorter than they say is corrupt."""
        headers = []
        for name in names:
            with bundle.path(name).open("rb") as stream:
                headers.append(read_header(stream, PurePosixPath(name).stem, name, bundle.size(name)))
        return _inspection(headers)


class Npz(Format):
    """Several arrays in one zip file, as numpy.savez writes them."""

    name: ClassVar[str] = "npz"
    kind: ClassVar[Kind] = "dataset"
    media_type: ClassVar[str] = "application/x-npz"

    def claims(self, bundle: Bundle) -> tuple[str, ...]:
        """Return the zip files of nothing but arrays; one cut before its directory is corrupt."""
        found = []
        for name in bundle.names:
            members = bundle.members(name)
            if members and all(member.endswith(".npy") for member in members):
                found.append(name)
            elif not members and _first_member(bundle.head(name)).endswith(b".npy"):
                raise CorruptFile(f"{name} begins as .npz and its zip directory is missing: it was cut off")
        return tuple(found)

    def inspect(self, bundle: Bundle, names: Sequence[str]) -> Inspection:
        """Read types and shapes from the header of every member."""
        headers = []
        for name in names:
            try:
                with zipfile.ZipFile(bundle.path(name)) as archive:
                    for member in archive.infolist():
                        with archive.open(member) as stream:
                            array = member.filename.removesuffix(".npy")
                            headers.append(
                                read_header(stream, array, f"{name}:{member.filename}", member.file_size)
                            )
            except (zipfile.BadZipFile, EOFError, OSError) as exc:
                raise CorruptFile(f"{name} is a damaged zip file: {exc}") from exc
        return _inspection(headers)


def read_header(stream: IO[bytes], name: str, place: str, size: int) -> Header:
    """Read one array's header; raise `CorruptFile` naming `place` when it or the data of `size` is cut."""
    try:
        version = np.lib.format.read_magic(stream)
        read = np.lib.format.read_array_header_1_0
        if version > (1, 0):
            read = np.lib.format.read_array_header_2_0
        shape, _, dtype = read(stream)
        if version >= (3, 0) and dtype.names:  # 2.0 in UTF-8, which NumPy's public reader takes for Latin-1
            dtype.names = tuple(field.encode("latin1").decode() for field in dtype.names)
    except (ValueError, EOFError, TypeError, SyntaxError, tokenize.TokenError) as exc:
        raise CorruptFile(f"{place} has a damaged .npy header: {exc}") from exc
    if not dtype.hasobject and stream.tell() + math.prod(shape) * dtype.itemsize > size:
        raise CorruptFile(f"{place} is cut off: its header promises {shape} values of {dtype}")
    return Header(name, dtype, shape)


def _first_member(head: bytes) -> bytes:
    """Return the file name in a zip's first local header (APPNOTE 4.3.7), or b""."""
    return head[30 : 30 + int.from_bytes(head[26:28], "little")] if head.startswith(b"PK\x03\x04") else b""


def _inspection(headers: Sequence[Header]) -> Inspection:
    lengths = {header.shape[0] if header.shape else None for header in headers}
    return Inspection(
        columns=tuple(column for header in headers for column in header.columns),
        rows=lengths.pop() if len(lengths) == 1 else None,
        notes=tuple(_PICKLED.format(name=header.name) for header in headers if header.dtype.hasobject),
    )


PLUGINS = (Npy(), Npz())
