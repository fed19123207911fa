"""One conversion: what to convert, where the forms go, and what came of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import Any

from hpcfair_kg.activity import Step, Verdict
from hpcfair_kg.artifact import Role, TensorSpec
from hpcfair_kg.errors import HPCFairError
from hpcfair_kg.formats import anatomy, graphs
from hpcfair_kg.formats.base import Bundle, Convertible, Inspection
from hpcfair_kg.models.steps import Steps


@dataclass(frozen=True)
class Answer:
    """What came of a conversion, as the errand returns it beside the steps.

    `operators` are those of the ONNX form; `architecture` is None where nothing tells it.
    """

    status: str
    reason: str | None = None
    verdict: Verdict | None = None
    inputs: tuple[TensorSpec, ...] = ()
    outputs: tuple[TensorSpec, ...] = ()
    parameters: int | None = None
    opset: int | None = None
    notes: tuple[str, ...] = ()
    files: tuple[Mapping[str, Any], ...] = ()
    operators: Mapping[str, int] = field(default_factory=dict)
    architecture: str | None = None
    evidence: str | None = None


@dataclass(frozen=True)
class Task:
    """What to convert, by which plug-in, where to, and who is told."""

    bundle: Bundle
    claimed: tuple[str, ...]
    plugin: Convertible
    target: Path
    opset: int
    seed: int
    samples: tuple[str, ...]
    steps: Steps

    @property
    def evidence(self) -> Path:
        """Where a form goes that failed its proof."""
        return self.target.with_name(f"{self.target.name.removesuffix('.onnx')}.evidence.onnx")

    def begin(
        self,
        name: str,
        detail: str | None = None,
        software: tuple[str, ...] = (),
        used: tuple[str, ...] = (),
    ) -> Step:
        """Tell that a step begins."""
        return self.steps.begin(Step(name, "running", detail=detail, software=software, used=used))

    def written(self, path: Path) -> tuple[Path, ...]:
        """Return a form and the files of weights beside it, which carry its name in front."""
        return tuple(sorted(file for file in path.parent.glob(f"{path.name}*") if file.is_file()))

    def clear(self, path: Path) -> None:
        """Remove a form."""
        for file in self.written(path):
            file.unlink()

    def rename(self, path: Path, new: Path) -> None:
        """Give a form another name, and so the files of weights that it names."""
        for file in self.written(path):
            file.replace(new.with_name(new.name + file.name.removeprefix(path.name)))
        if len(self.written(new)) > 1:
            graphs.relocate(new, path.name, new.name)

    def listed(self, path: Path, role: Role, opset: int | None) -> tuple[Mapping[str, Any], ...]:
        """Return the files of a form as the answer lists them."""
        return tuple({"name": file.name, "role": role, "opset": opset} for file in self.written(path))

    def parameters(self, path: Path) -> int | None:
        """Return the number of parameters as the original counts them, else as its form does."""
        counted = self._inspection.parameters
        return graphs.count(path) if counted is None else counted

    def portrayed(self, answer: Answer, form: Path) -> Answer:
        """Return the answer with what its ONNX form is made of.

        What the original says itself tells more of the architecture than the
        graph of its form, and that more than names of operators.
        """
        model = graphs.load(form)
        found = self._inspection
        if found.architecture is None or found.by_names:
            found = found.recognised(anatomy.told(model, form.name))
        return replace(
            answer,
            operators=anatomy.operators(model),
            architecture=found.architecture,
            evidence=found.evidence,
        )

    @cached_property
    def _inspection(self) -> Inspection:
        """What can be read from the original; nothing where that cannot be read."""
        try:
            return self.plugin.inspect(self.bundle, self.claimed)
        except HPCFairError:
            return Inspection()
