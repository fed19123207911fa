"""SHELF  files of samples: what a model is fed and what it gave, one sample a row, in chunks or whole; one file a form.

| file | is | in constant memory |
|---|---|---|
| .npy | one array | yes (whole if in Fortran order) |
| .npz | arrays by name | yes, compressed or not |
| .csv, with a line of names or only numbers | columns by name; `x[0]`, `x[1]`, … are the columns of `x` | yes |
| .parquet | the same; a column of lists is an array | yes |
| .jsonl | an object of columns a line, or one sample a line | yes |
| .json | an object of arrays by name, or one array | no: up to 64 MiB |
| .txt | numbers: one sample a row; for an input of text: one string a line | yes |
| .png .jpg … | one sample (read only) | |
| a folder of these | a sample an image (read only) | yes |
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from hpcfair_kg.errors import NotFound, UnknownFormat
from hpcfair_kg.models.infer import Array
from hpcfair_kg.models.rows.base import FOLDER, Form, Head, Reader, translated
from hpcfair_kg.models.rows.output import Output, opened
from hpcfair_kg.models.rows.table import Table, shaped
from hpcfair_kg.plugins import shelf

__all__ = ["Head", "Reader", "Table", "read", "reader", "shaped", "writable", "write", "writing"]


def reader(path: Path) -> Reader:
    """Open a file of samples; raises `NotFound`, `UnknownFormat`, or `CorruptFile` for what is empty or no such file.

    What is wrong further on is raised by what the reader yields: `CorruptFile`,
    or `WrongInput` with the line.
    """
    form = _form(path, "samples are read from", [form for form in _forms() if form.reader])
    if not path.exists():
        raise NotFound(f"there is no file {path}")
    assert form.reader is not None
    with translated(path):
        return form.reader(path)


def read(path: Path) -> Table:
    """Read a file of samples whole; raises what `reader` and what it yields raise."""
    found = reader(path)
    with translated(path):
        (table,) = found.chunks(None, None)
    return replace(table, again=found.whole) if found.typeless else table


@contextmanager
def writing(path: Path) -> Iterator[Output]:
    """Yield what takes outputs chunk by chunk, in the form that the file's name asks for.

    The files appear under their names when all is written; if anything is
    raised inside, none does.  Forms that hold one array (.txt, .npy) become
    `name.output.txt` for each of several outputs.  Raises `UnknownFormat`, and
    `InvalidConfig` where nothing can be written.
    """
    form = _form(path, "outputs are written as", [form for form in _forms() if form.sink])
    with opened(path, form) as output:
        yield output


def writable(path: Path) -> None:
    """Raise `UnknownFormat` for a name whose form nothing can be written in."""
    _form(path, "outputs are written as", [form for form in _forms() if form.sink])


def write(path: Path, outputs: Mapping[str, Array]) -> tuple[Path, ...]:
    """Write outputs in the form that the file's name asks for; return the files written (see `writing`)."""
    with writing(path) as output:
        output.write(outputs)
    return output.paths


def _form(path: Path, said: str, forms: list[Form]) -> Form:
    suffix = FOLDER if path.is_dir() else path.suffix.lower()
    known = {suffix: form for form in forms for suffix in form.suffixes}
    if suffix not in known:
        raise UnknownFormat(f"{path.name}: {said} {', '.join(sorted(known))}")
    return known[suffix]


def _forms() -> list[Form]:
    return list(shelf(__name__).values())
