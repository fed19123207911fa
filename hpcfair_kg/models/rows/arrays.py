"""NumPy's own files, .npy and .npz: read a slice of rows at a time, written with the number of rows filled in at the end.

Nothing is mapped into memory and no member of an archive is inflated whole,
but for arrays in Fortran order, whose rows lie apart.
"""

from __future__ import annotations

import shutil
import zipfile
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from math import prod
from pathlib import Path
from typing import IO, Any

import numpy as np
from numpy.lib import format as npy

from hpcfair_kg.errors import CorruptFile, WrongInput
from hpcfair_kg.models.infer import Array
from hpcfair_kg.models.rows.base import BLOCK, Form, Sink
from hpcfair_kg.models.rows.memory import ArrayReader, Take


class Stream:
    """An array in a stream: its shape and dtype, and its rows from the first to the last."""

    def __init__(self, stream: IO[bytes], name: str) -> None:
        self._stream, self._name, self._done = stream, name, 0
        version = npy.read_magic(stream)
        if version not in ((1, 0), (2, 0)):
            raise CorruptFile(f"{name} holds records, no array of numbers or texts")
        read = npy.read_array_header_1_0 if version == (1, 0) else npy.read_array_header_2_0
        self.shape, self._fortran, self.dtype = read(stream)
        if self.dtype.hasobject:
            raise CorruptFile(f"{name} holds pickled Python objects, which are never loaded")

    @property
    def size(self) -> int:
        """How many bytes the array has."""
        return prod(self.shape) * int(self.dtype.itemsize)

    def take(self, rows: int | None) -> Array:
        """Return the next rows, or without a number all."""
        if rows is None or self._fortran:
            flat = self._read(prod(self.shape))
            whole = flat.reshape(self.shape, order="F" if self._fortran else "C")
            if rows is None:
                return whole
            self._later, self._fortran = whole, False
        if hasattr(self, "_later"):
            start, self._done = self._done, self._done + rows
            return np.ascontiguousarray(self._later[start : self._done])
        return self._read(rows * prod(self.shape[1:])).reshape(rows, *self.shape[1:])

    def _read(self, count: int) -> Array:
        size = count * int(self.dtype.itemsize)
        data = self._stream.read(size)
        if len(data) < size:
            raise CorruptFile(f"{self._name} is cut off: it announces an array {list(self.shape)}")
        return np.frombuffer(data, self.dtype, count) if count else np.empty(0, self.dtype)


class Npy(ArrayReader):
    """One array without a name."""

    def __init__(self, path: Path) -> None:
        super().__init__(path)
        with path.open("rb") as stream:
            array = Stream(stream, path.name)
            if path.stat().st_size - stream.tell() < array.size:
                raise CorruptFile(f"{path.name} is cut off: it announces an array {list(array.shape)}")
        self.describe({"": (array.shape, array.dtype)})

    @contextmanager
    def takes(self) -> Iterator[Mapping[str, Take]]:
        """Open the array."""
        with self.path.open("rb") as stream:
            yield {"": Stream(stream, self.path.name).take}


class Npz(ArrayReader):
    """Arrays by name."""

    def __init__(self, path: Path) -> None:
        super().__init__(path)
        with self._streams() as streams:
            self.describe({name: (stream.shape, stream.dtype) for name, stream in streams.items()})
        if not self.columns:
            raise CorruptFile(f"{path.name} is empty; it must hold an array for each input")

    @contextmanager
    def takes(self) -> Iterator[Mapping[str, Take]]:
        """Open the arrays side by side."""
        with self._streams() as streams:
            yield {name: stream.take for name, stream in streams.items()}

    @contextmanager
    def _streams(self) -> Iterator[Mapping[str, Stream]]:
        with ExitStack() as stack:
            archive = stack.enter_context(zipfile.ZipFile(self.path))
            yield {
                name.removesuffix(".npy"): Stream(
                    stack.enter_context(archive.open(name)), f"{name} in {self.path.name}"
                )
                for name in archive.namelist()
                if name.endswith(".npy")
            }


class NpySink(Sink):
    """One array; texts are kept as wide as the longest."""

    def __init__(self, path: Path) -> None:
        super().__init__(path)
        self._stream = path.open("w+b")
        self._parts: list[tuple[int, np.dtype[Any]]] = []
        self._sample: tuple[int, ...] | None = None

    def write(self, outputs: Mapping[str, Array]) -> None:
        """Append the rows of the one output."""
        (array,) = outputs.values()
        array = array.astype(str) if array.dtype.kind in "OS" else array
        if not array.ndim or self._sample not in (None, array.shape[1:]):
            if self._sample is not None:
                raise WrongInput(
                    "the outputs have rows of different shapes, which no array holds; write .json"
                )
            npy.write_array(self._stream, array, version=(1, 0))
            self._sample = ()
            return
        if self._sample is None:
            self._sample = array.shape[1:]
            self._head(array.dtype, 0)
        self._parts.append((len(array), array.dtype))
        self._stream.write(array.tobytes())

    def close(self) -> None:
        """Fill in the number of rows."""
        if self._parts:
            kind = max((dtype for _, dtype in self._parts), key=lambda dtype: dtype.itemsize)
            if {dtype for _, dtype in self._parts} != {kind}:
                self._widen(kind)
            self._head(kind, sum(rows for rows, _ in self._parts))
        self._stream.close()

    def discard(self) -> None:
        """Let go of the file."""
        self._stream.close()

    def _head(self, dtype: np.dtype[Any], rows: int) -> None:
        """Write the header; NumPy leaves room in it for the first dimension to grow."""
        self._stream.seek(0)
        shape = (rows, *(self._sample or ()))
        described = {"descr": npy.dtype_to_descr(dtype), "fortran_order": False, "shape": shape}
        npy.write_array_header_1_0(self._stream, described)
        self._start = self._stream.tell()

    def _widen(self, dtype: np.dtype[Any]) -> None:
        """Write the rows again, each in the widest type of all."""
        old = self._stream
        old.seek(self._start)
        self._stream = self.path.with_name(f"{self.path.name}.wide").open("w+b")
        self._head(dtype, 0)
        with old:
            for rows, kind in self._parts:
                count = rows * prod(self._sample or ())
                part = np.frombuffer(old.read(count * kind.itemsize), kind, count)
                self._stream.write(part.astype(dtype).tobytes())
        Path(self._stream.name).replace(self.path)


class NpzSink(Sink):
    """Arrays by name, uncompressed."""

    def __init__(self, path: Path) -> None:
        super().__init__(path)
        self._members: dict[str, NpySink] = {}

    def write(self, outputs: Mapping[str, Array]) -> None:
        """Append the rows of each output."""
        for name, array in outputs.items():
            if name not in self._members:
                self._members[name] = NpySink(self.path.with_name(f"{self.path.name}.{len(self._members)}"))
            self._members[name].write({name: array})

    def close(self) -> None:
        """Put the arrays into one archive."""
        with zipfile.ZipFile(self.path, "w", zipfile.ZIP_STORED, allowZip64=True) as archive:
            for name, member in self._members.items():
                member.close()
                with (
                    member.path.open("rb") as part,
                    archive.open(f"{name}.npy", "w", force_zip64=True) as into,
                ):
                    shutil.copyfileobj(part, into, BLOCK)
                member.path.unlink()

    def discard(self) -> None:
        """Let go of the arrays."""
        for member in self._members.values():
            member.discard()


PLUGINS = (Form("npy", (".npy",), Npy, NpySink, single=True), Form("npz", (".npz",), Npz, NpzSink))
