"""The paper's configuration files: four groups of YAML, read once into one frozen `Task`.

    general_args              task, tag, backend
    device_args               worker_num, device, gpu_mapping_file, gpu_mapping_key, allow_cpu
    model_args or task_args   model_name, model_file, onnx_version, input, …
    out_args                  export_file

Where a key takes a list, one value will do.  A relative path is looked for in
the current folder first, as the paper's listings read, then beside the
configuration file; outputs are written relative to the current folder.
"""

from __future__ import annotations

import difflib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from hpcfair_kg.errors import InvalidConfig

TASKS = (
    "conversion",
    "inference",
    "collaboration",
    "container",
    "optimization",
    "knowledge_transfer",
    "store",
    "search",
    "load_model",
    "load_dataset",
    "benchmark",
    "reproduction",
)
"""The paper's task names, and two that go beyond it; collaboration is written as task "inference" with tag "collaboration"."""

Config = str | Path | Mapping[str, Any]


@dataclass(frozen=True)
class Model:
    """One model that a task names: its name, where it is (a path or an ID), its framework as said, where it goes."""

    name: str
    file: str
    backend: str | None = None
    export: Path | None = None


@dataclass(frozen=True)
class Task:
    """One configuration, read and checked."""

    task: str
    tags: tuple[str, ...] = ()
    models: tuple[Model, ...] = ()
    backends: tuple[str, ...] = ()
    workers: int = 1
    device: str = "cpu"
    allow_cpu: bool = False
    gpu_mapping_file: str | None = None
    gpu_mapping_key: str | None = None
    opset: int | None = None
    inputs: tuple[str, ...] = ()
    outputs: tuple[Path, ...] = ()
    trust: bool = False
    samples: tuple[str, ...] = ()
    license: str | None = None
    metadata: Mapping[str, Any] = field(default_factory=dict)
    work_dir: str | None = None
    build_file: str | None = None
    build_tag: str | None = None
    volume: str | None = None
    wiring: Mapping[str, str] = field(default_factory=dict)
    batch: tuple[int, ...] = ()
    threads: tuple[int, ...] = ()
    repeats: int | None = None
    warm_up: int | None = None
    of: str | None = None
    source: str = "the configuration"
    folder: Path | None = None
    lines: Mapping[str, int] = field(default_factory=dict, repr=False, compare=False)

    def find(self, name: str) -> Path | None:
        """Return where a file or folder that the configuration names is, or None."""
        places = [Path(name), *([self.folder / name] if self.folder else [])]
        return next((place for place in places if place.exists()), None)

    def need(self, key: str, name: str) -> Path:
        """Return where the file that `key` names is; raise `InvalidConfig` saying where it was looked for."""
        if found := self.find(name):
            return found
        beside = f" and in {self.folder}" if self.folder and self.folder.resolve() != Path.cwd() else ""
        raise self.wrong(key, f"names {name}, which is not there; it was looked for in {Path.cwd()}{beside}")

    def wrong(self, key: str, said: str) -> InvalidConfig:
        """Return the error that names a key, its line, and what is wrong with it."""
        line = f", line {self.lines[key]}" if key in self.lines else ""
        return InvalidConfig(f"{self.source}{line}: {key} {said}")


def load(config: Config, task: str | None = None) -> Task:
    """Read a configuration: a path to YAML, or a mapping of the same shape.

    Raises `InvalidConfig` with one sentence that names the key, its line and
    what would be right; a task that is another than `task` is refused, naming both.
    """
    document = _Document.of(config)
    values = {}
    for group, keys in document.groups():
        for key, value in keys.items():
            values[key] = document.checked(group, key, value)
    said = values.get("task")
    if said is None:
        raise document.wrong("general_args names no task", ("general_args",), f"it should be {_TASK[1]}")
    found = _kind(said, values.get("tag", ()))
    if task is not None and found != task:
        raise document.wrong(
            f"this is a configuration for {found}", ("general_args", "task"), f"{task} was asked for"
        )
    return _task(document, found, values)


def _kind(task: str, tags: tuple[str, ...]) -> str:
    return "collaboration" if task == "inference" and "collaboration" in tags else task


def _task(document: _Document, kind: str, values: dict[str, Any]) -> Task:
    files, names = values.get("model_file", ()), values.get("model_name", ())
    backends, exports = values.get("backend", ()), values.get("export_file", ())
    document.same_length("model_file", files, "model_name", names)
    document.same_length("model_file", files, "backend", backends if len(backends) > 1 else ())
    if kind in ("conversion", "inference"):
        document.same_length("model_file", files, "export_file", exports)
    models = tuple(
        Model(
            name=names[n] if names else Path(file).stem,
            file=file,
            backend=backends[n if len(backends) > 1 else 0] if backends else None,
            export=Path(exports[n]) if n < len(exports) else None,
        )
        for n, file in enumerate(files)
    )
    plain = {field: values[key] for key, field in _FIELDS.items() if key in values}
    return Task(
        task=kind,
        models=models,
        outputs=tuple(Path(name) for name in exports),
        source=document.name,
        folder=document.folder,
        lines={place[-1]: line for place, line in document.lines.items()},
        **plain,
    )


