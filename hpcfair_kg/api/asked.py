"""What a task asks for, as both places read it."""

from __future__ import annotations

import re
from pathlib import Path

from hpcfair_kg.config import Model, Task
from hpcfair_kg.errors import InvalidConfig

ID = re.compile(r"https?://.+|ark:/.+|[a-z0-9]{8,12}|[a-z0-9][a-z0-9_-]*/[^/.]+(@.+)?")
"""What reads as the ID of an artifact; anything else is a path."""


def models(task: Task) -> tuple[Model, ...]:
    """Return the models of a task; raises `InvalidConfig` when it names none."""
    if not task.models:
        raise InvalidConfig(f"{task.source}: model_file is missing; it should name a file, a folder or an ID")
    return task.models


def device(task: Task) -> None:
    """Refuse a GPU where there is none, unless the task allows the CPU instead."""
    if task.device == "gpu" and not task.allow_cpu:
        raise task.wrong(
            "device", "is gpu, and this version runs models on the CPU; say cpu, or allow_cpu: true to run on"
        )


def each(task: Task) -> list[Path]:
    """Return where the input of each model is: one for all, or one each."""
    if len(task.inputs) not in (1, len(models(task))):
        raise task.wrong(
            "input", f"names {len(task.inputs)} files; it should name one, or one for each model"
        )
    found = [task.need("input", name) for name in task.inputs]
    return found if len(found) == len(task.models) else found * len(task.models)


def opset_warning(task: Task, opset: int | None) -> tuple[str, ...]:
    """Return the warning that another opset was made than `onnx_version` asks for, or nothing."""
    if task.opset in (None, opset) or opset is None:
        return ()
    return (f"onnx_version {task.opset} was asked for; the nearest that can be made is opset {opset}",)
