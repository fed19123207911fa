"""Models that work together: which output feeds which input, run one after the other, or merged into one graph."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from hpcfair_kg.artifact import TensorSpec
from hpcfair_kg.errors import NotRunnable
from hpcfair_kg.models import infer
from hpcfair_kg.models.infer import Array


@dataclass(frozen=True)
class Part:
    """One model of a chain, by the name that its author gave it (unique in the chain).

    `path` is its ONNX file, None for one that is run elsewhere.
    """

    name: str
    path: Path | None
    inputs: tuple[TensorSpec, ...]
    outputs: tuple[TensorSpec, ...]

    @classmethod
    def open(cls, name: str, path: Path) -> Part:
        """Read the signature of a file; raises what `infer.load` raises."""
        return cls(name, path, *infer.signature(path))

    def __str__(self) -> str:
        return f"{self.name} takes {listed(self.inputs)} and gives {listed(self.outputs)}"


@dataclass(frozen=True)
class Source:
    """Where an input comes from: an output of an earlier part, or a column of the input file (no part)."""

    name: str
    part: int | None = None


Wiring = tuple[Mapping[str, Source], ...]
"""For each part, where each of its inputs comes from."""
Run = Callable[[Part, Mapping[str, Array]], Mapping[str, Array]]
"""How one part is run on its inputs."""


@dataclass(frozen=True)
class Chain:
    """Parts in order and their wiring; what comes out is what the last part gives."""

    parts: tuple[Part, ...]
    wiring: Wiring
    _sessions: dict[str, Any] = field(default_factory=dict, init=False, repr=False, compare=False)

    @property
    def inputs(self) -> tuple[TensorSpec, ...]:
        """What must be fed from outside; a column that two parts take is listed once."""
        specs = {
            source.name: TensorSpec(source.name, spec.dtype, spec.shape)
            for part, sources in zip(reversed(self.parts), reversed(self.wiring), strict=True)
            for spec in reversed(part.inputs)
            if (source := sources[spec.name]).part is None
        }
        return tuple(reversed(specs.values()))

    @property
    def outputs(self) -> tuple[TensorSpec, ...]:
        """What the last part gives."""
        return self.parts[-1].outputs

    def run(self, feeds: Mapping[str, Array], run: Run | None = None) -> dict[str, Array]:
        """Run the parts one after the other; `feeds` holds a column for each of `inputs`.

        `run` says how one part is run; by default its file is, in this process.
        """
        results: list[Mapping[str, Array]] = []
        for part, sources in zip(self.parts, self.wiring, strict=True):
            fed = {name: _value(source, feeds, results) for name, source in sources.items()}
            results.append((run or self._run_here)(part, fed))
        return dict(results[-1])

    def _run_here(self, part: Part, feeds: Mapping[str, Array]) -> Mapping[str, Array]:
        if part.path is None:
            raise NotRunnable(f"{part.name} has no file here", reason="it is run elsewhere")
        if part.name not in self._sessions:
            self._sessions[part.name] = infer.load(part.path)
        return infer.run(self._sessions[part.name], feeds)

    def __str__(self) -> str:
        """Return the wiring as text, such as "encoder.state -> decoder.memory"."""
        return ", ".join(
            f"{spoken(self.parts, source)} -> {part.name}.{name}"
            for part, sources in zip(self.parts, self.wiring, strict=True)
            for name, source in sources.items()
        )


def _value(source: Source, feeds: Mapping[str, Array], results: Sequence[Mapping[str, Array]]) -> Array:
    return feeds[source.name] if source.part is None else results[source.part][source.name]


def spoken(parts: Sequence[Part], source: Source) -> str:
    """Return a source in words, such as "encoder.state" or "input x"."""
    return f"input {source.name}" if source.part is None else f"{parts[source.part].name}.{source.name}"


def listed(specs: Sequence[TensorSpec]) -> str:
    """Return what tensors are in words."""
    return ", ".join(f"{spec.name} {spec.dtype} [{', '.join(map(str, spec.shape))}]" for spec in specs)
