"""JSON: one document of arrays, read whole; or a line for each sample, read line by line."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np

from hpcfair_kg.errors import CorruptFile, TooLarge, WrongInput
from hpcfair_kg.models.infer import Array
from hpcfair_kg.models.rows.base import BLOCK, Columns, Form, LineSink, Reader, Sink, Wanted, regrouped
from hpcfair_kg.models.rows.memory import ArrayReader, Take
from hpcfair_kg.models.rows.rendering import text
from hpcfair_kg.models.rows.table import Table

LARGEST = 64 << 20
"""Bytes of a document that is read whole: parsed, it takes ten times as much."""
BATCH = 1024
"""Lines parsed at a time."""


class Json(ArrayReader):
    """One document: an object of arrays by name, or one array."""

    def __init__(self, path: Path) -> None:
        super().__init__(path)
        if (size := path.stat().st_size) > LARGEST:
            raise TooLarge(
                f"{path.name} has {size:,} bytes; a JSON document is read whole, up to {LARGEST:,}: "
                "write one sample a line as .jsonl, which is read line by line",
                limit=LARGEST,
            )
        document = json.loads(path.read_text(encoding="utf-8-sig"))
        named = document if isinstance(document, Mapping) else {"": document}
        self._arrays = {name: _array(name, value) for name, value in named.items()}
        self.describe({name: (array.shape, array.dtype) for name, array in self._arrays.items()})

    @contextmanager
    def takes(self) -> Iterator[Mapping[str, Take]]:
        """Cut the arrays."""
        yield {name: _cut(array) for name, array in self._arrays.items()}


def _cut(array: Array) -> Take:
    start = 0

    def take(rows: int | None) -> Array:
        nonlocal start
        if rows is None:
            return array
        start += rows
        return array[start - rows : start]

    return take


class JsonLines(Reader):
    """A sample a line: an object of its values by name, or one value."""

    def __init__(self, path: Path) -> None:
        super().__init__(path)
        number, line = next(self._lines(), (0, ""))
        if not number:
            raise CorruptFile(f"{path.name} is empty; it must hold one sample a line")
        first = self._parsed(number, line)
        self.columns = tuple(first) if "" not in first else ()
        self.weight = len(line)

    def chunks(self, wanted: Wanted | None, size: int | None) -> Iterator[Table]:
        """Yield `size` lines at a time."""
        names = [name for name in self.columns or ("",) if wanted is None or name in wanted]
        for found in regrouped(self._blocks(names), size):
            yield Table(found, by_row=True) if self.columns else Table(whole=found[""], by_row=True)

    def _blocks(self, names: Sequence[str]) -> Iterator[Columns]:
        lines = self._lines()
        while batch := [(n, self._parsed(n, line)) for n, line in islice(lines, BATCH)]:
            place = f"{self.path.name}, lines {batch[0][0]} to {batch[-1][0]}"
            yield {
                name: _array(name, [self._value(n, sample, name) for n, sample in batch], place)
                for name in names
            }

    def _lines(self) -> Iterator[tuple[int, str]]:
        with self.path.open(encoding="utf-8-sig") as stream:
            yield from ((n, line) for n, line in enumerate(stream, 1) if line.strip())

    def _parsed(self, number: int, line: str) -> Mapping[str, Any]:
        try:
            sample = json.loads(line)
        except ValueError as exc:
            raise CorruptFile(f"{self.path.name}, line {number} is no JSON, or is cut off: {exc}") from exc
        return sample if isinstance(sample, Mapping) else {"": sample}

    def _value(self, number: int, sample: Mapping[str, Any], name: str) -> Any:
        if name not in sample:
            raise WrongInput(
                f"{self.path.name}, line {number} has no {name or 'array'!r}; it has: "
                f"{', '.join(filter(None, sample)) or 'one array without a name'}"
            )
        return sample[name]


def _array(name: str, value: Any, place: str = "") -> Array:
    """Return lists as an array, null as NaN among numbers; texts are objects, so that none is cut."""
    try:
        array = np.array(value)
        if array.dtype.kind == "O":
            array = np.array(value, np.float64)
    except (ValueError, TypeError, OverflowError) as exc:
        where = f" ({place})" if place else ""
        raise WrongInput(
            f"{name or 'the array'}{where}: the lists are of unequal length, or hold more than numbers or texts"
        ) from exc
    return array.astype(object) if array.dtype.kind == "U" else array


class JsonSink(Sink):
    """An object of arrays by name, a row a line."""

    def __init__(self, path: Path) -> None:
        super().__init__(path)
        self._parts: dict[str, Path] = {}

    def write(self, outputs: Mapping[str, Array]) -> None:
        """Append the rows of each output to a part of its own."""
        for name, array in outputs.items():
            new = name not in self._parts
            part = self._parts.setdefault(name, self.path.with_name(f"{self.path.name}.{len(self._parts)}"))
            with part.open("w" if new else "a", encoding="utf-8") as stream:
                if not array.ndim:
                    stream.write(text(array))
                    continue
                for n, row in enumerate(array):
                    stream.write(("[\n  " if new and not n else ",\n  ") + text(np.asarray(row, array.dtype)))
                if new and not len(array):
                    stream.write("[")

    def close(self) -> None:
        """Put the parts together."""
        with self.path.open("wb") as stream:
            for n, (name, part) in enumerate(self._parts.items()):
                stream.write((",\n " if n else "{\n ").encode() + json.dumps(name).encode() + b": ")
                with part.open("rb") as rows:
                    is_array = rows.read(1) == b"["
                    rows.seek(0)
                    shutil.copyfileobj(rows, stream, BLOCK)
                part.unlink()
                stream.write(b"\n ]" if is_array else b"")
            stream.write(b"\n}\n")


class JsonLinesSink(LineSink):
    """An object of the outputs by name a line."""

    def write(self, outputs: Mapping[str, Array]) -> None:
        """Append a line for each row."""
        if len({array.shape[:1] for array in outputs.values()}) > 1:
            raise WrongInput("the outputs have different numbers of rows; write .npz or .json")
        for row in zip(*(np.atleast_1d(array) for array in outputs.values()), strict=True):
            said = (
                f"{json.dumps(name)}: {text(np.asarray(v))}" for name, v in zip(outputs, row, strict=True)
            )
            self.stream.write("{" + ", ".join(said) + "}\n")


PLUGINS = (
    Form("json", (".json",), Json, JsonSink),
    Form("jsonl", (".jsonl", ".ndjson"), JsonLines, JsonLinesSink),
)
