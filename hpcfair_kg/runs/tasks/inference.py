"""Inference: each model over a file of samples, chunk by chunk, in the box."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from hpcfair_kg.artifact import Artifact
from hpcfair_kg.errors import InvalidConfig
from hpcfair_kg.runs.base import Doer
from hpcfair_kg.runs.desk import Desk
from hpcfair_kg.runs.models import laid, output_name, over


def perform(desk: Desk) -> Mapping[str, Any]:
    """Run each model on its input and keep what it gives, in the form that `export_file` asks for."""
    models, inputs = desk.runnable(), desk.task.inputs
    if len(inputs) not in (1, len(models)):
        raise InvalidConfig(f"input names {len(inputs)} files; it should name one, or one for each model")
    names = [output_name(desk, number) for number in range(len(models))]
    if len(set(names)) < len(names):
        raise InvalidConfig("export_file names one file twice; each model needs one of its own")
    files = inputs if len(inputs) == len(models) else inputs * len(models)
    return {
        "models": [
            _one(desk, number, artifact, file)
            for number, ((artifact, _), file) in enumerate(zip(models, files, strict=True))
        ]
    }


def _one(desk: Desk, number: int, artifact: Artifact, file: str) -> Mapping[str, Any]:
    model = desk.task.models[number]
    with laid(desk, [artifact], [model.name], file) as stage:
        return {"name": model.name, "model": artifact.id, **over(desk, stage, output_name(desk, number))}


PLUGINS = (Doer("inference", perform),)
