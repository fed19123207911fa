"""CSV: a line of names, or numbers from the first line on; separated by commas, quoted with double quotes.

Where pyarrow is installed it parses the blocks that it reads exactly as Python
does: those without quotes, whose cells it takes.  Everything else, and every
complaint, is Python's own `csv`.
"""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from io import BytesIO
from itertools import chain, islice
from pathlib import Path
from typing import IO, Any

import numpy as np

from hpcfair_kg.artifact import TensorSpec
from hpcfair_kg.errors import CorruptFile, WrongInput
from hpcfair_kg.models.infer import Array
from hpcfair_kg.models.rows.base import BLOCK, Columns, Form, LineSink, Reader, Wanted, regrouped
from hpcfair_kg.models.rows.cells import is_number, typed
from hpcfair_kg.models.rows.rendering import as_rows, lines
from hpcfair_kg.models.rows.table import Table

BATCH = 4096
"""Rows that Python parses at a time."""
BOM = b"\xef\xbb\xbf"

Parse = Callable[[bytes], dict[int, Array] | None]


class Csv(Reader):
    """A CSV file, each block of it parsed as the inputs ask."""

    typeless = True

    def __init__(self, path: Path) -> None:
        super().__init__(path)
        with _open(path) as stream:
            records = _records(stream)
            first = next((row for row in records if row), None)
        if first is None:
            raise CorruptFile(f"{path.name} is empty; it must hold one sample a row")
        self.headed = not all(map(is_number, first))
        self.columns = tuple(name.strip() for name in first) if self.headed else ()
        self.width = len(first)
        self.weight = 8 * self.width

    def chunks(self, wanted: Wanted | None, size: int | None) -> Iterator[Table]:
        """Yield `size` rows at a time."""
        specs = self._specs(wanted)
        for found in regrouped(self._blocks(specs, BATCH if wanted else None), size):
            if self.headed:
                yield Table(found, by_row=True)
            else:
                yield Table(whole=np.stack(list(found.values()), axis=1), by_row=True)

    def _specs(self, wanted: Wanted | None) -> dict[int, TensorSpec | None]:
        """Return, by number, the columns that are read and what each feeds."""
        if not self.headed:
            return dict.fromkeys(range(self.width), wanted[""] if wanted else None)
        if wanted is None:
            return dict.fromkeys(range(self.width))
        return {n: wanted[name] for n, name in enumerate(self.columns) if name in wanted}

    def _blocks(self, specs: Mapping[int, TensorSpec | None], batch: int | None) -> Iterator[Columns]:
        """Yield the columns of one block after the other; blocks in which a quote stands end the fast way."""
        parse, row = _by_arrow(self.width, specs), 0
        with _open(self.path) as stream:
            if self.headed:
                next(filter(None, _records(stream)))
                row = 1
            yield self._named({n: typed([], spec, str) for n, spec in specs.items()})
            while parse is not None and (block := stream.read(BLOCK) + stream.readline()):
                found = parse(block)
                rest: Iterable[bytes] = BytesIO(block)
                if found is not None:
                    yield self._named(found)
                    row += len(next(iter(found.values()), ()))
                    continue
                if b'"' in block:
                    rest = chain(rest, stream)
                for rows in _batches(rest, batch):
                    yield self._named(self._parsed(rows, row, specs))
                    row += len(rows)
            for rows in _batches(stream, batch):
                yield self._named(self._parsed(rows, row, specs))
                row += len(rows)

    def _named(self, found: Mapping[int, Array]) -> Columns:
        return {self.columns[n] if self.headed else str(n): array for n, array in found.items()}

    def _parsed(
        self, rows: Sequence[Sequence[str]], before: int, specs: Mapping[int, TensorSpec | None]
    ) -> dict[int, Array]:
        for number, row in enumerate(rows, before + 1):
            if len(row) != self.width:
                raise WrongInput(
                    f"{self.path.name}, row {number}: {len(row)} values, where the first has {self.width}"
                )
        return {
            n: typed([row[n] for row in rows], spec, self._place(before + 1, n)) for n, spec in specs.items()
        }

    def _place(self, first: int, column: int) -> Callable[[int], str]:
        named = f"column {self.columns[column]!r}" if self.headed else f"value {column + 1}"
        return lambda index: f"{self.path.name}, row {first + index}, {named}"


