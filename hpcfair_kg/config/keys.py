"""Every group and key of a configuration: how its value is read, and what would be right."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

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


def _limit(value: Any) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value <= 500:
        raise ValueError(value)
    return value


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

FACETS = {
    "kind": "kind",
    "framework": "framework",
    "task_name": "task",
    "creator": "creator",
    "format": "format",
    "architecture": "architecture",
    "status": "status",
    "owner": "owner",
    "project": "project",
    "machine": "machine",
    "tag": "tag",
}
"""The keys by which a search is narrowed, and the facet that each chooses."""

_SEARCH: dict[str, Reader] = {
    "query": _TEXT,
    **{key: _TEXTS for key in FACETS if key != "tag"},
    "limit": (_limit, "a whole number from 0 to 500"),
}
_LOAD_MODEL: dict[str, Reader] = {"original": _FLAG}
_LOAD_DATASET: dict[str, Reader] = {"file": _TEXT, "variables": _TEXTS}

OWN: dict[str, str] = {
    **dict.fromkeys(_SEARCH, "search"),
    **dict.fromkeys(_LOAD_MODEL, "load_model"),
    **dict.fromkeys(_LOAD_DATASET, "load_dataset"),
}
"""The keys that mean something to one task only, and that task."""

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
    **_SEARCH,
    **_LOAD_MODEL,
    **_LOAD_DATASET,
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
