"""Parquet: columns of numbers, texts or lists of one length, read by batches and written by row groups."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from hpcfair_kg.artifact import TensorSpec, plain
from hpcfair_kg.errors import CorruptFile, MissingExtra, WrongInput
from hpcfair_kg.models.infer import Array
from hpcfair_kg.models.rows.base import Columns, Form, Reader, Sink, Wanted, regrouped
from hpcfair_kg.models.rows.table import Table

BATCH = 4096
"""Rows decoded at a time."""
BUFFER = 1 << 20
"""Bytes read ahead of each column: without, a row group is read whole."""
GROUP = 8 << 20
"""Bytes of outputs that are gathered for a row group."""


class Parquet(Reader):
    """A Parquet file, of which the columns asked for are read."""

    def __init__(self, path: Path) -> None:
        super().__init__(path)
        with self._open() as file:
            about = file.metadata
            self.columns = tuple(file.schema_arrow.names)
            self.rows = about.num_rows
            size = sum(about.row_group(n).total_byte_size for n in range(about.num_row_groups))
        self.weight = max(size // max(self.rows, 1), 8)

    def chunks(self, wanted: Wanted | None, size: int | None) -> Iterator[Table]:
        """Yield `size` rows at a time."""
        names = [name for name in self.columns if wanted is None or name in wanted]
        for found in regrouped(self._blocks(names, wanted or {}), size):
            yield Table(found, by_row=True)

    def _blocks(self, names: list[str], wanted: Wanted) -> Iterator[Columns]:
        first = 1
        with self._open() as file:
            empty = file.schema_arrow.empty_table()
            if not self.rows:
                yield {name: _array(empty[name].combine_chunks(), f"column {name!r}", None) for name in names}
            for batch in file.iter_batches(BATCH, columns=names, use_threads=False):
                place = f"{self.path.name}, rows {first} to {first + batch.num_rows - 1}, column"
                yield {
                    name: _array(batch.column(name), f"{place} {name!r}", wanted.get(name)) for name in names
                }
                first += batch.num_rows

    def _open(self) -> Any:
        pyarrow = library()
        try:
            return pyarrow.parquet.ParquetFile(self.path, pre_buffer=False, buffer_size=BUFFER)
        except (pyarrow.ArrowInvalid, OSError) as exc:
            raise CorruptFile(
                f"{self.path.name} is no Parquet file that can be read, or is cut off: {exc}"
            ) from exc


def library() -> Any:
    """Return pyarrow; raises `MissingExtra`."""
    try:
        import pyarrow.parquet
    except ImportError as exc:
        command = "pip install -e '.[data]'"
        raise MissingExtra(f"Parquet needs pyarrow: {command}", install=command) from exc
    return pyarrow


def _array(column: Any, place: str, spec: TensorSpec | None) -> Array:
    """Return a column as an array; nulls are NaN where fractions are taken, lists are the further axes."""
    pa = library()
    kind = column.type
    if pa.types.is_dictionary(kind):
        column, kind = column.cast(kind.value_type), kind.value_type
    if pa.types.is_list(kind) or pa.types.is_large_list(kind) or pa.types.is_fixed_size_list(kind):
        return _lists(column, place, spec)
    if pa.types.is_string(kind) or pa.types.is_large_string(kind):
        return np.array(column.to_pylist(), object)
    if column.null_count:
        if not pa.types.is_floating(kind) and spec and not spec.dtype.startswith("float"):
            raise WrongInput(
                f"{place} holds nothing in {column.null_count} rows, where a value is asked",
                expected=[plain(spec)],
            )
        if pa.types.is_integer(kind) or pa.types.is_boolean(kind):
            column = column.cast(pa.float64())
    return np.asarray(column.to_numpy(zero_copy_only=False))


def _lists(column: Any, place: str, spec: TensorSpec | None) -> Array:
    lengths = set(column.value_lengths().to_pylist()) if len(column) else {0}
    if len(lengths) > 1 or None in lengths:
        raise WrongInput(f"{place} holds lists of different lengths, which are no tensor")
    values = _array(column.flatten(), place, spec)
    return values.reshape(len(column), lengths.pop(), *values.shape[1:])


class ParquetSink(Sink):
    """A column for each output; one of several axes holds lists."""

    def __init__(self, path: Path) -> None:
        super().__init__(path)
        self._arrow = library()
        self._writer: Any = None
        self._kept: list[Any] = []

    def write(self, outputs: Mapping[str, Array]) -> None:
        """Append the rows."""
        if len({np.shape(array)[:1] for array in outputs.values()}) > 1:
            raise WrongInput(
                "the outputs have different numbers of rows, which no table holds; write .npz or .json"
            )
        columns = {name: self._column(np.atleast_1d(array)) for name, array in outputs.items()}
        self._kept.append(self._arrow.table(columns))
        if sum(table.nbytes for table in self._kept) >= GROUP:
            self._flush()

    def close(self) -> None:
        """Finish the file."""
        if self._kept:
            self._flush()
        self.discard()

    def discard(self) -> None:
        """Let go of the file."""
        if self._writer:
            self._writer.close()

    def _column(self, array: Array) -> Any:
        flat = array.ravel()
        column = self._arrow.array(flat.tolist() if flat.dtype.kind in "OUS" else flat)
        for size in reversed(array.shape[1:]):
            column = self._arrow.FixedSizeListArray.from_arrays(column, size)
        return column

    def _flush(self) -> None:
        try:
            table = self._arrow.concat_tables(self._kept)
            self._writer = self._writer or self._arrow.parquet.ParquetWriter(self.path, table.schema)
            self._writer.write_table(table)
        except (self._arrow.ArrowInvalid, ValueError) as exc:
            raise WrongInput(
                "the outputs have rows of different shapes, which no table holds; write .json"
            ) from exc
        self._kept = []


PLUGINS = (Form("parquet", (".parquet",), Parquet, ParquetSink),)