_FIELDS = {
    "tag": "tags",
    "backend": "backends",
    "worker_num": "workers",
    "device": "device",
    "allow_cpu": "allow_cpu",
    "gpu_mapping_file": "gpu_mapping_file",
    "gpu_mapping_key": "gpu_mapping_key",
    "onnx_version": "opset",
    "input": "inputs",
    "trust": "trust",
    "samples": "samples",
    "license": "license",
    "metadata": "metadata",
    "work_dir": "work_dir",
    "build_file": "build_file",
    "build_tag": "build_tag",
    "volume": "volume",
    "wiring": "wiring",
    "batch": "batch",
    "threads": "threads",
    "repeats": "repeats",
    "warm_up": "warm_up",
    "of": "of",
}


@dataclass(frozen=True)
class _Document:
    """The groups as read, and the line of each."""

    name: str
    folder: Path | None
    content: Mapping[str, Any]
    lines: Mapping[tuple[str, ...], int]

    @classmethod
    def of(cls, config: Config) -> _Document:
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
        if other and len(one) != len(other):
            group = next((g for g in self.content if second in self.content[g]), "")
            said = f"{first} lists {len(one)} and {second} {len(other)}"
            raise self.wrong(said, (group, second), "they should be of equal length")

    def wrong(self, said: str, place: tuple[str, ...], right: str) -> InvalidConfig:
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


Reader = tuple[Callable[[Any], Any], str]


def _text(value: Any) -> str | None:
    if isinstance(value, str):
        return value or None
    if value is None:
        return None
    raise TypeError(value)


def _texts(value: Any) -> tuple[str, ...]:
    values = value if isinstance(value, list | tuple) else [value]
    return tuple(text for text in (_text(one) for one in values) if text)


def _count(value: Any) -> int:
    if isinstance(value, bool) or int(value) != value or value < 1:
        raise ValueError(value)
    return int(value)


def _flag(value: Any) -> bool:
    if not isinstance(value, bool):
        raise TypeError(value)
    return value


def _one_of(*known: str) -> Reader:
    def read(value: Any) -> str:
        if value not in known:
            raise ValueError(value)
        return str(value)

    return read, f"one of: {', '.join(known)}"


def _mapping(value: Any) -> Mapping[str, Any]:
    if not isinstance(value, Mapping):
        raise TypeError(value)
    return value


def _counts(value: Any) -> tuple[int, ...]:
    return tuple(map(_count, value if isinstance(value, list | tuple) else [value]))


def _wires(value: Any) -> Mapping[str, str]:
    if not all(isinstance(end, str) and "." in end for pair in _mapping(value).items() for end in pair):
        raise ValueError(value)
    return dict(value)


_TEXT: Reader = (_text, "text")
_TEXTS: Reader = (_texts, "text or a list of texts")
_FLAG: Reader = (_flag, "true or false")
_COUNT: Reader = (_count, "a whole number from 1 up")
_COUNTS: Reader = (_counts, "a whole number from 1 up, or a list of such")

_TASK: Reader = _one_of(*(name for name in TASKS if name != "collaboration"))

_TASK_ARGS: dict[str, Reader] = {
    "model_name": _TEXTS,
    "model_file": _TEXTS,
    "onnx_version": _COUNT,
    "input": _TEXTS,
    "work_dir": _TEXT,
    "build_file": _TEXT,
    "build_tag": _TEXT,
    "volume": _TEXT,
    "trust": _FLAG,
    "samples": _TEXTS,
    "license": _TEXT,
    "metadata": (_mapping, "keys as in the metadata of an upload"),
    "wiring": (_wires, 'inputs and the outputs they take, such as {"decoder.memory": "encoder.state"}'),
    "batch": _COUNTS,
    "threads": _COUNTS,
    "repeats": _COUNT,
    "warm_up": _COUNT,
    "of": _TEXT,
}

GROUPS: dict[str, dict[str, Reader]] = {
    "general_args": {
        "task": _TASK,
        "tag": _TEXTS,
        "backend": _TEXTS,
    },
    "device_args": {
        "worker_num": _COUNT,
        "device": _one_of("cpu", "gpu"),
        "gpu_mapping_file": _TEXT,
        "gpu_mapping_key": _TEXT,
        "allow_cpu": _FLAG,
    },
    "model_args": _TASK_ARGS,
    "task_args": _TASK_ARGS,
    "out_args": {"export_file": _TEXTS},
}
"""Every group and key, how its value is read, and what would be right."""
