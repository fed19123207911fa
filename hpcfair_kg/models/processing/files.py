"""Processing over a file of samples: which inputs the file feeds, and what is asked for them in chunks."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import Final

from hpcfair_kg.artifact import TensorSpec
from hpcfair_kg.models.processing.pipeline import Pipeline

CHUNK: Final = 32
"""Texts or images run at a time: those of a chunk are filled up to the longest."""


@dataclass(frozen=True)
class Fed:
    """What a file feeds and what comes of it; `wanted` asks for that, None for all; `chunk` is a number of rows, None for any."""

    inputs: tuple[TensorSpec, ...]
    outputs: tuple[TensorSpec, ...]
    wanted: tuple[str, ...] | None = None
    chunk: int | None = None


def fed(pipeline: Pipeline, names: Collection[str]) -> Fed:
    """Return what a file whose columns have these names feeds: what people have, unless it names the model's own tensors.

    Of what comes of text, images and features only outputs of one size for
    every sample are asked for, where there are some: a file of many chunks can
    hold no others.
    """
    model, before = pipeline.model, pipeline.before_it
    if not before or {name for step in before for name in step.gives} & set(names):
        return Fed(model.inputs, model.outputs if before else (*pipeline.outputs, *model.outputs))
    every = (*pipeline.outputs, *model.outputs)
    outputs = tuple(spec for spec in every if all(isinstance(size, int) for size in spec.shape[1:])) or every
    packed = any(step.kind in ("tokenizer", "image") for step in before)
    wanted = tuple(spec.name for spec in outputs)
    return Fed(pipeline.inputs, outputs, wanted, CHUNK if packed else None)
