"""A configuration as it is written: its groups, the line of each key, and the words for what is wrong with it."""

from __future__ import annotations

import difflib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from hpcfair_kg.config.keys import GROUPS
from hpcfair_kg.errors import InvalidConfig

Config = str | Path | Mapping[str, Any]


@dataclass(frozen=True)
class Document:
    """The groups as read, and the line of each."""

    name: str
    folder: Path | None
    content: Mapping[str, Any]
    lines: Mapping[tuple[str, ...], int]

    @classmethod
    def of(cls, config: Config) -> Document:
        """Read a configuration: a path to YAML, or a mapping of the same shape."""
        if isinstance(config, Mapping):
            return cls("the configuration", None, config, {})
        path = Path(config)
        try:
            text = path.read_text()
        except (FileNotFoundError, IsADirectoryError, NotADirectoryError) as exc:
            raise InvalidConfig(f"there is no configuration file {path}") from exc
        except UnicodeDecodeError as exc:
            raise InvalidConfig(
                f"{path} is no text: a configuration is YAML as in the paper's listings"
            ) from exc
        return cls(str(path), path.parent, *parsed(text, str(path)))

    def groups(self) -> Iterator[tuple[str, Mapping[str, Any]]]:
        """Yield each group with its keys; raises `InvalidConfig` for one that is none."""
        for group, keys in self.content.items():
            if group not in GROUPS:
                raise self.wrong(f"unknown group {group!r}", (group,), _nearest(group, GROUPS))
            if not isinstance(keys, Mapping):
                raise self.wrong(f"{group} holds no keys", (group,), f"there are: {', '.join(GROUPS[group])}")
            yield group, keys
        if "model_args" in self.content and "task_args" in self.content:
            raise self.wrong(
                "model_args and task_args are two names of one group", ("task_args",), "keep one of them"
            )

    def checked(self, group: str, key: str, value: Any) -> Any:
        """Return the value of a key as it is read; raises `InvalidConfig`."""
        if key not in GROUPS[group]:
            home = next((other for other, keys in GROUPS.items() if key in keys), None)
            right = f"it belongs to {home}" if home else _nearest(key, GROUPS[group])
            raise self.wrong(f"unknown key {key!r} in {group}", (group, key), right)
        read, right = GROUPS[group][key]
        try:
            return read(value)
        except (TypeError, ValueError) as exc:
            raise self.wrong(f"{key} is {value!r}", (group, key), f"it should be {right}") from exc

    def same_length(self, first: str, one: tuple[Any, ...], second: str, other: tuple[Any, ...]) -> None:
        """Raise `InvalidConfig` when the second of two lists is there and is not as long as the first."""
        if other and len(one) != len(other):
            group = next((g for g in self.content if second in self.content[g]), "")
            said = f"{first} lists {len(one)} and {second} {len(other)}"
            raise self.wrong(said, (group, second), "they should be of equal length")

    def wrong(self, said: str, place: tuple[str, ...], right: str) -> InvalidConfig:
        """Return the error that says what is wrong at a place, in which line, and what would be right."""
        line = f", line {self.lines[place]}" if place in self.lines else ""
        return InvalidConfig(f"{self.name}{line}: {said}; {right}")


def parsed(text: str, name: str) -> tuple[Mapping[str, Any], Mapping[tuple[str, ...], int]]:
    """Return a configuration's text as the mapping that it is, and the line of each key."""
    import yaml

    try:
        node = yaml.compose(text, yaml.SafeLoader)
        content = yaml.safe_load(text)
    except yaml.YAMLError as exc:
        mark = getattr(exc, "problem_mark", None)
        line = f", line {mark.line + 1}" if mark else ""
        raise InvalidConfig(f"{name}{line} is no YAML: {getattr(exc, 'problem', exc)}") from exc
    if not isinstance(content, Mapping):
        raise InvalidConfig(f"{name} is no configuration; it should hold the groups {', '.join(GROUPS)}")
    return content, _lines(node, name)


def _lines(node: Any, name: str, place: tuple[str, ...] = ()) -> dict[tuple[str, ...], int]:
    found: dict[tuple[str, ...], int] = {}
    for key, value in node.value:
        here, line = (*place, str(key.value)), key.start_mark.line + 1
        if here in found:
            raise InvalidConfig(
                f"{name}, line {line}: {key.value} is there twice (first in line {found[here]})"
            )
        found[here] = line
        if not place and value.id == "mapping":
            found |= _lines(value, name, here)
    return found


def _nearest(word: str, known: Mapping[str, Any]) -> str:
    close = difflib.get_close_matches(str(word), known, 1)
    listed = f"there are: {', '.join(known)}"
    return f"did you mean {close[0]!r}; {listed}" if close else f"no such; {listed}"
