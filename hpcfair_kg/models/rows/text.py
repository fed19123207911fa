"""Text: numbers are one sample a row, separated by blanks or commas; for an input of text, one string a line."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import chain, islice
from pathlib import Path

import numpy as np

from hpcfair_kg.artifact import TensorSpec
from hpcfair_kg.errors import CorruptFile, WrongInput
from hpcfair_kg.models.infer import Array
from hpcfair_kg.models.rows.base import Columns, Form, LineSink, Reader, Wanted, regrouped
from hpcfair_kg.models.rows.cells import guessed, is_number, typed
from hpcfair_kg.models.rows.rendering import as_rows, lines
from hpcfair_kg.models.rows.table import Table

BATCH = 4096
"""Lines parsed at a time."""

Row = tuple[int, list[str]]
"""The number of a line and its words."""


class Text(Reader):
    """A text file, of numbers or of strings as the input asks."""

    typeless = True

    def __init__(self, path: Path) -> None:
        super().__init__(path)
        with path.open(encoding="utf-8-sig") as stream:
            first = next((line for line in stream if line.strip()), None)
        if first is None:
            raise CorruptFile(f"{path.name} is empty; it must hold one sample a line")
        self.weight = max(len(first), 8)
        self.width = len(_words(first))

    def chunks(self, wanted: Wanted | None, size: int | None) -> Iterator[Table]:
        """Yield `size` samples at a time."""
        if wanted is None:
            blocks = self._as_it_looks()
        elif wanted[""].dtype == "string":
            blocks = self._strings()
        else:
            blocks = self._numbers(wanted[""])
        for found in regrouped(blocks, size):
            yield Table(whole=found[""], by_row=True)

    def _lines(self) -> Iterator[list[str]]:
        with self.path.open(encoding="utf-8-sig") as stream:
            while batch := list(islice(stream, BATCH)):
                yield batch

    def _strings(self) -> Iterator[Columns]:
        for batch in self._lines():
            yield {"": np.array([line.rstrip("\n") for line in batch], object)}

    def _numbers(self, spec: TensorSpec) -> Iterator[Columns]:
        number = 0
        for batch in self._lines():
            rows = [(n, words) for n, line in enumerate(batch, number + 1) if (words := _words(line))]
            number += len(batch)
            if {len(words) for _, words in rows} - {self.width}:
                self._of_one_width(rows)
            yield {"": self._typed(rows, spec)}

    def _typed(self, rows: Sequence[Row], spec: TensorSpec) -> Array:
        def place(index: int) -> str:
            return f"line {rows[index // self.width][0]} of the input file"

        return typed(list(chain.from_iterable(row for _, row in rows)), spec, place).reshape(
            len(rows), self.width
        )

    def _as_it_looks(self) -> Iterator[Columns]:
        """Yield all as numbers if every word is one, else as strings."""
        rows = [(n, _words(line)) for n, line in enumerate((line for b in self._lines() for line in b), 1)]
        if not all(is_number(word) for _, row in rows for word in row):
            yield from regrouped(self._strings(), None)
            return
        rows = [(n, row) for n, row in rows if row]
        self._of_one_width(rows)
        yield {"": guessed([word for _, row in rows for word in row]).reshape(len(rows), self.width)}

    def _of_one_width(self, rows: Sequence[Row]) -> None:
        for n, row in rows:
            if len(row) == self.width:
                continue
            odd = next((word for word in row if not is_number(word)), None)
            if odd is not None:
                raise WrongInput(f"line {n} of the input file holds {odd[:80]!r}, where a number is asked")
            raise WrongInput(
                f"{self.path.name}, line {n}: {len(row)} numbers, where the first has {self.width}"
            )


def _words(line: str) -> list[str]:
    return line.replace(",", " ").split()


class TextSink(LineSink):
    """The rows of one output, a line each."""

    def write(self, outputs: Mapping[str, Array]) -> None:
        """Append the rows."""
        (array,) = outputs.values()
        self.stream.writelines(f"{line}\n" for line in lines(as_rows(array), " ", _on_one_line))


def _on_one_line(said: str) -> str:
    if "\n" in said or "\r" in said:
        raise WrongInput(f"the output text {said[:40]!r} has a line break, which no .txt holds; write .json")
    return said


PLUGINS = (Form("txt", (".txt",), Text, TextSink, single=True),)
