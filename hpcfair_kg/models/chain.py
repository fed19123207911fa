"""Models that work together: which output feeds which input, run one after the other, or merged into one graph."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import permutations
from pathlib import Path
from typing import Any

from hpcfair_kg.artifact import TensorSpec
from hpcfair_kg.errors import InvalidConfig, NotRunnable
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
        return f"{self.name} takes {_listed(self.inputs)} and gives {_listed(self.outputs)}"


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
            f"{_spoken(self.parts, source)} -> {part.name}.{name}"
            for part, sources in zip(self.parts, self.wiring, strict=True)
            for name, source in sources.items()
        )


def wire(parts: Sequence[Part], columns: Collection[str] = ()) -> Chain:
    """Find the one wiring that fits parts in their order; `columns` names what the input file holds.

    The first part takes columns.  Each input of a later one takes, in this
    order: the latest earlier output of its name; a column of its name that the
    first part does not take; an output of the part before (then: of any before)
    where only one choice fits by dtype, rank and fixed dimensions; a column of
    its name.  Raises `InvalidConfig` when none fits or several do.
    """
    if twice := {part.name for part in parts if sum(part.name == other.name for other in parts) > 1}:
        raise InvalidConfig(
            f"two models of the chain are called {min(twice)!r}; give each its own model_name"
        )
    wiring: list[Mapping[str, Source]] = [_of_first(parts[0])]
    rest = set(columns) - {spec.name for spec in parts[0].inputs}
    for number in range(1, len(parts)):
        wiring.append(_of_later(parts[: number + 1], rest, set(columns)))
    return Chain(tuple(parts), tuple(wiring))


def _of_first(part: Part) -> dict[str, Source]:
    return {spec.name: Source(spec.name) for spec in part.inputs}


def _of_later(parts: Sequence[Part], rest: Collection[str], columns: Collection[str]) -> dict[str, Source]:
    part, before = parts[-1], parts[:-1]
    outputs = {Source(spec.name, number): spec for number, one in enumerate(before) for spec in one.outputs}
    by_name = {source.name: source for source in outputs}
    named: dict[str, Source] = {}
    for spec in part.inputs:
        if spec.name in by_name:
            named[spec.name] = by_name[spec.name]
        elif spec.name in rest:
            named[spec.name] = Source(spec.name)
    left = [spec for spec in part.inputs if spec.name not in named]
    free = {source: spec for source, spec in outputs.items() if source not in named.values()}
    found = named | _only_fit(parts, left, free, columns)
    if all(source.part is None for source in found.values()):
        raise InvalidConfig(f"{part.name} takes nothing that comes before it: {_told(parts)}")
    return {spec.name: found[spec.name] for spec in part.inputs}


def _only_fit(
    parts: Sequence[Part],
    left: Sequence[TensorSpec],
    free: Mapping[Source, TensorSpec],
    columns: Collection[str],
) -> dict[str, Source]:
    fitted = [spec for spec in left if any(_fits(given, spec) for given in free.values())]
    taken = {spec.name: Source(spec.name) for spec in left if spec not in fitted}
    if lost := [name for name in taken if name not in columns]:
        raise InvalidConfig(
            f"nothing fits the input {lost[0]!r} of {parts[-1].name}, and the input file has no column of "
            f"that name: {_told(parts)}"
        )
    last = {source: spec for source, spec in free.items() if source.part == len(parts) - 2}
    choices = list(_assignments(fitted, last)) or list(_assignments(fitted, free))
    if not choices:
        raise InvalidConfig(f"{parts[-1].name} takes more than comes before it: {_told(parts)}")
    if len(choices) > 1:
        ways = "; or ".join(
            ", ".join(
                f"{_spoken(parts, source)} -> {parts[-1].name}.{name}" for name, source in choice.items()
            )
            for choice in choices[:4]
        )
        raise InvalidConfig(
            f"{len(choices)} wirings fit {parts[-1].name}: {ways}; give its inputs the names of the outputs they take"
        )
    return taken | choices[0]


def _assignments(
    specs: Sequence[TensorSpec], free: Mapping[Source, TensorSpec]
) -> Iterator[dict[str, Source]]:
    for sources in permutations(free, len(specs)):
        if all(_fits(free[source], spec) for source, spec in zip(sources, specs, strict=True)):
            yield {spec.name: source for spec, source in zip(specs, sources, strict=True)}


def _fits(given: TensorSpec, taken: TensorSpec) -> bool:
    if given.dtype != taken.dtype:
        return False
    if not given.shape or not taken.shape:  # a scalar, or a rank that the model does not say
        return True
    return len(given.shape) == len(taken.shape) and all(
        isinstance(a, str) or isinstance(b, str) or a == b
        for a, b in zip(given.shape, taken.shape, strict=True)
    )


def _value(source: Source, feeds: Mapping[str, Array], results: Sequence[Mapping[str, Array]]) -> Array:
    return feeds[source.name] if source.part is None else results[source.part][source.name]


def _spoken(parts: Sequence[Part], source: Source) -> str:
    return f"input {source.name}" if source.part is None else f"{parts[source.part].name}.{source.name}"


def _told(parts: Sequence[Part]) -> str:
    return "; ".join(map(str, parts))


def _listed(specs: Sequence[TensorSpec]) -> str:
    return ", ".join(f"{spec.name} {spec.dtype} [{', '.join(map(str, spec.shape))}]" for spec in specs)
