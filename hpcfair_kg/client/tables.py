"""Tables as files hold them, CSV and Parquet, as pandas frames whose columns have the types that the catalogue says."""

from __future__ import annotations

import codecs
import csv
import io
import warnings
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from hpcfair_kg.artifact import Column
from hpcfair_kg.errors import CorruptFile

HEAD = 1 << 16
DELIMITERS = "\t;|, "
_WORDS = ("na", "n/a", "nan", "null", "none")
MISSING = ("", "NaN", *_WORDS, *(word.upper() for word in _WORDS), *(word.title() for word in _WORDS))
"""What stands for nothing where numbers are; in columns of text only the empty cell does."""

_BOMS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)


def read_parquet(path: Path, columns: Sequence[Column]) -> Any:
    """Read a Parquet file; whole numbers and truth values with gaps keep their type, as pandas' nullable ones."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        table = pq.read_table(path, partitioning=None)
    except (pa.ArrowException, OSError) as exc:
        raise CorruptFile(f"{path.name} cannot be read as Parquet: {exc}") from exc
    frame = table.to_pandas(date_as_object=False)
    nullable = _nullable()
    for name in set(table.column_names) & set(frame.columns):
        if table[name].null_count and table[name].type in nullable:
            frame[name] = table[name].to_pandas(types_mapper=nullable.get).array
    return frame


def _nullable() -> dict[Any, Any]:
    import pandas as pd
    import pyarrow as pa

    names = ("Int8", "Int16", "Int32", "Int64", "UInt8", "UInt16", "UInt32", "UInt64")
    kinds = {getattr(pa, name.lower())(): getattr(pd, f"{name}Dtype")() for name in names}
    return kinds | {pa.bool_(): pd.BooleanDtype()}


def read_csv(path: Path, columns: Sequence[Column]) -> Any:
    """Read a CSV file in whatever dialect it is written.

    The catalogue told the types from a sample; a column that does not hold
    them is left as it reads, with a warning.
    """
    import pandas as pd

    layout = _layout(path, columns)
    types = {column.name: column.dtype for column in columns if column.name in layout.names}
    whole = dict.fromkeys((name for name, dtype in types.items() if dtype == "int64"), "Int64")
    plain = [name for name, dtype in types.items() if dtype == "string" or dtype.startswith("datetime64")]
    text = dict.fromkeys(plain, "str")
    try:
        try:
            frame = _parsed(path, layout, text, whole)
        except (ValueError, TypeError):  # the sample had whole numbers alone, and the rest has not
            frame = _parsed(path, layout, text, {})
    except (pd.errors.ParserError, ValueError) as exc:
        raise CorruptFile(f"{path.name} cannot be read as a table: {exc}") from exc
    for name, dtype in types.items():
        frame[name] = _typed(path, frame[name], dtype)
    return frame


def _parsed(path: Path, layout: _Layout, text: Mapping[str, str], numbers: Mapping[str, str]) -> Any:
    import pandas as pd

    options: dict[str, Any] = {
        "sep": layout.delimiter,
        "encoding": layout.encoding,
        "encoding_errors": "replace",
        "skiprows": layout.skip,
        "header": 0 if layout.header else None,
        "names": list(layout.names),
        "dtype": {**text, **numbers},
        "na_values": {name: [""] if name in text else MISSING for name in layout.names},
        "keep_default_na": False,
        "skipinitialspace": True,
        "index_col": False,
        "low_memory": False,
    }
    return pd.read_csv(path, **options)


def _typed(path: Path, column: Any, dtype: str) -> Any:
    import pandas as pd

    try:
        if dtype.startswith("datetime64"):
            return pd.to_datetime(column, format="ISO8601").dt.as_unit("us")
        if dtype == "int64" and column.dtype == "Int64" and column.hasnans:  # gaps that the sample had not
            return column
        if dtype == "bool" and column.dtype == object:
            return column.astype("boolean")
        return column if dtype == "string" else column.astype(dtype)
    except (ValueError, TypeError) as exc:
        warnings.warn(
            f"{path.name}: {column.name} is catalogued as {dtype}, from a sample, and does not hold that ({exc});"
            f" it is {column.dtype}",
            stacklevel=2,
        )
        return column


@dataclass(frozen=True)
class _Layout:
    """How one file is written: its encoding, delimiter, lines before the data, and columns."""

    encoding: str
    delimiter: str
    skip: int
    names: tuple[str, ...]
    header: bool


def _layout(path: Path, columns: Sequence[Column]) -> _Layout:
    """Find the delimiter by which the file has columns that the catalogue knows, the more the better."""
    with path.open("rb") as stream:
        head = stream.read(HEAD)
    encoding = next((name for bom, name in _BOMS if head.startswith(bom)), "") or _encoding(head)
    lines = io.StringIO(codecs.getincrementaldecoder(encoding)(errors="replace").decode(head), newline="")
    comments, body = _parted(lines)
    known = dict.fromkeys(column.name for column in columns)
    found = [
        _Layout(encoding, delimiter, len(comments), names, header)
        for delimiter in DELIMITERS
        for names, header in _readings(comments, body, delimiter)
        if known.keys() >= set(names)
    ]
    if not found:
        raise CorruptFile(f"{path.name} has none of the columns that the catalogue knows: {', '.join(known)}")
    return max(found, key=lambda layout: len(layout.names))


def _encoding(head: bytes) -> str:
    try:
        codecs.getincrementaldecoder("utf-8")().decode(head)
    except UnicodeDecodeError:
        return "cp1252"
    return "utf-8"


def _parted(lines: io.StringIO) -> tuple[list[str], list[str]]:
    comments: list[str] = []
    body: list[str] = []
    for line in lines:
        (body if body or not line.startswith("#") else comments).append(line)
    return comments, body


def _readings(
    comments: Sequence[str], body: Sequence[str], delimiter: str
) -> Iterator[tuple[tuple[str, ...], bool]]:
    """Yield what may be the names of the columns, and whether they are the first line: else data begins there."""
    first = _row(body, delimiter)
    yield _names(first), True
    remark = _row([comments[-1].lstrip("# ")] if comments else [], delimiter)
    if len(remark) == len(first):
        yield _names(remark), False
    yield tuple(f"column_{n}" for n, _ in enumerate(first, 1)), False


def _row(lines: Sequence[str], delimiter: str) -> list[str]:
    rows = csv.reader(iter(lines), delimiter=delimiter, skipinitialspace=True)
    row = next((row for row in rows if row), [])
    return row[:-1] if delimiter == " " and row and row[-1] == "" else row


def _names(cells: Sequence[str]) -> tuple[str, ...]:
    """Return names as the catalogue writes them: stripped, empty and repeated ones made distinct."""
    names: list[str] = []
    for place, cell in enumerate(cells, 1):
        name = cell.strip() or f"column_{place}"
        names.append(name if name not in names else f"{name}_{place}")
    return tuple(names)


__all__ = ["read_csv", "read_parquet"]
