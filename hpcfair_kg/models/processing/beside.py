"""The files beside a model, read as the small JSON documents they are: a stranger's, so each member is checked."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from math import isfinite
from pathlib import PurePosixPath
from typing import Any

from hpcfair_kg.errors import CorruptFile
from hpcfair_kg.formats.base import Bundle

LARGEST = 4 << 20
"""Bytes that a configuration may have; a tokenizer says its own limit."""
LONGEST = 500
"""Characters of one text within it."""
_UNSPEAKABLE = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff\ufffe\uffff]")


@dataclass(frozen=True)
class Beside:
    """The files of one artifact, by their last names: the one nearest to the top is meant."""

    bundle: Bundle

    def find(self, name: str) -> str | None:
        """Return the file of this last name, or None."""
        named = [n for n in self.bundle.names if PurePosixPath(n).name == name]
        return min(named, key=lambda n: (n.count("/"), n), default=None)

    def document(self, name: str) -> Document | None:
        """Return the JSON object of the file of this last name, None where there is no such file."""
        file = self.find(name)
        return None if file is None else self.read(file)

    def read(self, file: str, largest: int = LARGEST) -> Document:
        """Return the JSON object that a file is; raise `CorruptFile` where it is none."""
        value = self.json(file, largest)
        if not isinstance(value, dict):
            raise CorruptFile(f"{file} is no JSON object")
        return Document(file, value)

    def json(self, file: str, largest: int = LARGEST) -> Any:
        """Return what a JSON file holds; raise `CorruptFile` for what is none, or larger than that in bytes."""
        if self.bundle.size(file) > largest:
            raise CorruptFile(f"{file} has {self.bundle.size(file):,} bytes; at most {largest:,} are read")
        try:
            return json.loads(self.bundle.path(file).read_bytes())
        except (ValueError, RecursionError) as exc:
            raise CorruptFile(f"{file} is no JSON: {str(exc)[:200]}") from exc

    def text(self, file: str) -> str:
        """Return a file as text; raise `CorruptFile` for what is none."""
        if self.bundle.size(file) > LARGEST:
            raise CorruptFile(f"{file} has {self.bundle.size(file):,} bytes; at most {LARGEST:,} are read")
        try:
            return self.bundle.path(file).read_text("utf-8-sig")
        except UnicodeDecodeError as exc:
            raise CorruptFile(f"{file} is no UTF-8 text") from exc


@dataclass(frozen=True)
class Document:
    """A JSON object and the file it is of; a member of another type than asked raises `CorruptFile`."""

    file: str
    members: Mapping[str, Any]

    def get(self, key: str) -> Any:
        """Return a member as it is, None where there is none."""
        return self.members.get(key)

    def flag(self, key: str, default: bool = False) -> bool:
        """Return a truth value."""
        value = self.members.get(key)
        return default if value is None else self._of(key, value, bool, "true or false")

    def text(self, key: str, default: str | None = None) -> str | None:
        """Return a text that can be shown."""
        value = self.members.get(key)
        return default if value is None else self.said(key, value)

    def whole(self, key: str, most: int, default: int | None = None) -> int | None:
        """Return a whole number of 1 or more; one over `most` is that."""
        value = self.members.get(key)
        if value is None:
            return default
        if isinstance(value, bool) or not isinstance(value, (int, float)) or not value >= 1:
            raise self.wrong(key, value, "a whole number of 1 or more")
        return int(min(value, most))

    def number(self, key: str, default: float | None = None) -> float | None:
        """Return a finite number."""
        value = self.members.get(key)
        return default if value is None else self.real(key, value)

    def numbers(self, key: str, most: int) -> list[float]:
        """Return a list of finite numbers; one number alone is a list of it."""
        value = self.members.get(key)
        listed = value if isinstance(value, list) else [value]
        if not 1 <= len(listed) <= most:
            raise self.wrong(key, f"{len(listed)} numbers", f"a list of 1 to {most:,} numbers")
        return [self.real(key, item) for item in listed]

    def real(self, key: str, value: Any) -> float:
        """Return a value that must be a finite number."""
        if isinstance(value, bool) or not isinstance(value, (int, float)):
            raise self.wrong(key, value, "a finite number")
        try:
            number = float(value)
        except OverflowError as exc:
            raise self.wrong(key, "too large a number", "a finite number") from exc
        if not isfinite(number):
            raise self.wrong(key, value, "a finite number")
        return number

    def said(self, key: str, value: Any) -> str:
        """Return a value that must be text, as it can be shown."""
        text = self._of(key, value, str, "text")
        if len(text) > LONGEST:
            raise self.wrong(key, f"{text[:20]}…", f"text of at most {LONGEST} characters")
        return spoken(text)

    def wrong(self, key: str, value: Any, wanted: str) -> CorruptFile:
        """Return the error for a member that is not what it must be."""
        return CorruptFile(f"{key} in {self.file} is {wanted}, not {spoken(repr(value)[:60])}")

    def _of(self, key: str, value: Any, kind: type, wanted: str) -> Any:
        if not isinstance(value, kind):
            raise self.wrong(key, value, wanted)
        return value


def spoken(text: str) -> str:
    """Return a text without the characters that no record can hold."""
    return _UNSPEAKABLE.sub("\N{REPLACEMENT CHARACTER}", text)
