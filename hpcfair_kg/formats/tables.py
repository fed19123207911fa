"""Tables as text: CSV in its dialects.

A text file is a CSV when its lines split into the same number of fields and
some column holds numbers, truth values or times; a name in .csv or .tsv is
believed for texts and for the odd ragged row.  Types come from a bounded
sample; rows are counted by streaming.
"""

from __future__ import annotations

import codecs
import csv
import io
import itertools
import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import ClassVar, TextIO

from hpcfair_kg.artifact import Column, Kind
from hpcfair_kg.errors import CorruptFile
from hpcfair_kg.formats.base import Bundle, Format, Inspection

SAMPLE = 1 << 16
"""Bytes that are looked at to tell whether a text is a table."""
TYPED_ROWS = 10_000
"""Rows from which the types of the columns are told."""
DELIMITERS = "\t;|, "
"""Most telling first: "1,5;2,5" is two fields with decimal commas, not three."""

_BOMS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0e-\x1f\x7f]")
_MARKUP = re.compile(r"\s*[\[{<]|---\s*$|%YAML", re.MULTILINE)
"""How JSON, XML, HTML and YAML documents begin."""
_MISSING = frozenset({"", "na", "n/a", "nan", "null", "none"})
_INTEGER = re.compile(r"[+-]?\d{1,18}")
_NUMBER = re.compile(r"[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?|[+-]?inf(?:inity)?", re.IGNORECASE)


@dataclass(frozen=True)
class Dialect:
    """How one CSV is written: its encoding, delimiter, lines before the data and names of the columns."""

    encoding: str
    delimiter: str
    skip: int
    names: tuple[str, ...]
    header: bool
    """Whether the first line read is the names and not data."""

    @contextmanager
    def rows(self, path: Path) -> Iterator[Iterator[list[str]]]:
        """Open the file and give its rows of data, empty lines left out."""
        with path.open(encoding=self.encoding, errors="replace", newline="") as stream:
            rows = _parse(itertools.islice(stream, self.skip, None), self.delimiter)
            yield itertools.islice(rows, int(self.header), None)


class Csv(Format):
    """Comma, semicolon, tab, bar or blank separated values (RFC 4180 and its relatives)."""

    name: ClassVar[str] = "csv"
    kind: ClassVar[Kind] = "dataset"
    media_type: ClassVar[str] = "text/csv"
    rank: ClassVar[int] = 90

    def claims(self, bundle: Bundle) -> tuple[str, ...]:
        """Return the texts whose lines are rows of one width."""
        return tuple(name for name in bundle.names if dialect(bundle, name))

    def inspect(self, bundle: Bundle, names: Sequence[str]) -> Inspection:
        """Read the columns from a sample of the rows, and count the rows of all files."""
        columns, rows, notes = [], 0, []
        for name in names:
            found = dialect(bundle, name)
            if found is None:
                raise CorruptFile(f"{name} is no table: its lines have different numbers of fields")
            types, count = _read(bundle.path(name), found)
            columns.append(tuple(Column(c, t) for c, t in zip(found.names, types, strict=True)))
            rows += count
            if count > TYPED_ROWS:
                notes.append(f"{name}: column types are told from the first {TYPED_ROWS} of {count} rows")
        return Inspection(
            columns=tuple(dict.fromkeys(itertools.chain(*columns))), rows=rows, notes=tuple(notes)
        )


def dialect(bundle: Bundle, name: str) -> Dialect | None:
    """Return how a file is written, or None when it is no CSV."""
    head = bundle.head(name, SAMPLE)
    encoding = _encoding(head)
    if encoding is None:
        return None
    whole = bundle.size(name) <= SAMPLE
    text = _decode(head, encoding, whole=whole)
    lines = list(io.StringIO(text, newline=""))
    comments = list(itertools.takewhile(lambda line: line.startswith("#"), lines))
    body = lines[len(comments) :]
    if not body or _CONTROL.search(text) or _MARKUP.match(text):
        return None
    named = name.lower().endswith((".csv", ".tsv"))
    for delimiter in DELIMITERS:
        sample = list(_parse(iter(body), delimiter))[: None if whole else -1]
        if _is_table(sample, delimiter, named):
            names, header = _names(sample, comments, delimiter)
            return Dialect(encoding, delimiter, len(comments), names, header)
    return None


