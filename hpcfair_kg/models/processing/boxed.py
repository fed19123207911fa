"""Processing over the wall of the inference box: what is laid out for it, and how its messages are answered."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from hpcfair_kg.artifact import Artifact, File, Processing, TensorSpec, build
from hpcfair_kg.models.processing.pipeline import Pipeline
from hpcfair_kg.tensors import Heads

KEPT = 8
"""How many models' steps a box keeps open, their tokenizers with them."""


def files(steps: Sequence[Processing]) -> tuple[str, ...]:
    """Return the artifact's files that the box must see: of the other steps all is in their settings."""
    return tuple(step.file for step in steps if step.gives and step.kind == "tokenizer")


def seen(artifact: Artifact) -> tuple[File, ...]:
    """Return the files of a model that a box must see: its form, and what its processing opens."""
    opened = files(artifact.processing)
    beside = {file.name: file for file in artifact.files if file.name in opened}
    return tuple((beside | {file.name: file for file in artifact.form_files}).values())


def wanted(
    steps: Sequence[Processing], heads: Heads, outputs: Sequence[str] | None
) -> tuple[Processing, ...]:
    """Return the steps that the box is told with a request of these inputs and outputs.

    Those of the model's own tensors and of nothing more need none, and pay for none.
    """
    if not (fitting := tuple(step for step in steps if step.gives)):
        return ()
    before = [step for step in fitting if step.stage == "before"]
    spoken = {name for step in before for name in step.takes}
    added = {name for step in fitting if step.stage == "after" for name in step.gives}
    given = {name for head in heads for name in (head["name"], head["name"].rpartition("[")[0])}
    more = not before if outputs is None else bool(added & set(outputs))
    return fitting if more or spoken & given else ()


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