def _open(path: Path) -> IO[bytes]:
    stream = path.open("rb")
    if stream.read(3) != BOM:
        stream.seek(0)
    return stream


def _records(stream: Iterable[bytes]) -> Iterator[list[str]]:
    return csv.reader((line.decode() for line in stream), strict=True)


def _batches(stream: Iterable[bytes], size: int | None) -> Iterator[list[list[str]]]:
    """Yield the records that hold anything."""
    records = filter(None, _records(stream))
    while rows := list(islice(records, size)):
        yield rows


def _by_arrow(width: int, specs: Mapping[int, TensorSpec | None]) -> Parse | None:
    """Return what parses a block with pyarrow, or nothing for what that reads otherwise than Python, if at all."""
    try:
        import pyarrow as pa
        import pyarrow.csv
    except ImportError:
        return None
    kinds = {n: _arrow_type(pa, spec.dtype if spec else "") for n, spec in specs.items()}
    if None in kinds.values() or not kinds:
        return None
    names = list(map(str, range(width)))
    convert = pyarrow.csv.ConvertOptions(
        column_types={str(n): kind for n, kind in kinds.items()},
        include_columns=[str(n) for n in kinds],
        null_values=[""],
    )

    def parse(block: bytes) -> dict[int, Array] | None:
        if any(sign in block for sign in _PECULIAR) or block.count(b"\r") != block.count(b"\r\n"):
            return None
        read = pyarrow.csv.ReadOptions(column_names=names, block_size=len(block) + 1, use_threads=False)
        try:
            block.decode()
            table = pyarrow.csv.read_csv(pa.BufferReader(block), read, convert_options=convert)
        except (pa.ArrowInvalid, UnicodeDecodeError):
            return None
        return _arrays(table, kinds)

    return parse


_PECULIAR = (b'"', b"0x", b"0X", b"(")
"""What a block is left to Python for: quotes, and the numbers that only Arrow takes, 0x1F and nan(1)."""


def _arrow_type(pa: Any, dtype: str) -> Any:
    if dtype == "string":
        return pa.string()
    if dtype.startswith("float"):
        return pa.float64()
    return pa.int64() if dtype.startswith("int") else None


def _arrays(table: Any, kinds: Mapping[int, Any]) -> dict[int, Array] | None:
    if any(table[str(n)].null_count and str(kind) == "int64" for n, kind in kinds.items()):
        return None
    return {
        n: np.array(table[str(n)].to_pylist(), object) if str(kind) == "string" else table[str(n)].to_numpy()
        for n, kind in kinds.items()
    }


class CsvSink(LineSink):
    """Columns by name, `x[0]`, `x[1]`, … for an output of several."""

    def __init__(self, path: Path) -> None:
        super().__init__(path)
        self._header: list[str] = []

    def write(self, outputs: Mapping[str, Array]) -> None:
        """Append the rows."""
        parts = {name: as_rows(array) for name, array in outputs.items()}
        if len({len(rows) for rows in parts.values()}) > 1:
            raise WrongInput(
                "the outputs have different numbers of rows, which no table holds; write .npz or .json"
            )
        header = [
            name if rows.shape[1] == 1 else f"{name}[{n}]"
            for name, rows in parts.items()
            for n in range(rows.shape[1])
        ]
        if not self._header:
            self._header = header
            self.stream.write(",".join(map(_quoted, header)) + "\n")
        if header != self._header:
            raise WrongInput("the outputs have rows of different lengths, which no table holds; write .json")
        rendered = [lines(rows, ",", _quoted) for rows in parts.values()]
        self.stream.writelines(",".join(row) + "\n" for row in zip(*rendered, strict=True))


def _quoted(cell: str) -> str:
    return '"' + cell.replace('"', '""') + '"' if not cell or any(c in cell for c in '",\r\n') else cell


PLUGINS = (Form("csv", (".csv",), Csv, CsvSink),)
