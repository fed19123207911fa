"""What a form of files promises: a reader of chunks, and a sink that takes outputs chunk by chunk."""

from __future__ import annotations

import csv
import zipfile
import zlib
from abc import ABC, abstractmethod
from collections.abc import Callable, Generator, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

import numpy as np

from hpcfair_kg.artifact import TensorSpec
from hpcfair_kg.errors import CorruptFile, WrongInput
from hpcfair_kg.models.infer import Array
from hpcfair_kg.models.rows.table import Table, grouped, matched

FOLDER = "/"
"""What stands for the suffix of a folder."""
BLOCK = 1 << 20
"""Bytes read at a time."""

Wanted = Mapping[str, TensorSpec]
"""The input that each column feeds; a file without names is the column ""."""
Columns = dict[str, Array]


class Reader(ABC):
    """A file of samples.

    `columns` are its names as written, none for one array without a name;
    `rows` how many there are, where that is known before reading; `weight` about
    how many bytes one has.
    """

    typeless: ClassVar[bool] = False
    """Whether what the file holds depends on the input that asks, as text does."""
    columns: tuple[str, ...] = ()
    rows: int | None = None
    weight: int = 8
    origins: tuple[str, ...] = ()
    """The file that each row is, where rows are files."""

    def __init__(self, path: Path) -> None:
        self.path = path

    @property
    def names(self) -> tuple[str, ...]:
        """The names there are; `x[0]`, `x[1]` count as `x`."""
        return grouped(self.columns)

    @abstractmethod
    def chunks(self, wanted: Wanted | None, size: int | None) -> Iterator[Table]:
        """Yield `size` rows at a time, the rest last; without `size` all at once, and never nothing at all.

        Of `wanted` columns only those are read, as their inputs ask; else all,
        as they look.
        """

    def feeds(
        self, inputs: Sequence[TensorSpec], size: int | None = None
    ) -> Generator[dict[str, Array], None, None]:
        """Yield an array for each input, `size` rows at a time; raises as `Table.feeds` does, and `CorruptFile`."""
        wanted = self.wanted(inputs)
        with translated(self.path):
            for table in self.chunks(wanted, size):
                yield table.feeds(inputs)

    def whole(self, inputs: Sequence[TensorSpec]) -> Table:
        """Return all of the file as these inputs ask."""
        with translated(self.path):
            (table,) = self.chunks(self.wanted(inputs), None)
            return table

    def wanted(self, inputs: Sequence[TensorSpec]) -> Wanted:
        """Return the input that each column feeds; raises `WrongInput` naming the input without a column."""
        found = matched(self.columns, inputs)
        return {column: spec for spec in inputs for column in found[spec.name]}


class Head(Reader):
    """The first rows of another file, in whole chunks; `more` says, once they are read, that it has others."""

    def __init__(self, reader: Reader, limit: int) -> None:
        super().__init__(reader.path)
        self._reader, self._limit, self.more = reader, limit, False
        self.columns, self.rows, self.weight = reader.columns, None, reader.weight
        self.origins = reader.origins

    def chunks(self, wanted: Wanted | None, size: int | None) -> Iterator[Table]:
        """Yield chunks until there are as many rows as were asked for."""
        count = 0
        for table in self._reader.chunks(wanted, size):
            if count >= self._limit:
                self.more = True
                return
            yield table
            count += table.rows


@contextmanager
def translated(path: Path) -> Iterator[None]:
    """Say which file it is that cannot be read."""
    try:
        yield
    except (
        UnicodeDecodeError,
        zipfile.BadZipFile,
        zlib.error,
        csv.Error,
        EOFError,
        ValueError,
        OSError,
    ) as exc:
        raise CorruptFile(
            f"{path.name} is no {path.suffix} file that can be read, or is cut off: {exc}"
        ) from exc


class Sink(ABC):
    """One file being written, below a folder of its own."""

    def __init__(self, path: Path) -> None:
        self.path = path

    @abstractmethod
    def write(self, outputs: Mapping[str, Array]) -> None:
        """Append the rows of outputs."""

    @abstractmethod
    def close(self) -> None:
        """Finish the file."""

    def discard(self) -> None:  # noqa: B027  # most keep nothing open
        """Let go of what is open: the file is not wanted."""


class LineSink(Sink):
    """A text file, written from top to bottom."""

    def __init__(self, path: Path) -> None:
        super().__init__(path)
        self.stream = path.open("w", encoding="utf-8", newline="")

    def close(self) -> None:
        """Finish the file."""
        self.stream.close()

    discard = close


@dataclass(frozen=True)
class Form:
    """One form of files: its suffixes, what reads it and what writes it; `single` ones hold one array."""

    name: str
    suffixes: tuple[str, ...]
    reader: Callable[[Path], Reader] | None = None
    sink: Callable[[Path], Sink] | None = None
    single: bool = False


def regrouped(blocks: Iterable[Columns], size: int | None) -> Iterator[Columns]:
    """Yield the rows of blocks again, `size` at a time; raises `WrongInput` when the blocks do not fit together."""
    kept: list[Columns] = []
    have = 0
    for block in blocks:
        kept.append(block)
        have += _rows(block)
        while size is not None and have > size:
            joined = _joined(kept)
            yield {name: array[:size] for name, array in joined.items()}
            kept = [{name: array[size:] for name, array in joined.items()}]
            have -= size
    yield _joined(kept)


def _rows(block: Columns) -> int:
    return len(next(iter(block.values()), ()))


def _joined(blocks: Sequence[Columns]) -> Columns:
    if len(blocks) == 1:
        return blocks[0]
    return {name: _one(name, [block[name] for block in blocks]) for name in blocks[0]}


def _one(name: str, arrays: Sequence[Array]) -> Array:
    """Return arrays as one; empty ones say nothing of type and shape."""
    arrays = [array for array in arrays if len(array)] or list(arrays[:1])
    kinds = {array.dtype.kind in "OUS" for array in arrays}
    shapes = {array.shape[1:] for array in arrays}
    if len(kinds) > 1 or len(shapes) > 1:
        what = "text and numbers" if len(kinds) > 1 else f"rows of the shapes {sorted(shapes)}"
        raise WrongInput(f"the column {name!r} holds {what}")
    return np.concatenate(arrays)
