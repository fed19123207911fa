"""What an operator names to be harvested: a file is taken at her word, a folder is walked for descriptions."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from hpcfair_kg.errors import NotFound
from hpcfair_kg.knowledge.harvest.syntax import JSON, MARKDOWN, SUFFIXES, media_type

_HEAD: Final = 1 << 16
"""Bytes in which a description in a folder shows that it is one."""


@dataclass(frozen=True, slots=True)
class Given:
    """A file to read: its media type ("" where that is not known), where it was found, what it is called."""

    path: Path
    kind: str
    address: str = ""
    name: str = ""


def gather(paths: Iterable[Path], source: str = "") -> list[Given]:
    """Return the files below some paths; `source` is the address that the paths have elsewhere.

    In a folder only what looks like a description counts: weights and
    configurations lie beside it.  Raises `NotFound` for a path that is none.
    """
    return [given for path in paths for given in _given(path, source)]


def _given(path: Path, source: str) -> Iterator[Given]:
    if path.is_file():
        yield Given(path.resolve(), media_type(path.name) or "", source, path.name)
    elif path.is_dir():
        for file in _walked(path):
            name = file.relative_to(path).as_posix()
            yield Given(file.resolve(), media_type(name) or "", _address(source, name), name)
    else:
        raise NotFound(f"there is no file or folder {path}")


def _walked(folder: Path) -> Iterator[Path]:
    for place, folders, files in os.walk(folder):
        folders.sort()
        for name in sorted(files):
            file = Path(place) / name
            if file.suffix.lower() in SUFFIXES and file.is_file() and _describes(file):
                yield file


def _describes(file: Path) -> bool:
    """Whether a file of a folder looks like a description."""
    kind = media_type(file.name)
    with file.open("rb") as stream:
        head = stream.read(_HEAD)
    if kind == MARKDOWN:
        return file.stem.lower() == "readme" and head.lstrip(b"\xef\xbb\xbf \r\n").startswith(b"---")
    if kind in JSON:
        return b'"@context"' in head
    return b"RDF" in head if file.suffix.lower() == ".xml" else True


def _address(source: str, name: str) -> str:
    """Return the address of a file in a folder; a README stands for the folder that it is in."""
    if not source:
        return ""
    folder, _, last = name.rpartition("/")
    return f"{source.rstrip('/')}/{folder if last.lower() == 'readme.md' else name}".rstrip("/")
