"""Arrays as files hold them: NPY, NPZ, HDF5 and NetCDF, each a mapping of names to arrays, named as catalogued.

Values are those of the file: a NetCDF variable's scale and fill value are not applied.
"""

from __future__ import annotations

import zipfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from hpcfair_kg.errors import CorruptFile, UnknownFormat

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Variables = Mapping[str, NDArray[Any]]
else:
    Variables = Mapping


def read_npy(path: Path) -> Variables:
    """Read one array, under the name of its file; of a structured one each field."""
    with _numpy(path) as held:
        return dict(_fields(path.stem, held, ""))


def read_npz(path: Path) -> Variables:
    """Read every array of an archive."""
    with _numpy(path) as held:
        return {field: array for name in held.files for field, array in _fields(name, held[name], "")}


def read_hdf5(path: Path) -> Variables:
    """Read every dataset of an HDF5 or NetCDF 4 file, under its path; of a compound one each field."""
    import h5py

    found: dict[str, Any] = {}

    def visit(name: str, item: Any) -> None:
        if isinstance(item, h5py.Dataset) and not _is_bare_dimension(item):
            text = h5py.check_string_dtype(item.dtype) is not None
            values = item.asstr()[()] if text else item[()]
            found.update(_fields(name, values, f"{name}/"))

    try:
        with h5py.File(path, "r") as file:
            file.visititems(visit)
    except (OSError, RuntimeError, KeyError, ValueError) as exc:
        raise _damaged(path, exc) from exc
    return found


def read_netcdf(path: Path) -> Variables:
    """Read every variable of a NetCDF file: 4 as the HDF5 that it is, the classic formats with SciPy."""
    with path.open("rb") as stream:
        version = stream.read(4)
    if not version.startswith(b"CDF"):
        return read_hdf5(path)
    if version == b"CDF\5":
        raise UnknownFormat(
            f"{path.name} is CDF-5, which SciPy does not read; download it and open it with netCDF4"
        )
    from scipy.io import netcdf_file

    try:
        with netcdf_file(path, mmap=False) as file:
            return {name: variable[:].copy() for name, variable in file.variables.items()}
    except (OSError, ValueError, TypeError, IndexError) as exc:
        raise _damaged(path, exc) from exc


@contextmanager
def _numpy(path: Path) -> Iterator[Any]:
    import numpy as np

    with path.open("rb") as stream:  # NumPy would leave one open that is no zip file
        try:
            yield np.load(stream, allow_pickle=False)
        except (ValueError, OSError, EOFError, zipfile.BadZipFile) as exc:
            raise _damaged(path, exc) from exc


def _damaged(path: Path, exc: Exception) -> CorruptFile:
    return CorruptFile(f"{path.name} cannot be read: {exc}")


def _fields(name: str, values: Any, prefix: str) -> Iterator[tuple[str, Any]]:
    import numpy as np

    array = np.asarray(values)
    if array.dtype.names is None:
        yield name, array
    else:
        yield from ((f"{prefix}{field}", array[field]) for field in array.dtype.names)


def _is_bare_dimension(item: Any) -> bool:
    """Tell a NetCDF 4 dimension that has no values of its own."""
    label = item.attrs.get("NAME", b"")
    return isinstance(label, bytes) and label.startswith(b"This is a netCDF dimension but not a netCDF var")
