"""Original and ONNX form side by side: output by output, trial by trial, until the outcome is plain."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np

from hpcfair_kg.activity import Verdict
from hpcfair_kg.artifact import TensorSpec
from hpcfair_kg.errors import HPCFairError
from hpcfair_kg.formats.base import Array, Feeds, Reference
from hpcfair_kg.models import figures, infer, steadiness
from hpcfair_kg.models.figures import Distance
from hpcfair_kg.models.probes import KINDS, Trial

if TYPE_CHECKING:
    from onnxruntime import InferenceSession as Session


def cast(array: Array, dtype: str) -> Array:
    """Return an array in the element type that a model declares."""
    return array.astype(object if dtype == "string" else np.dtype(dtype), copy=False)


class Comparison:
    """Original and form, output by output, over all trials."""

    def __init__(self, reference: Reference, session: Session, tolerance: float) -> None:
        self.session, self.tolerance, self.labels = session, tolerance, reference.labels
        self.reference = reference
        self.unsteady = 0
        self.separate: bool | None = None
        inputs, outputs = infer.signature(session)
        self.inputs = _paired([spec.name for spec in reference.inputs], inputs, "inputs")
        self.outputs = _paired(reference.outputs, outputs, "outputs")
        self.fault: str | None = None
        if len(outputs) != len(reference.outputs):
            self.fault = f"it gives {len(outputs)} outputs where the original gives {len(reference.outputs)}"
        self.shapes: dict[tuple[int, ...], None] = {}
        self.distances = {name: Distance() for name in reference.outputs}
        self.mismatches = 0
        self.first_mismatch: str | None = None
        self.toss_ups = 0
        self.count = 0
        self.worst: tuple[float, str] = (0.0, "")

    @property
    def broken(self) -> bool:
        """Whether no further trial can change the outcome and figures would mean nothing."""
        return self.fault is not None

    def add(self, trial: Trial, outputs: Sequence[Array]) -> None:
        """Run the form on one trial and compare with what the original gave."""
        if self.broken:
            return
        self.shapes.setdefault(trial.shape)
        try:
            results = infer.run(self.session, self._fed(trial.feeds))
        except HPCFairError as exc:
            self.fault = f"on {trial} the original runs and the form does not: {exc.detail}"
            return
        given = dict(zip(self.distances, outputs, strict=True))
        if self.separate is None:
            self.separate = steadiness.rows_are_separate(self.reference, trial.feeds, outputs, self.tolerance)
        if self._is_unsteady(trial, given, results):
            self.unsteady += 1
            return
        for name, output in given.items():
            other = results[self.outputs[name].name]
            if name in self.labels or not (output.dtype.kind == other.dtype.kind == "f"):
                self._labels(trial, name, output, other, given)
            else:
                self._values(trial, name, output, other)

    def _is_unsteady(self, trial: Trial, given: Mapping[str, Array], results: Mapping[str, Array]) -> bool:
        """Tell whether the form is off no further than the original itself moves when nothing should move it."""
        if trial.kind not in KINDS or self.reference.full_precision or self.labels:
            return False
        off = max(steadiness.apart(y, results[self.outputs[name].name]) for name, y in given.items())
        if off <= self.tolerance:
            return False
        moved = steadiness.movement(
            self.reference, trial.feeds, list(given.values()), twice=bool(self.separate)
        )
        return off <= steadiness.FACTOR * moved

    def _fed(self, feeds: Feeds) -> dict[str, Array]:
        """Return what the form takes of the feeds, under its names and in its types."""
        return {spec.name: cast(feeds[name], spec.dtype) for name, spec in self.inputs.items()}

    def _values(self, trial: Trial, name: str, reference: Array, other: Array) -> None:
        if why := figures.fault(reference, other):
            self.fault = self.fault or f"on {trial} output {name!r} {why}"
            return
        source = trial.kind if trial.kind in ("probe", "sample") else "generated"
        distance = self.distances[name]
        before = distance.max_abs
        distance.add(reference, other, source)
        allowed = max(self.tolerance, figures.TOLERANCES.get(other.dtype.name, 0.0))
        if distance.max_abs > before and distance.normalised / allowed > self.worst[0]:
            part = f"off by {distance.normalised:.3g} of its largest value; {allowed:g} is allowed"
            self.worst = (distance.normalised / allowed, f"output {name!r} on {trial} is {part}")

    def _labels(
        self, trial: Trial, name: str, reference: Array, other: Array, given: Mapping[str, Array]
    ) -> None:
        if reference.shape != other.shape:
            self.fault = self.fault or f"on {trial} output {name!r} {figures.unlike(reference, other)}"
            return
        self.count += reference.size
        wrong = figures.mismatched(reference, other)
        scores = given.values() if name in self.labels else ()
        undecided = figures.undecided(reference.shape, scores, self.tolerance)
        self.toss_ups += int((wrong & undecided).sum())
        mismatches = int((wrong & ~undecided).sum())
        if mismatches and not self.mismatches:
            self.first_mismatch = f"{mismatches} of {reference.size} values of {name!r} differ on {trial}"
        self.mismatches += mismatches

    @property
    def notes(self) -> tuple[str, ...]:
        """What is worth knowing beside the verdict."""
        said = []
        if self.toss_ups:
            said.append(
                f"{self.toss_ups} of {self.count} labels fell differently where the original itself holds two "
                f"classes for equal within {self.tolerance:g}"
            )
        if self.unsteady:
            said.append(
                f"{self.unsteady} of the inputs tried are not counted: there the original's own answer moves as "
                "far when its inputs move by one unit in the last place, or are sent twice"
            )
        return tuple(said)

    def verdict(self, seed: int, opset: int | None, refusal: str | None) -> Verdict:
        """Return the outcome and all figures: of several outputs, each figure of the worst."""
        compared = [d for d in self.distances.values() if d.count]
        reason = self._reason(refusal)
        return Verdict(
            outcome="none" if not (self.shapes or self.fault) else "different" if reason else "equal",
            normalised=max((d.normalised for d in compared), default=None),
            max_abs=max((d.max_abs for d in compared), default=None),
            max_rel=max((d.max_rel for d in compared), default=None),
            rms=max((d.rms for d in compared), default=None),
            cosine=min((d.cosine for d in compared), default=None),
            ulp=figures.quantiles([u for d in compared for u in d.ulps]),
            label_mismatches=self.mismatches if self.shapes else None,
            shapes=tuple(self.shapes),
            seed=seed,
            opset=opset,
            reason=reason,
        )

    def _reason(self, refusal: str | None) -> str | None:
        if self.fault:
            return self.fault
        if not self.shapes:
            return f"the original ran on no input that was tried: {refusal or 'it takes none'}"
        if self.unsteady and not any(distance.count for distance in self.distances.values()):
            return "the original's own answer is steady on none of the inputs that were tried"
        return self.worst[1] if self.worst[0] > 1.0 else self.first_mismatch


def _paired(names: Sequence[str], specs: Sequence[TensorSpec], what: str) -> Mapping[str, TensorSpec]:
    """Return which tensor of the form is which of the original: by name, else by position."""
    by_name = {spec.name: spec for spec in specs}
    if set(by_name) == set(names) or (what == "inputs" and set(by_name) < set(names)):
        return {name: by_name[name] for name in names if name in by_name}
    return dict(zip(names, specs, strict=False))
