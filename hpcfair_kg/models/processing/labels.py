"""The figures of a classifier become names: those of id2label in config.json, or of labels.txt or labels.json beside a model."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, ClassVar, Final

import numpy as np

from hpcfair_kg.artifact import Processing, TensorSpec
from hpcfair_kg.errors import CorruptFile
from hpcfair_kg.models.processing.base import Apply, Array, Kind, Signature, Values, fits, is_float, only
from hpcfair_kg.models.processing.beside import Beside, Document

MOST: Final = 10_000
"""How many labels a model may have."""
CHARACTERS: Final = 1 << 18
"""How long all of them together may be: they stand in the record."""


def _softmax(figures: Array) -> Array:
    powers = np.exp(figures - figures.max(axis=-1, keepdims=True))
    made: Array = powers / powers.sum(axis=-1, keepdims=True)
    return made


def _sigmoid(figures: Array) -> Array:
    with np.errstate(over="ignore"):
        made: Array = 1.0 / (1.0 + np.exp(-figures))
    return made


FUNCTIONS: Final[Mapping[str, Callable[[Array], Array]]] = {
    "softmax": _softmax,
    "sigmoid": _sigmoid,
    "none": lambda figures: figures,
}
"""What makes a score of the model's figures, as the text-classification pipeline of transformers does."""


class Labels(Kind):
    """The label of the highest figure and its score, or the label that a class number stands for."""

    name: ClassVar[str] = "labels"
    rank: ClassVar[int] = 70

    def found(self, beside: Beside) -> Iterator[Processing]:
        """Yield the labels of the first file that has some: what lies beside a model goes before its configuration."""
        for name, read in _SOURCES.items():
            file = beside.find(name)
            settings = read(beside, file) if file else None
            if file and settings:
                yield Processing(self.name, "after", file, settings=settings)
                return

    def fitted(self, step: Processing, model: Signature) -> Processing:
        """Return the step fitted to the output with a figure a label, or to that with the number of a class."""
        count = len(step.settings["labels"])
        figures = [
            s for s in model.outputs if is_float(s) and len(s.shape) in (2, 3) and fits(s.shape[-1], count)
        ]
        numbers = [s for s in model.outputs if s.dtype.startswith("int") and s.name in _NUMBERED]
        scored = only(figures, "logits", *_PROBABILITIES)
        if scored is None and not (numbers and not figures):
            return replace(step, takes=(), gives=())
        taken = scored or numbers[0]
        gives = [model.free("label", "label_name")]
        gives += [model.free("score", "label_score")] if scored else []
        return replace(step, takes=(taken.name,), gives=tuple(gives))

    def spoken(self, step: Processing, model: Signature) -> tuple[TensorSpec, ...]:
        """Return the label of each sample and, where there are figures, its score."""
        spec = next(s for s in model.outputs if s.name == step.takes[0])
        shape = spec.shape[:-1] if is_float(spec) else spec.shape
        return tuple(
            TensorSpec(name, dtype, shape)
            for name, dtype in zip(step.gives, ("string", spec.dtype), strict=False)
        )

    def load(self, step: Processing, folder: Path, model: Signature) -> Apply:
        """Return the naming; its file is read already."""
        labels = np.array([str(label) for label in step.settings["labels"]], object)
        name = step.takes[0]
        said = step.settings.get("function")
        score = FUNCTIONS[said or ("softmax" if name == "logits" else "none")]

        def named(numbers: Array) -> Array:
            """Name classes; one beyond the labels is named by its number."""
            known = (numbers >= 0) & (numbers < len(labels))
            return np.where(known, labels[np.where(known, numbers, 0)], numbers.astype(str).astype(object))

        def apply(values: Values) -> dict[str, Array]:
            figures = np.asarray(values[name])
            if len(step.gives) == 1:
                return {step.gives[0]: named(figures)}
            scores = score(figures)
            return dict(zip(step.gives, (named(figures.argmax(axis=-1)), scores.max(axis=-1)), strict=True))

        return apply


_PROBABILITIES: Final = ("probabilities", "output_probability")
_NUMBERED: Final = ("label", "output_label", "class", "classes")


def _of_config(beside: Beside, file: str) -> dict[str, Any] | None:
    """Return id2label, whose keys are the class numbers as text, and what makes a score."""
    said = beside.read(file)
    if said.get("id2label") is None:
        return None
    labels = _in_order(said, "id2label")
    one = "sigmoid" if len(labels) == 1 else "softmax"
    function = {"multi_label_classification": "sigmoid", "regression": "none"}.get(
        str(said.get("problem_type")), one
    )
    return {"labels": labels, "function": function}


def _of_json(beside: Beside, file: str) -> dict[str, Any]:
    """Return a list of labels, or an object of them by number."""
    held = beside.json(file)
    said = Document(file, {"the list": held})
    if isinstance(held, dict):
        return {"labels": _in_order(said, "the list")}
    if not isinstance(held, list):
        raise said.wrong("the list", held, "a list of labels, or an object of them by number")
    return {"labels": _bounded(file, [_shown(said, "the list", item) for item in held])}


def _of_text(beside: Beside, file: str) -> dict[str, Any]:
    """Return one label a line; empty lines at the end are none."""
    said = Document(file, {})
    lines = beside.text(file).rstrip("\r\n").splitlines()
    return {"labels": _bounded(file, [said.said("a line", line.strip()) for line in lines])}


def _in_order(said: Document, key: str) -> list[str]:
    held = said.get(key)
    if not isinstance(held, dict) or not all(number.isascii() and number.isdigit() for number in held):
        raise said.wrong(key, held, 'an object of labels by number, such as {"0": "cat"}')
    if sorted(held, key=int) != [str(number) for number in range(len(held))]:
        raise CorruptFile(f"{key} in {said.file} does not number its labels 0, 1, 2, … without a gap")
    return _bounded(said.file, [_shown(said, key, held[str(number)]) for number in range(len(held))])


def _shown(said: Document, key: str, label: Any) -> str:
    return said.said(key, str(label) if isinstance(label, int) else label)


def _bounded(file: str, labels: list[str]) -> list[str]:
    if not labels or len(labels) > MOST or sum(map(len, labels)) > CHARACTERS:
        raise CorruptFile(
            f"{file} has {len(labels):,} labels; 1 to {MOST:,} of {CHARACTERS:,} characters are taken"
        )
    return labels


_SOURCES: Final[Mapping[str, Callable[[Beside, str], dict[str, Any] | None]]] = {
    "labels.json": _of_json,
    "labels.txt": _of_text,
    "config.json": _of_config,
}


PLUGINS = (Labels(),)
