"""NetCDF: its variables, rows along the unlimited dimension.

NetCDF 4 is HDF5 by another name, so it is asked for before HDF5; the classic
formats (CDF-1, CDF-2, CDF-5) are read by their own header.
https://docs.unidata.ucar.edu/netcdf-c/current/file_format_specifications.html
"""

from __future__ import annotations

import math
import struct
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, ClassVar

import numpy as np

from hpcfair_kg.artifact import Column, Kind
from hpcfair_kg.errors import CorruptFile
from hpcfair_kg.formats import hdf
from hpcfair_kg.formats.base import Bundle, Format, Inspection, dtype_name

_NETCDF4_MARKS = (b"_NCProperties", b"_Netcdf4Dimid", b"_Netcdf4Coordinates")
_SEARCHED = 1 << 20
_TYPES = ("", "i1", "S1", "i2", "i4", "f4", "f8", "u1", "u2", "u4", "i8", "u8")


class NetCdf(Format):
    """NetCDF, classic and 4."""

    name: ClassVar[str] = "netcdf"
    kind: ClassVar[Kind] = "dataset"
    media_type: ClassVar[str] = "application/x-netcdf"
    rank: ClassVar[int] = 70
    inspect_needs: ClassVar[tuple[str, ...]] = ("h5py",)
    extra: ClassVar[str] = "data"

    def claims(self, bundle: Bundle) -> tuple[str, ...]:
        """Return the classic files by their magic bytes, the others by the marks in their HDF5."""
        return tuple(name for name in bundle.names if _is_classic(bundle, name) or _is_netcdf4(bundle, name))

    def inspect(self, bundle: Bundle, names: Sequence[str]) -> Inspection:
        """Read name, type and shape of every variable."""
        return hdf.inspection(
            [
                (classic_variables if _is_classic(bundle, name) else hdf.variables)(bundle.path(name))
                for name in names
            ]
        )


def _is_classic(bundle: Bundle, name: str) -> bool:
    return bundle.head(name, 4) in (b"CDF\1", b"CDF\2", b"CDF\5")


def _is_netcdf4(bundle: Bundle, name: str) -> bool:
    """Look for the library's marks near both ends of the file: h5py, which would tell, may be missing."""
    if bundle.head(name, 8) != hdf.MAGIC:
        return False
    with bundle.path(name).open("rb") as stream:
        text = stream.read(_SEARCHED)
        stream.seek(max(bundle.size(name) - _SEARCHED, stream.tell()))
        text += stream.read()
    if not any(mark in text for mark in _NETCDF4_MARKS):
        return False
    hdf.check_superblock(bundle, name)
    return True


def classic_variables(path: Path) -> hdf.Variables:
    """Read the header of a classic file; raise `CorruptFile` when it, or data that it places, is not there."""
    try:
        with path.open("rb") as stream:
            return _layout(_Fields(stream), path.stat().st_size)
    except (EOFError, ValueError, IndexError) as exc:
        raise CorruptFile(f"{path.name} is a damaged NetCDF file: {exc}") from exc


@dataclass(frozen=True)
class _Variable:
    """One entry of the header's list: `lengths` holds 0 for the unlimited dimension, always the first."""

    name: str
    dtype: np.dtype[Any]
    lengths: tuple[int, ...]
    begin: int

    @property
    def is_record(self) -> bool:
        return 0 in self.lengths[:1]

    @property
    def size(self) -> int:
        """Bytes of the variable, or of one record of it."""
        return math.prod(self.lengths[self.is_record :]) * self.dtype.itemsize


def _layout(fields: _Fields, size: int) -> hdf.Variables:
    """Read the header (numrecs, dim_list, gatt_list, var_list) and compare it with the file's size."""
    records = fields.count()
    lengths = [fields.dimension() for _ in range(fields.length())]
    fields.skip_attributes()
    found = [fields.variable(lengths) for _ in range(fields.length())]
    recorded = [variable for variable in found if variable.is_record]
    step = sum(v.size + -v.size % 4 for v in recorded) if len(recorded) > 1 else sum(v.size for v in recorded)
    if records == fields.streaming and recorded:
        records = max(size - min(v.begin for v in recorded), 0) // max(step, 1)
    ends = [v.begin + v.size for v in found if not v.is_record]
    ends += [v.begin + step * (records - 1) + v.size for v in recorded if records]
    if size < max(ends, default=0):
        raise EOFError(f"it has {size} bytes and its header places data up to byte {max(ends)}")
    shapes = [(records, *v.lengths[1:]) if v.is_record else v.lengths for v in found]
    columns = tuple(
        Column(v.name, dtype_name(v.dtype), shape) for v, shape in zip(found, shapes, strict=True)
    )
    return hdf.Variables(columns, records if recorded else None)


class _Fields:
    """Reads the big-endian fields of a classic header, each padded to four bytes."""

    def __init__(self, stream: IO[bytes]) -> None:
        self.stream = stream
        self.version = stream.read(4)[3]
        self.streaming = (1 << 64) - 1 if self.version == 5 else (1 << 32) - 1

    def take(self, size: int) -> bytes:
        data = self.stream.read(size)
        if len(data) < size:
            raise EOFError("its header is cut off")
        return data

    def skip(self, size: int) -> None:
        self.stream.seek(size + -size % 4, 1)

    def number(self, wide: bool) -> int:
        return int(struct.unpack(">Q", self.take(8))[0] if wide else struct.unpack(">I", self.take(4))[0])

    def count(self) -> int:
        return self.number(self.version == 5)

    def length(self) -> int:
        """Read the tag of a list and return how many entries follow."""
        tag, count = self.number(False), self.count()
        if count and tag not in (10, 11, 12):
            raise ValueError(f"its header has a list of no kind that there is, {tag}")
        return count

    def text(self) -> str:
        size = self.count()
        if size > 1 << 16:
            raise ValueError(f"its header has a name of {size} bytes")
        return self.take(size + -size % 4)[:size].decode("utf-8", "replace")

    def dtype(self) -> np.dtype[Any]:
        return np.dtype(_TYPES[self.number(False)] or "V")

    def dimension(self) -> int:
        self.text()
        return self.count()

    def skip_attributes(self) -> None:
        for _ in range(self.length()):
            self.text()
            self.skip(self.dtype().itemsize * self.count())

    def variable(self, lengths: Sequence[int]) -> _Variable:
        name = self.text()
        shape = tuple(lengths[self.count()] for _ in range(self.count()))
        self.skip_attributes()
        dtype, _vsize, begin = self.dtype(), self.count(), self.number(self.version > 1)
        return _Variable(name, dtype, shape, begin)


PLUGINS = (NetCdf(),)
