"""What the verbs of `modelAPI` return, each of which says itself in one line."""

from __future__ import annotations

import json
from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from numpy.typing import NDArray

from hpcfair_kg.activity import Verdict
from hpcfair_kg.artifact import Artifact, TensorSpec, plain
from hpcfair_kg.client.facts import said
from hpcfair_kg.client.views import Results


@dataclass(frozen=True)
class Result(ABC):
    """What became of one model or file of a task; `reason` says why it failed, if it did."""

    name: str
    reason: str | None = None
    warnings: tuple[str, ...] = ()

    @property
    def ok(self) -> bool:
        """Whether it was done."""
        return self.reason is None

    @property
    @abstractmethod
    def line(self) -> str:
        """What was done, in words."""

    def document(self) -> dict[str, Any]:
        """Return the result as JSON."""
        return {name: _shown(value) for name, value in vars(self).items()} | {"ok": self.ok}

    def __str__(self) -> str:
        text = self.line if self.ok else f"failed: {self.reason}"
        return "\n".join([f"{self.name}: {text}", *(f"  warning: {warning}" for warning in self.warnings)])


@dataclass(frozen=True)
class Converted(Result):
    """One model's ONNX form at `path`, proved; a form that failed its proof is at `evidence` instead."""

    path: Path | None = None
    evidence: Path | None = None
    verdict: Verdict | None = None
    opset: int | None = None
    framework: str | None = None
    format: str | None = None

    @property
    def line(self) -> str:
        """Where it is and what the proof says."""
        return f"{self.path}: {said(self.verdict)}" if self.verdict else str(self.path)


@dataclass(frozen=True)
class Inferred(Result):
    """What a model gave: arrays by name, where it is small, and the files that it was written to.

    `record` is where it is told how that came about, `run` the IRI of that on a service.
    """

    outputs: Mapping[str, NDArray[Any]] = field(default_factory=dict)
    paths: tuple[Path, ...] = ()
    rows: int = 0
    record: Path | None = None
    run: str | None = None

    @property
    def line(self) -> str:
        """What came out and where it is."""
        given = ", ".join(f"{name} {list(array.shape)}" for name, array in self.outputs.items())
        return f"{', '.join(map(str, self.paths))}: {given}" if self.paths else given or "no input was given"


@dataclass(frozen=True)
class Collaborated(Inferred):
    """What a chain gave, how it is wired, and the one ONNX file it was merged into, proved equal to it.

    `workflow` and `model` are the IRIs of what a service keeps of it.
    """

    wiring: str = ""
    merged: Path | None = None
    evidence: Path | None = None
    verdict: Verdict | None = None
    workflow: str | None = None
    model: str | None = None

    @property
    def line(self) -> str:
        """What came out, the wiring, and the merged file's verdict."""
        told = f"{super().line}\n  wired: {self.wiring}"
        if self.merged and self.verdict:
            told += f"\n  merged: {self.merged}, equal to the chained run within {self.verdict.normalised or 0:.1e} (normalised)"
        return told


@dataclass(frozen=True)
class Asked(Result):
    """What a service found of one of its models; `run` is the IRI of how."""

    run: str = ""
    result: Mapping[str, Any] = field(default_factory=dict)

    @property
    def line(self) -> str:
        """Where it is told."""
        return f"done: {self.run}"


@dataclass(frozen=True)
class Stored(Result):
    """One artifact as the catalogue has it."""

    artifact: Artifact | None = None

    @property
    def line(self) -> str:
        """Its address and what the proof says."""
        if self.artifact is None:
            return "not stored"
        verdict = self.artifact.verdict
        return f"{self.artifact.id} ({self.artifact.status})" + (f": {said(verdict)}" if verdict else "")

    def document(self) -> dict[str, Any]:
        """Return the record with it."""
        return super().document() | {"artifact": self.artifact.record() if self.artifact else None}


@dataclass(frozen=True)
class Searched(Result):
    """One page of hits."""

    found: Results | None = None

    @property
    def line(self) -> str:
        """The hits as a table, and how many there are."""
        rows = ["\t".join(cell or "" for cell in row) for row in self.hits.rows]
        return "\n".join([*rows, f"{len(rows)} of {self.hits.total}"])

    @property
    def hits(self) -> Results:
        """The page itself, which goes on through all pages."""
        assert self.found is not None
        return self.found

    def document(self) -> dict[str, Any]:
        """Return the page as `hpcfair search --json` does."""
        return {"name": self.name, **self.hits.document(), "ok": self.ok}

    def __str__(self) -> str:
        return self.line


@dataclass(frozen=True)
class LoadedModel(Result):
    """A model opened on this machine, where its file lies, and what it takes and gives.

    `id` is that of its artifact, or the address of the file itself; `export` is where its ONNX form was copied to.
    """

    model: Any = field(default=None, repr=False, compare=False)
    path: Path | None = None
    id: str = ""
    inputs: tuple[TensorSpec, ...] = ()
    outputs: tuple[TensorSpec, ...] = ()
    export: Path | None = None

    @property
    def line(self) -> str:
        """What it is, where it lies and its signature."""
        kind = type(self.model)
        tensors = [("takes", spec) for spec in self.inputs] + [("gives", spec) for spec in self.outputs]
        told = [f"{verb} {spec.name} {spec.dtype} {list(spec.shape)}" for verb, spec in tensors]
        copied = [f"copied to {self.export}"] if self.export else []
        return "\n  ".join(
            [f"{self.path} ({kind.__module__.partition('.')[0]}: {kind.__name__})", *told, *copied]
        )

    def document(self) -> dict[str, Any]:
        """Return where it lies and its signature."""
        known = {name: _shown(value) for name, value in vars(self).items() if name != "model"}
        return known | {"ok": self.ok}


@dataclass(frozen=True)
class LoadedDataset(Result):
    """A dataset as a frame on this machine, and where its file lies; `export` is where it was written to."""

    frame: Any = field(default=None, repr=False, compare=False)
    path: Path | None = None
    id: str = ""
    export: Path | None = None

    @property
    def line(self) -> str:
        """Its shape, its columns and its first rows."""
        rows, columns = self.frame.shape
        copied = f"\n  written to {self.export}" if self.export else ""
        kinds = ", ".join(f"{name} {kind}" for name, kind in self.frame.dtypes.items())
        return f"{rows:,} rows, {columns:,} columns: {kinds}{copied}\n{self.frame.head(SHOWN).to_string(max_cols=COLUMNS)}"

    def document(self) -> dict[str, Any]:
        """Return its shape, its columns and its first rows."""
        columns = [{"name": str(name), "dtype": str(kind)} for name, kind in self.frame.dtypes.items()]
        first = json.loads(self.frame.head(SHOWN).to_json(orient="records", date_format="iso"))
        shape = {"shape": list(self.frame.shape), "columns": columns, "rows": first}
        known = {name: _shown(value) for name, value in vars(self).items() if name != "frame"}
        return known | shape | {"ok": self.ok}


SHOWN = 5
"""Rows of a dataset that are printed."""
COLUMNS = 12
"""Columns of them."""


def _shown(value: Any) -> Any:
    if isinstance(value, Path):
        return str(value)
    if isinstance(value, Mapping):
        return {name: _shown(one) for name, one in value.items()}
    if isinstance(value, tuple):
        return [_shown(one) for one in value]
    return value.tolist() if hasattr(value, "tolist") else plain(value)
