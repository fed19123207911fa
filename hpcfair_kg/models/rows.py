"""Files of samples: what a model is fed and what it gave, one sample a row.

| file | is |
|---|---|
| .npy | one array |
| .npz, .json (an object) | arrays by name |
| .csv with a header, .parquet | columns by name; `x[0]`, `x[1]`, … are the columns of `x` |
| .txt | numbers: one sample a row; anything else: one string a line |
"""

from __future__ import annotations

import csv
import json
import zipfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from hpcfair_kg.artifact import TensorSpec, plain
from hpcfair_kg.errors import CorruptFile, MissingExtra, NotFound, UnknownFormat, WrongInput
from hpcfair_kg.models.infer import Array


@dataclass(frozen=True)
class Table:
    """What a file holds: arrays by name, or one array that has none; `lines` is a text file as text."""

    columns: Mapping[str, Array] = field(default_factory=dict)
    whole: Array | None = None
    lines: Sequence[str] = ()

    @property
    def names(self) -> tuple[str, ...]:
        """The names there are; `x[0]`, `x[1]` count as `x`."""
        return tuple(dict.fromkeys(_group(name) for name in self.columns))

    def feeds(self, inputs: Sequence[TensorSpec]) -> dict[str, Array]:
        """Return an array for each input: by name, or for one input all that no other one takes.

        Rows are given the shape of the model's samples.  Raises `WrongInput`
        naming the input without a column.
        """
        unnamed = [spec for spec in inputs if spec.name not in self.names]
        if len(unnamed) > 1 or (unnamed and self.whole is None and not self.columns):
            raise WrongInput(
                f"the input file has no column {unnamed[0].name!r}; "
                f"it has: {', '.join(self.names) or 'one array without a name'}",
                expected=[plain(spec) for spec in inputs],
            )
        taken = {spec.name for spec in inputs if spec.name in self.names}
        return {
            spec.name: shaped(
                self._column(spec.name) if spec.name in taken else self._rest(spec, taken), spec
            )
            for spec in inputs
        }

    def _column(self, name: str) -> Array:
        if name in self.columns:
            return self.columns[name]
        return _side_by_side(
            [array for column, array in self.columns.items() if _group(column) == name], name
        )

    def _rest(self, spec: TensorSpec, taken: set[str]) -> Array:
        if spec.dtype == "string" and self.lines:
            return np.array(self.lines, object)
        if self.whole is not None:
            self._all_numbers(spec)
            return self.whole
        rest = [array for name, array in self.columns.items() if _group(name) not in taken]
        return rest[0] if len(rest) == 1 else _side_by_side(rest, spec.name)

    def _all_numbers(self, spec: TensorSpec) -> None:
        for number, line in enumerate(self.lines, 1):
            for word in line.replace(",", " ").split():
                if not _is_number(word):
                    raise WrongInput(
                        f"line {number} of the input file holds {word!r}; {spec.name} takes {spec.dtype}",
                        expected=[plain(spec)],
                    )


def read(path: Path) -> Table:
    """Read a file of samples; raises `NotFound`, `UnknownFormat`, `CorruptFile` or `WrongInput`, each with the line."""
    if path.suffix.lower() not in READERS:
        raise UnknownFormat(
            f"{path.name}: samples are read from {', '.join(READERS)} (for an image: its pixels as .npy)"
        )
    if not path.is_file():
        raise NotFound(f"there is no file {path}")
    try:
        return READERS[path.suffix.lower()](path)
    except (UnicodeDecodeError, zipfile.BadZipFile, EOFError, ValueError) as exc:
        raise CorruptFile(f"{path.name} is no {path.suffix} file that can be read: {exc}") from exc


def write(path: Path, outputs: Mapping[str, Array]) -> tuple[Path, ...]:
    """Write outputs in the form that the file's name asks for; return the files written.

    Forms that hold one array (.txt, .npy) become `name.output.txt` for each of
    several outputs.
    """
    suffix = path.suffix.lower()
    if suffix not in WRITERS:
        raise UnknownFormat(f"{path.name}: outputs are written as {', '.join(WRITERS)}")
    path.parent.mkdir(parents=True, exist_ok=True)
    if suffix not in (".txt", ".npy") or len(outputs) == 1:
        WRITERS[suffix](path, outputs)
        return (path,)
    paths = {name: path.with_name(f"{path.stem}.{_as_file_name(name)}{path.suffix}") for name in outputs}
    for name, place in paths.items():
        WRITERS[suffix](place, {name: outputs[name]})
    return tuple(paths.values())


def shaped(array: Array, spec: TensorSpec) -> Array:
    """Give rows of values the shape of the model's samples: [5, 39] becomes [5, 3, 13] for [batch, time, 13].

    An array that has the model's rank, or that no shape fits, is left for
    `infer.checked` to judge.
    """
    rank = len(spec.shape)
    if not rank or array.ndim == rank:
        return array
    if array.ndim == 1 and rank == 2:
        size = spec.shape[1]
        one_sample = isinstance(size, int) and size > 1
        return array[None, :] if one_sample else array[:, None]
    if array.ndim == 2 and rank == 1 and array.shape[1] == 1:
        return array[:, 0]
    sample = [size if isinstance(size, int) else -1 for size in spec.shape[1:]]
    if array.ndim != 2 or sample.count(-1) > 1:
        return array
    try:
        return array.reshape(array.shape[0], *sample)
    except ValueError:
        return array


