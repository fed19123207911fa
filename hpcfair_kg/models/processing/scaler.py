"""Features are brought to the scale that a model was trained on, and its outputs back, as a scaler.json says.

    {"kind": "standard", "mean": [5.8, 3.1], "scale": [0.8, 0.4]}
    {"kind": "minmax", "min": [4.3, 2.0], "max": [7.9, 4.4], "range": [0, 1], "of": "outputs", "tensor": "y"}

The numbers are those of scikit-learn's StandardScaler (`mean_`, `scale_`) and
MinMaxScaler (`data_min_`, `data_max_`, `feature_range`).  `of` is "inputs"
unless it says "outputs"; `tensor` is needed where several could be meant.  A
file may hold a list of these.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any, ClassVar, Final

import numpy as np

from hpcfair_kg.artifact import Processing, Stage, TensorSpec
from hpcfair_kg.errors import WrongInput
from hpcfair_kg.models.processing.base import Apply, Array, Kind, Signature, Values, fits, is_float
from hpcfair_kg.models.processing.beside import Beside, Document

FILE: Final = "scaler.json"
WIDEST: Final = 4096
"""Columns that a scaler may have."""


class Scaler(Kind):
    """Shift and scale of each column: applied before the model, undone after it."""

    name: ClassVar[str] = "scaler"
    rank: ClassVar[int] = 30

    def found(self, beside: Beside) -> Iterator[Processing]:
        """Yield the scalers of scaler.json."""
        file = beside.find(FILE)
        for said in _scalers(beside, file) if file else ():
            yield Processing(self.name, _stage(said), said.file, settings=_settings(said))

    def fitted(self, step: Processing, model: Signature) -> Processing:
        """Return the step fitted to the tensor it names, or to the only one with as many columns."""
        specs, name = (model.inputs, "features") if step.stage == "before" else (model.outputs, "unscaled")
        width = len(_line(step.settings)[0])
        named = step.settings.get("tensor")
        found = [
            spec
            for spec in specs
            if is_float(spec) and len(spec.shape) == 2 and fits(spec.shape[1], width)
            if named in (None, spec.name)
        ]
        if len(found) != 1:
            return replace(step, takes=(), gives=())
        ours, theirs = (model.free(f"{named}_{name}" if named else name),), (found[0].name,)
        takes, gives = (ours, theirs) if step.stage == "before" else (theirs, ours)
        return replace(step, takes=takes, gives=gives)

    def spoken(self, step: Processing, model: Signature) -> tuple[TensorSpec, ...]:
        """Return the columns in the unit that they were measured in."""
        ours, theirs = (step.takes, step.gives) if step.stage == "before" else (step.gives, step.takes)
        shape = next(s.shape for s in (*model.inputs, *model.outputs) if s.name == theirs[0])
        return (TensorSpec(ours[0], "float64", shape),)

    def load(self, step: Processing, folder: Path, model: Signature) -> Apply:
        """Return the scaling in float64, rounded once to what the model takes; its file is read already."""
        shift, scale = _line(step.settings)
        divides = step.settings["method"] == "standard"

        def scaled(values: Values) -> dict[str, Array]:
            given = checked(values[step.takes[0]], step.takes[0], len(shift))
            made = (given - shift) / scale if divides else given * scale + shift
            return {step.gives[0]: made.astype(model.input(step.gives[0]).dtype)}

        def unscaled(values: Values) -> dict[str, Array]:
            given = np.asarray(values[step.takes[0]], np.float64)
            return {step.gives[0]: given * scale + shift if divides else (given - shift) / scale}

        return scaled if step.stage == "before" else unscaled


def checked(value: Any, name: str, width: int) -> Array:
    """Return the features that someone gave as float64; raise `WrongInput` for what is no table so wide."""
    wanted = [{"name": name, "dtype": "float64", "shape": ["batch", width]}]
    try:
        array = np.asarray(value)
    except ValueError as exc:
        raise WrongInput(
            f"{name}: the lists are of unequal length, so they are no table", expected=wanted
        ) from exc
    if array.dtype.kind not in "iuf" or array.ndim != 2 or array.shape[1] != width:
        said = f"{array.dtype.name} of the shape {list(array.shape)}"
        raise WrongInput(f"{name} is {said}; it is numbers, {width} in a row", expected=wanted)
    return array.astype(np.float64)


def _scalers(beside: Beside, file: str) -> Iterator[Document]:
    held = beside.json(file)
    listed = held if isinstance(held, list) else [held]
    for entry in listed[:20]:
        said = Document(file, entry if isinstance(entry, dict) else {})
        if said.get("kind") not in ("standard", "minmax"):
            raise said.wrong("kind", said.get("kind"), '"standard" or "minmax"')
        yield said


def _stage(said: Document) -> Stage:
    of = said.text("of", "inputs")
    if of not in ("inputs", "outputs"):
        raise said.wrong("of", of, '"inputs" or "outputs"')
    return "before" if of == "inputs" else "after"


def _settings(said: Document) -> dict[str, Any]:
    method = str(said.get("kind"))
    low, high = ("mean", "scale") if method == "standard" else ("min", "max")
    first, second = said.numbers(low, WIDEST), said.numbers(high, WIDEST)
    if len(first) != len(second):
        raise said.wrong(high, f"{len(second)} numbers", f"{len(first)} numbers, as many as {low} has")
    if method == "standard" and 0.0 in second:
        raise said.wrong(high, 0.0, "without zeros: a column that never varies has the scale 1")
    found: dict[str, Any] = {"method": method, low: first, high: second}
    if method == "minmax":
        found["range"] = _range(said)
    tensor = said.text("tensor")
    return found if tensor is None else {**found, "tensor": tensor}


def _range(said: Document) -> list[float]:
    limits = [0.0, 1.0] if said.get("range") is None else said.numbers("range", 2)
    if len(limits) != 2 or not limits[0] < limits[1]:
        raise said.wrong("range", limits, "the least and the greatest number, such as [0, 1]")
    return limits


def _line(settings: Any) -> tuple[Array, Array]:
    """Return shift and scale: (x - shift) / scale for "standard", x * scale + shift for "minmax", as scikit-learn does."""
    if settings["method"] == "standard":
        return np.array(settings["mean"], float), np.array(settings["scale"], float)
    least, greatest = np.array(settings["min"], float), np.array(settings["max"], float)
    low, high = settings["range"]
    spread = greatest - least
    scale = (high - low) / np.where(spread == 0, 1.0, spread)
    return low - least * scale, scale


PLUGINS = (Scaler(),)
