"""A dataset of the catalogue as a pandas frame, from the files that it lies in on this machine."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from hpcfair_kg.artifact import Artifact, Column, File
from hpcfair_kg.client import arrays, tables
from hpcfair_kg.errors import MissingExtra, NotFound, UnknownFormat

if TYPE_CHECKING:
    from hpcfair_kg.client.frames import Frame

TABLES: Mapping[str, Callable[[Path, Sequence[Column]], Any]] = {
    "csv": tables.read_csv,
    "parquet": tables.read_parquet,
}
ARRAYS: Mapping[str, Callable[[Path], arrays.Variables]] = {
    "npy": arrays.read_npy,
    "npz": arrays.read_npz,
    "hdf5": arrays.read_hdf5,
    "netcdf": arrays.read_netcdf,
}


def chosen(artifact: Artifact, file: str | None = None) -> list[File]:
    """Return the data files of an artifact, or the one named.

    Raises `NotFound` for a file that is not there, `UnknownFormat` for what is
    no dataset or cannot be read as one.
    """
    name = f"{artifact.owner}/{artifact.name}"
    if artifact.kind != "dataset":
        raise UnknownFormat(f"{name} is a {artifact.kind}, no dataset")
    data = [f for f in artifact.files if f.role == "original"]
    readable = [f for f in data if f.format in (*TABLES, *ARRAYS)]
    if file is not None:
        data = [f for f in data if f.name == file]
        readable = [f for f in readable if f.name == file]
    listed = ", ".join(f"{f.name} ({f.format})" for f in artifact.files)
    if not data:
        raise NotFound(f"{name} has no data file {file!r}; there are: {listed}")
    if not readable:
        known = ", ".join((*TABLES, *ARRAYS))
        raise UnknownFormat(f"{name} has no file that can be loaded ({listed}); such are: {known}")
    return readable


def read(
    artifact: Artifact, files: Sequence[File], folder: Path, variables: str | Sequence[str] | None = None
) -> Frame:
    """Read the files of a dataset, which lie in a folder, as one frame; of `variables` only these.

    Tables of the same columns follow one another, arrays stand side by side.
    Raises `MissingExtra` without pandas, `NotFound` for a variable that is not
    there, `UnknownFormat` for what makes no one frame, `CorruptFile`.
    """
    try:
        from hpcfair_kg.client import frames
    except ModuleNotFoundError as exc:
        raise missing(exc) from exc
    wanted = [variables] if isinstance(variables, str) else variables
    try:
        if all(file.format in ARRAYS for file in files):
            found = _together(files, [ARRAYS[file.format](folder / file.name) for file in files])
            return frames.of_arrays(_only(found, wanted))
        read = [_table(file, folder, artifact.columns) for file in files]
    except ModuleNotFoundError as exc:
        raise missing(exc) from exc
    frame = read[0] if len(read) == 1 else _stacked(files, read)
    return frames.Frame(frame if wanted is None else frame[list(_only(frame, wanted))])


def missing(exc: ModuleNotFoundError) -> MissingExtra:
    """Return the error for a library that reads data and is not installed."""
    command = "pip install -e '.[data]'"
    return MissingExtra(f"{exc.name} is not installed, which load_dataset needs: {command}", install=command)


def _table(file: File, folder: Path, columns: Sequence[Column]) -> Any:
    if file.format in ARRAYS:
        raise UnknownFormat(f"{file.name} holds arrays and other files tables; name one by file=")
    return TABLES[file.format](folder / file.name, columns)


def _stacked(files: Sequence[File], read: Sequence[Any]) -> Any:
    import pandas as pd

    if any(list(frame.columns) != list(read[0].columns) for frame in read):
        listed = "; ".join(
            f"{file.name}: {', '.join(map(str, frame.columns))}"
            for file, frame in zip(files, read, strict=True)
        )
        raise UnknownFormat(f"its tables have different columns, so name one by file= ({listed})")
    return pd.concat(read, ignore_index=True)


def _together(files: Sequence[File], read: Sequence[arrays.Variables]) -> arrays.Variables:
    together: dict[str, Any] = {}
    for file, found in zip(files, read, strict=True):
        if twice := sorted(together.keys() & found.keys()):
            raise UnknownFormat(f"{twice[0]} is in {file.name} and in another file; name one by file=")
        together |= found
    return together


def _only(found: Any, wanted: Sequence[str] | None) -> Any:
    names = [str(name) for name in found]
    if unknown := [name for name in wanted or () if name not in names]:
        raise NotFound(f"there is no variable {unknown[0]!r}; there are: {', '.join(names)}")
    return found if wanted is None else {name: found[name] for name in wanted}
