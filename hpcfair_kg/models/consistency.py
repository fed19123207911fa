"""What came as ONNX has no other side to be compared with: it is held against its own declaration.

It must run on inputs of the shapes that it declares, read no more features than
it declares, and give the same for the same input twice.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from hpcfair_kg.activity import Verdict
from hpcfair_kg.artifact import Dimension, TensorSpec
from hpcfair_kg.errors import HPCFairError
from hpcfair_kg.formats import graphs
from hpcfair_kg.formats.base import Array, Feeds
from hpcfair_kg.models import infer
from hpcfair_kg.models.probes import Space, Trial, trials, unmakeable

if TYPE_CHECKING:
    from onnx import ModelProto
    from onnxruntime import InferenceSession as Session


@dataclass(frozen=True)
class Examination:
    """The verdict, what is worth knowing beside it, and the outputs as they really are."""

    verdict: Verdict
    notes: tuple[str, ...] = ()
    outputs: tuple[TensorSpec, ...] = ()


def examine(path: Path, seed: int, samples: Sequence[Feeds] = ()) -> Examination:
    """Examine an ONNX file; raises `NotRunnable` or `CorruptFile` for one that onnxruntime does not open.

    The outcome is "consistent", "inconsistent" with the reason, or "none" for a
    model whose declared inputs cannot be made here.
    """
    model = graphs.load(path)
    verdict = Verdict("none", seed=seed, opset=graphs.opset(model))
    session = infer.load(path)
    inputs, outputs = infer.signature(session)
    if reason := _misread(model):
        return Examination(replace(verdict, outcome="inconsistent", reason=reason), outputs=outputs)
    space = Space(inputs, graphs.tables(model), ranges(model))
    if reason := unmakeable(space):
        return Examination(replace(verdict, reason=reason), outputs=outputs)
    runs = Runs(session)
    for trial, _ in _tried(space, seed, samples, runs):
        runs.again(trial)
    reason = runs.reason
    verdict = replace(
        verdict,
        outcome="inconsistent" if reason else "consistent",
        shapes=tuple(runs.shapes),
        reason=reason,
    )
    real = tuple(observed(spec, runs.seen.get(spec.name, [])) for spec in outputs)
    return Examination(verdict, (*runs.notes, *_corrected(outputs, real)), real)


class Runs:
    """Runs a model, remembers what came out, and whether the same input gave the same twice."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self.seen: dict[str, list[tuple[int, ...]]] = {}
        self.shapes: dict[tuple[int, ...], None] = {}
        self.refused: dict[tuple[int, ...], str] = {}
        self._last: dict[str, Array] = {}
        self._differs: str | None = None

    def __call__(self, feeds: Feeds) -> Sequence[Array] | None:
        """Run once; None when the model refuses the inputs."""
        try:
            self._last = infer.run(self._session, feeds)
        except HPCFairError as exc:
            self.refused.setdefault(Trial(feeds, "").shape, exc.detail)
            return None
        return list(self._last.values())

    def again(self, trial: Trial) -> None:
        """Note what the last run gave and, for each new shape, run the same once more."""
        first = self._last
        for name, array in first.items():
            self.seen.setdefault(name, []).append(tuple(array.shape))
        if trial.shape in self.shapes:
            return
        self.shapes.setdefault(trial.shape)
        second = infer.run(self._session, trial.feeds)
        unlike = [name for name, array in first.items() if not _identical(array, second[name])]
        if unlike and self._differs is None:
            self._differs = f"output {unlike[0]!r} differs between two runs on the same {trial}"

    @property
    def reason(self) -> str | None:
        """Why the model is inconsistent; None when it is not."""
        if not self.shapes:
            said = next(iter(self.refused.values()), "it takes no input")
            return (
                "it runs on no input of its declared signature that was tried; "
                f"upload a sample.npz with inputs that it takes beside it. It says: {said[:600]}"
            )
        return self._differs

    @property
    def notes(self) -> tuple[str, ...]:
        """The shapes that the declaration allows and the model refuses."""
        refused = [list(shape) for shape in self.refused if shape not in self.shapes]
        if not refused or not self.shapes:
            return ()
        taken = ", ".join(str(list(shape)) for shape in self.shapes)
        few = ", ".join(map(str, refused[:3]))
        return (f"it declares more shapes than it takes: it ran on {taken} and refused, say, {few}",)


def _tried(
    space: Space, seed: int, samples: Sequence[Feeds], runs: Runs
) -> Iterator[tuple[Trial, Sequence[Array]]]:
    yield from trials(space, seed, runs)
    for feeds in samples:
        outputs = runs(feeds)
        if outputs is not None:
            yield Trial(feeds, "sample"), outputs


def _misread(model: ModelProto) -> str | None:
    """Return what trees read beyond the features that their input declares."""
    for read in graphs.reads(model):
        if isinstance(read.declared, int) and read.declared < read.count:
            return (
                f"input {read.input!r} is declared with {read.declared} features, while its {read.operator} "
                f"reads {read.count} (features 0 to {read.count - 1}): declare {read.count}"
            )
    return None


def ranges(model: ModelProto) -> dict[str, tuple[int, int | None]]:
    """Return the size that an open dimension of features must have for the trees to read it."""
    return {r.declared: (r.count, r.count) for r in graphs.reads(model) if isinstance(r.declared, str)}


def _identical(first: Array, second: Array) -> bool:
    return np.array_equal(first, second, equal_nan=first.dtype.kind == "f")


def observed(spec: TensorSpec, shapes: Sequence[tuple[int, ...]]) -> TensorSpec:
    """Return an output with the shape that it really has: a declared size that was not met becomes a name."""
    if not shapes or spec.dtype.startswith(("seq", "map", "optional")):
        return spec
    if len(shapes[0]) != len(spec.shape):
        return replace(spec, shape=tuple(_dimension(spec, a, shapes) for a in range(len(shapes[0]))))
    kept = (
        d if _met(d, axis, shapes) else _dimension(spec, axis, shapes) for axis, d in enumerate(spec.shape)
    )
    return replace(spec, shape=tuple(kept))


def _met(declared: Dimension, axis: int, shapes: Sequence[tuple[int, ...]]) -> bool:
    return isinstance(declared, str) or all(shape[axis] == declared for shape in shapes)


def _dimension(spec: TensorSpec, axis: int, shapes: Sequence[tuple[int, ...]]) -> Dimension:
    sizes = {shape[axis] for shape in shapes if axis < len(shape)}
    return sizes.pop() if len(sizes) == 1 and len(shapes) > 1 else f"{spec.name}_{axis}"


def _corrected(declared: Sequence[TensorSpec], real: Sequence[TensorSpec]) -> Iterator[str]:
    for said, found in zip(declared, real, strict=True):
        if said.shape != found.shape and said.shape:
            yield f"output {said.name!r} is declared as {list(said.shape)} and is {list(found.shape)}"
