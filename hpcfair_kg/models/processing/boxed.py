"""Processing over the wall of the inference box: what is laid out for it, and how its messages are answered."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from hpcfair_kg.artifact import Processing, TensorSpec, build
from hpcfair_kg.models.processing.pipeline import Pipeline

KEPT = 8
"""How many models' steps a box keeps open, their tokenizers with them."""


def files(steps: Sequence[Processing]) -> tuple[str, ...]:
    """Return the artifact's files that the box must see: of the other steps all is in their settings."""
    return tuple(step.file for step in steps if step.gives and step.kind == "tokenizer")


class Pipelines:
    """The steps that a box answers with, kept open by the folder and the steps; the oldest are let go first."""

    def __init__(self) -> None:
        self._open: dict[tuple[Path, str], Pipeline] = {}

    def of(
        self,
        said: Sequence[Mapping[str, Any]],
        folder: Path,
        inputs: Sequence[TensorSpec],
        outputs: Sequence[TensorSpec],
    ) -> Pipeline:
        """Return the steps that a message holds as `plain` made them, their files below the folder."""
        key = (folder, json.dumps(said, sort_keys=True))
        found = self._open.pop(key, None)
        if found is None:
            found = Pipeline.of([build(Processing, step) for step in said], folder, inputs, outputs)
        self._open[key] = found
        while len(self._open) > KEPT:
            self._open.pop(next(iter(self._open)))
        return found
