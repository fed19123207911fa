"""A task as a service is asked for it: models by their keys, files by the names that they are sent under."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from hpcfair_kg.config import Task


def planned(task: Task, models: Sequence[str]) -> tuple[dict[str, Any], dict[str, Path]]:
    """Return the configuration and the files to send with it; `models` are the keys of the task's, in its order.

    An input that is no file here is the ID of a dataset there.
    """
    files = {name: path for name, path in ((name, task.find(name)) for name in task.inputs) if path}
    sent = {f"{number}-{path.name}": path for number, path in enumerate(files.values())}
    names = dict(zip(files, sent, strict=True))
    kind = "inference" if task.task == "collaboration" else task.task
    general: dict[str, Any] = {"task": kind, "tag": list(task.tags)}
    arguments = {
        "model_name": [model.name for model in task.models],
        "model_file": list(models),
        "input": [names.get(name, name) for name in task.inputs],
        "wiring": dict(task.wiring),
        "metadata": dict(task.metadata),
        "batch": list(task.batch),
        "threads": list(task.threads),
        "repeats": task.repeats,
        "warm_up": task.warm_up,
        "of": task.of,
    }
    arguments |= {"license": task.license} if task.license else {}
    device = {"worker_num": task.workers, "device": task.device, "allow_cpu": task.allow_cpu}
    exports = {"export_file": [path.name for path in task.outputs]}
    plan: dict[str, dict[str, Any]] = {
        "general_args": general,
        "device_args": device,
        "task_args": arguments,
        "out_args": exports,
    }
    return {group: _said(keys) for group, keys in plan.items()}, sent


def _said(keys: Mapping[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in keys.items() if value not in ([], {}, None)}