def _text(path: Path) -> Table:
    lines = path.read_text().splitlines()
    if not any(line.strip() for line in lines):
        raise CorruptFile(f"{path.name} is empty; it must hold one sample a line")
    try:
        rows = [(n, [float(v) for v in line.replace(",", " ").split()]) for n, line in enumerate(lines, 1)]
    except ValueError:
        return Table(whole=np.array(lines, object), lines=lines)
    rows = [(n, row) for n, row in rows if row]
    for n, row in rows:
        if len(row) != len(rows[0][1]):
            raise WrongInput(
                f"{path.name}, line {n}: {len(row)} numbers, where the first has {len(rows[0][1])}"
            )
    return Table(whole=_numbers([row for _, row in rows], lines), lines=lines)


def _numbers(rows: Sequence[Sequence[float]], lines: Sequence[str]) -> Array:
    whole = not any(set(line.lower()) & set(".en") for line in lines)
    return np.array(rows, np.int64 if whole else np.float64)


def _csv(path: Path) -> Table:
    with path.open(newline="") as stream:
        rows = [row for row in csv.reader(stream) if row]
    if not rows:
        raise CorruptFile(f"{path.name} is empty; it must hold one sample a row")
    for number, row in enumerate(rows, 1):
        if len(row) != len(rows[0]):
            raise WrongInput(
                f"{path.name}, row {number}: {len(row)} values, where the first has {len(rows[0])}"
            )
    if all(_is_number(value) for value in rows[0]):
        return Table(whole=_side_by_side([_typed(column) for column in zip(*rows, strict=True)], path.name))
    header, *body = rows
    cells = zip(*body, strict=True) if body else ((),) * len(header)
    return Table({name.strip(): _typed(column) for name, column in zip(header, cells, strict=True)})


def _typed(cells: Sequence[str]) -> Array:
    for kind in (np.int64, np.float64):
        try:
            return np.array(cells, kind)
        except (ValueError, OverflowError):
            continue
    return np.array(cells, object)


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


def _json(path: Path) -> Table:
    document = json.loads(path.read_text())
    if isinstance(document, Mapping):
        return Table({name: np.array(value) for name, value in document.items()})
    return Table(whole=np.array(document))


def _npy(path: Path) -> Table:
    return Table(whole=np.load(path, allow_pickle=False))


def _npz(path: Path) -> Table:
    with np.load(path, allow_pickle=False) as archive:
        return Table({name: archive[name] for name in archive.files})


def _parquet(path: Path) -> Table:
    try:
        import pyarrow.parquet
    except ImportError as exc:
        command = "pip install -e '.[data]'"
        raise MissingExtra(f"Parquet needs pyarrow: {command}", install=command) from exc
    table = pyarrow.parquet.read_table(path)
    return Table({name: np.array(table[name].to_pylist()) for name in table.column_names})


def _side_by_side(columns: Sequence[Array], name: str) -> Array:
    if not columns:
        raise WrongInput(f"the input file has no column left for {name!r}")
    if any(column.ndim != 1 for column in columns):
        raise WrongInput(f"several arrays would feed {name!r}; give one of them that name")
    return np.stack(columns, axis=1)


def _group(column: str) -> str:
    name, bracket, index = column.partition("[")
    return name if bracket and index[:-1].isdigit() and index.endswith("]") else column


def _as_rows(array: Array) -> Array:
    return array.reshape(array.shape[0], -1) if array.ndim else array.reshape(1, 1)


def _write_text(path: Path, outputs: Mapping[str, Array]) -> None:
    (array,) = outputs.values()
    lines = (" ".join(map(str, row)) for row in _as_rows(array))
    path.write_text("".join(f"{line}\n" for line in lines))


def _write_csv(path: Path, outputs: Mapping[str, Array]) -> None:
    parts = {name: _as_rows(array) for name, array in outputs.items()}
    header = [
        name if rows.shape[1] == 1 else f"{name}[{n}]"
        for name, rows in parts.items()
        for n in range(rows.shape[1])
    ]
    if len({len(rows) for rows in parts.values()}) > 1:
        raise WrongInput(
            "the outputs have different numbers of rows, which no table holds; write .npz or .json"
        )
    with path.open("w", newline="") as stream:
        writer = csv.writer(stream)
        writer.writerow(header)
        writer.writerows(
            [value for row in rows for value in row] for rows in zip(*parts.values(), strict=True)
        )


def _write_json(path: Path, outputs: Mapping[str, Array]) -> None:
    path.write_text(json.dumps({name: array.tolist() for name, array in outputs.items()}, indent=1) + "\n")


def _write_npy(path: Path, outputs: Mapping[str, Array]) -> None:
    (array,) = outputs.values()
    np.save(path, array.astype(str) if array.dtype == object else array)


def _write_npz(path: Path, outputs: Mapping[str, Array]) -> None:
    np.savez(path, **{n: a.astype(str) if a.dtype == object else a for n, a in outputs.items()})  # type: ignore[arg-type]


def _as_file_name(name: str) -> str:
    return "".join(letter if letter.isalnum() or letter in "-_." else "_" for letter in name)


READERS: dict[str, Callable[[Path], Table]] = {
    ".npy": _npy,
    ".npz": _npz,
    ".csv": _csv,
    ".parquet": _parquet,
    ".json": _json,
    ".txt": _text,
}
WRITERS: dict[str, Callable[[Path, Mapping[str, Any]], None]] = {
    ".npy": _write_npy,
    ".npz": _write_npz,
    ".csv": _write_csv,
    ".json": _write_json,
    ".txt": _write_text,
}
