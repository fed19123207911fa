"""HDF5: its datasets with their types and sizes, never their values."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

from hpcfair_kg.artifact import Column, Kind
from hpcfair_kg.errors import CorruptFile
from hpcfair_kg.formats.base import Bundle, Format, Inspection, dtype_name

MAGIC = b"\x89HDF\r\n\x1a\n"
MOST_VARIABLES = 2000


@dataclass(frozen=True)
class Variables:
    """The variables of one file and, where there is one, the length of its unlimited dimension."""

    columns: tuple[Column, ...]
    unlimited: int | None = None


class Hdf5(Format):
    """HDF5: its datasets, by their path in the file."""

    name: ClassVar[str] = "hdf5"
    kind: ClassVar[Kind] = "dataset"
    media_type: ClassVar[str] = "application/x-hdf5"
    rank: ClassVar[int] = 80
    inspect_needs: ClassVar[tuple[str, ...]] = ("h5py",)
    extra: ClassVar[str] = "data"

    def claims(self, bundle: Bundle) -> tuple[str, ...]:
        """Return the files with an HDF5 superblock; one shorter than that says is corrupt."""
        found = tuple(name for name in bundle.names if bundle.head(name, 8) == MAGIC)
        for name in found:
            check_superblock(bundle, name)
        return found

    def inspect(self, bundle: Bundle, names: Sequence[str]) -> Inspection:
        """Read path, type and shape of every dataset."""
        return inspection([variables(bundle.path(name)) for name in names])


def inspection(found: Sequence[Variables]) -> Inspection:
    """Describe the variables of some files; rows are what all agree on, the unlimited dimension before others."""
    columns = tuple(column for file in found for column in file.columns)
    lengths = {file.unlimited for file in found} - {None}
    if not lengths:
        lengths = {int(column.shape[0]) if column.shape else None for column in columns}
    more = len(columns) - MOST_VARIABLES
    return Inspection(
        columns=columns[:MOST_VARIABLES],
        rows=lengths.pop() if len(lengths) == 1 else None,
        notes=(f"{more} more variables are not listed",) if more > 0 else (),
    )


def check_superblock(bundle: Bundle, name: str) -> None:
    """Raise `CorruptFile` when the file ends before the address its superblock gives.

    HDF5 File Format Specification 3.0, II.A: the version is byte 8; the size of
    offsets byte 13 (versions 0 and 1) or 9 (2 and 3); the end-of-file address
    the third offset of the four that follow.
    """
    head, size = bundle.head(name, 96).ljust(96, b"\0"), bundle.size(name)
    width, start = (head[13], 24 + 4 * head[8]) if head[8] < 2 else (head[9], 12)
    end = int.from_bytes(head[start + 2 * width : start + 3 * width], "little")
    if width not in (2, 4, 8) or size < max(end, start + 4 * width):
        raise CorruptFile(
            f"{name} begins as HDF5 and is cut off: it has {size} bytes of {end or 'many more'}"
        )


def variables(path: Path) -> Variables:
    """Read the datasets of an HDF5 file; raise `CorruptFile` when its structure is damaged."""
    import h5py

    columns: list[Column] = []
    unlimited: list[int] = []

    def visit(name: str, item: Any) -> None:
        if isinstance(item, h5py.Dataset) and not _is_bare_dimension(item):
            columns.extend(_columns(name, item))
            if item.maxshape and item.maxshape[0] is None:
                unlimited.append(item.shape[0])

    try:
        with h5py.File(path, "r") as file:
            file.visititems(visit)
    except (OSError, RuntimeError, KeyError, ValueError) as exc:
        raise CorruptFile(f"{path.name} is a damaged HDF5 file: {exc}") from exc
    return Variables(tuple(columns), max(unlimited, default=None))


def _is_bare_dimension(item: Any) -> bool:
    """Tell a NetCDF 4 dimension that has no values of its own."""
    label = item.attrs.get("NAME", b"")
    return isinstance(label, bytes) and label.startswith(b"This is a netCDF dimension but not a netCDF var")


def _columns(name: str, item: Any) -> list[Column]:
    shape = tuple(item.shape or ())
    if not item.dtype.names:
        return [Column(name, dtype_name(item.dtype.base), shape + item.dtype.shape)]
    fields = ((field, item.dtype[field]) for field in item.dtype.names)
    return [Column(f"{name}/{field}", dtype_name(kind.base), shape + kind.shape) for field, kind in fields]


PLUGINS = (Hdf5(),)
