"""The fields of the form that tries a model: how each is shown, what it holds at first, how it is read.

A kind of field is a function that makes a `Field`; `tensor` makes those of plain
tensors, `KINDS` those of what a model's processing takes.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from math import prod
from pathlib import Path, PurePosixPath
from tempfile import TemporaryDirectory
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from werkzeug.datastructures import FileStorage, ImmutableMultiDict

from hpcfair_kg.artifact import TensorSpec, plain
from hpcfair_kg.errors import HPCFairError, UnknownFormat, WrongInput
from hpcfair_kg.formats.arrays import read_header
from hpcfair_kg.models import rows
from hpcfair_kg.models.feeding import checked
from hpcfair_kg.models.rows.images import SUFFIXES as IMAGES
from server import typed
from server.suggested import LARGEST, Suggestion
from server.wording import shape

Array = NDArray[Any]

SHORT = 1024
"""Elements of a suggestion that are typed into the field."""
FILES = (".csv", ".npy", ".json", ".txt")
SENTENCE = "A sentence to try it on."
TALLEST = 8


@dataclass(frozen=True)
class Sent:
    """What came back from one field: its text, and the file chosen in place of it."""

    text: str = ""
    file: FileStorage | None = None


@dataclass(frozen=True)
class Field:
    """One field: `name` is the form's, `feeds` the input's; `files` are the endings of files that do instead.

    Where nothing is `typed`, a file is all that is taken.
    `read` returns the array that was sent; it raises the `HPCFairError` that is shown at the field.
    """

    name: str
    feeds: str
    takes: str
    hint: str
    read: Callable[[Sent], Array]
    text: str = ""
    files: tuple[str, ...] = ()
    required: bool = True
    typed: bool = True

    @property
    def height(self) -> int:
        """The lines that show all that is in it, within reason."""
        wanted = max(self.text.count("\n") + 1 + len(self.text) // 80, 3 if self.files else 1)
        return min(wanted, TALLEST)


def fields(suggested: Sequence[Suggestion], kinds: Mapping[str, str]) -> list[Field]:
    """Return the fields for some inputs, each holding what is suggested for it; `kinds` are the steps that take them."""
    made = [KINDS.get(kinds.get(suggestion.spec.name, ""), tensor) for suggestion in suggested]
    return [
        one(f"input{number}", each) for number, (one, each) in enumerate(zip(made, suggested, strict=True))
    ]


def tensor(name: str, suggested: Suggestion) -> Field:
    """Return the field of a tensor: values typed, or a file where a table is asked for."""
    spec, short = suggested.spec, suggested.size <= SHORT
    spare = not short and suggested.size <= LARGEST
    return Field(
        name,
        spec.name,
        f"{spec.dtype}, {shape(spec.shape)}",
        _hint(spec) + (f" Left empty, an example of {shape(suggested.shape)} is taken." if spare else ""),
        partial(_tensor, spec, suggested.array if spare else None),
        typed.written(suggested.array()) if short else "",
        FILES if typed.wide(spec.shape) else (),
        required=not spare,
    )


def sentences(name: str, suggested: Suggestion) -> Field:
    """Return the field of texts: one a line, or a file of them."""
    hint = "One text a line; or a file with one a line, or with a column of the name."
    field = tensor(name, suggested)
    return replace(field, hint=hint, text=SENTENCE, files=(".txt", ".csv"))


def picture(name: str, suggested: Suggestion) -> Field:
    """Return the field of an image: a file, sent on as it is."""
    feeds, hint = (
        suggested.spec.name,
        "One image; it is brought to the size and the colours that the model sees.",
    )
    return Field(
        name, feeds, "an image file", hint, partial(_picture, suggested.spec), files=IMAGES, typed=False
    )


KINDS: Final[Mapping[str, Callable[[str, Suggestion], Field]]] = {"tokenizer": sentences, "image": picture}
"""What makes the field of an input that a step of processing takes, by the kind of step."""


def sent(
    field: Field, form: ImmutableMultiDict[str, str], files: ImmutableMultiDict[str, FileStorage]
) -> tuple[Field, Sent]:
    """Return a field with what was typed into it, and all that was sent by it."""
    text = form.get(field.name, "").replace("\r\n", "\n")
    file = files.get(f"{field.name}-file")
    return replace(field, text=text), Sent(text, file if file and file.filename else None)


def _tensor(spec: TensorSpec, spare: Callable[[], Array] | None, sent: Sent) -> Array:
    if sent.file:
        array = _of_file(sent.file, spec)
    elif spare and not sent.text.strip():
        array = spare()
    else:
        array = typed.read(sent.text, spec)
    if array.dtype.kind not in "biufOUS":
        raise _wrong(f"an array of {array.dtype} holds neither numbers nor texts", spec)
    return np.asarray(checked({spec.name: array}, [spec])[spec.name])


def _picture(spec: TensorSpec, sent: Sent) -> Array:
    data = sent.file.read() if sent.file else b""
    if not data:
        raise _wrong("no image was chosen, or an empty file", spec)
    return np.frombuffer(data, np.uint8)


def _of_file(file: FileStorage, spec: TensorSpec) -> Array:
    said = PurePosixPath(file.filename or "")
    if said.suffix.lower() not in FILES:
        raise UnknownFormat(f"{said.name[:100]} is not taken here; values are read from {', '.join(FILES)}")
    with TemporaryDirectory() as folder:
        path = Path(folder, f"file{said.suffix.lower()}")
        file.save(path)
        if path.suffix == ".npy":
            with path.open("rb") as stream:  # before memory is set aside for what a header only promises
                read_header(stream, spec.name, path.name, path.stat().st_size)
        table = rows.read(path)
        try:
            return table.feeds([spec])[spec.name]
        except ValueError as exc:
            raise _wrong(f"what the file holds is no table: {exc}", spec) from exc


def _hint(spec: TensorSpec) -> str:
    if spec.dtype == "string":
        return "One row a line, commas between the texts." if typed.wide(spec.shape) else "One text a line."
    words = "true or false" if spec.dtype == "bool" else "whole numbers" if "int" in spec.dtype else "numbers"
    if len(spec.shape) > 2:
        values = [size for size in spec.shape[1:] if isinstance(size, int)]
        many = f"{prod(values):,} " if len(values) == len(spec.shape) - 1 else ""
        return f"JSON, or a sample a line: its {many}{words} one after the other."
    if typed.wide(spec.shape):
        return f"One row a line, {words} with spaces or commas between; or JSON."
    return (
        f"{words.capitalize()}, with spaces, commas or new lines between."
        if spec.shape
        else f"{words.capitalize()}."
    )


def _wrong(detail: str, spec: TensorSpec) -> HPCFairError:
    return WrongInput(f"{spec.name}: {detail}", expected=[plain(spec)])