def _encoding(head: bytes) -> str | None:
    for bom, name in _BOMS:
        if head.startswith(bom):
            return name
    if b"\0" in head or not head:
        return None
    try:
        codecs.getincrementaldecoder("utf-8")().decode(head)
    except UnicodeDecodeError:
        return "cp1252"
    return "utf-8"


def _decode(head: bytes, encoding: str, *, whole: bool) -> str:
    text = codecs.getincrementaldecoder(encoding)(errors="replace").decode(head)
    return text if whole else text[: text.rfind("\n") + 1]


def _parse(lines: Iterator[str] | TextIO, delimiter: str) -> Iterator[list[str]]:
    rows = csv.reader(lines, delimiter=delimiter, skipinitialspace=True)
    return (_trimmed(row) if delimiter == " " else row for row in rows if row)


def _trimmed(row: list[str]) -> list[str]:
    return row[:-1] if row[-1] == "" else row


def _is_table(sample: Sequence[Sequence[str]], delimiter: str, named: bool) -> bool:
    """Tell whether rows look like a table: of one width, with a column that is no text.

    Where the name says so, one row in ten may be ragged and all columns be text.
    """
    widths = [len(row) for row in sample]
    width = max(set(widths), key=widths.count, default=0)
    if widths.count(width) < max(len(widths) * (0.9 if named else 1), 1 if named else 2):
        return False
    data = [row for row in sample[1:] if len(row) == width]
    typed = [_kind(column) not in ("string", None) for column in zip(*data, strict=True)]
    if width == 1 or delimiter == " ":
        return bool(typed) and all(typed)
    return named or any(typed)


def _names(
    sample: Sequence[Sequence[str]], comments: Sequence[str], delimiter: str
) -> tuple[tuple[str, ...], bool]:
    """Return the names of the columns and whether the first row holds them.

    numpy.savetxt writes them as a comment; without any they are column_1, ….
    """
    first = sample[0]
    if comments:
        remark = next(_parse(iter([comments[-1].lstrip("# ")]), delimiter), [])
        if len(remark) == len(first) > 1:
            return _unique(remark), False
    kinds = [_kind(column) for column in zip(*(r for r in sample[1:] if len(r) == len(first)), strict=True)]
    typed = [(kind, cell) for kind, cell in zip(kinds, first, strict=False) if kind not in ("string", None)]
    if typed:
        header = any(_kind([cell]) == "string" for _, cell in typed)
    else:
        header = all(_kind([cell]) == "string" for cell in first) and len(set(first)) == len(first)
    return (_unique(first), True) if header else (tuple(f"column_{i + 1}" for i in range(len(first))), False)


def _unique(cells: Sequence[str]) -> tuple[str, ...]:
    """Return the names stripped, empty and repeated ones made distinct."""
    names: list[str] = []
    for position, cell in enumerate(cells, 1):
        name = cell.strip() or f"column_{position}"
        names.append(name if name not in names else f"{name}_{position}")
    return tuple(names)


def _read(path: Path, found: Dialect) -> tuple[list[str], int]:
    """Return the types of the columns and the number of rows."""
    try:
        with found.rows(path) as rows:
            sample = list(itertools.islice(rows, TYPED_ROWS))
            count = len(sample) + sum(1 for _ in rows)
    except csv.Error as exc:
        raise CorruptFile(f"{path.name} cannot be read as a table: {exc}") from exc
    columns = itertools.islice(itertools.zip_longest(*sample, fillvalue=""), len(found.names))
    types = [_kind(column) or "string" for column in columns]
    return types + ["string"] * (len(found.names) - len(types)), count


def _kind(cells: Sequence[str]) -> str | None:
    """Return the narrowest type that all cells have; None when all are missing."""
    texts = [cell.strip() for cell in cells]
    values = [text for text in texts if text.lower() not in _MISSING]
    if not values:
        return None
    if all(map(_INTEGER.fullmatch, values)):
        return "int64" if len(values) == len(texts) else "float64"
    if all(map(_NUMBER.fullmatch, values)):
        return "float64"
    if {value.lower() for value in values} <= {"true", "false"}:
        return "bool" if len(values) == len(texts) else "string"
    return "datetime64[us]" if all(map(_is_time, values)) else "string"


def _is_time(text: str) -> bool:
    try:
        datetime.fromisoformat(text)
    except ValueError:
        return False
    return "-" in text


PLUGINS = (Csv(),)
