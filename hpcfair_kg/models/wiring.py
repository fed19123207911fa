"""Which output feeds which input of a chain: what the configuration says, what the names say, what alone fits."""

from __future__ import annotations

import difflib
from collections.abc import Collection, Iterator, Mapping, Sequence
from itertools import islice

from hpcfair_kg.artifact import TensorSpec
from hpcfair_kg.errors import InvalidConfig
from hpcfair_kg.fitting import fits
from hpcfair_kg.models.chain import Chain, Part, Source, spoken

INPUT = "input"
"""What a configuration calls the input file where it says what feeds an input."""


def wire(
    parts: Sequence[Part], columns: Collection[str] | None = (), said: Mapping[str, str] | None = None
) -> Chain:
    """Find the one wiring that fits parts in their order; `columns` names what the input file holds.

    None stands for a file that is not there yet and will hold what is left over.
    `said` is what the configuration wires itself: {"decoder.memory": "encoder.state"},
    or "input.NAME" for a column.  The first part takes columns.  Each input of a
    later one takes, in this order: the latest earlier output of its name; a column
    of its name that the first part does not take; an output of the part before
    (then: of any before) where only one choice fits by dtype, rank and fixed
    dimensions; a column of its name.  Raises `InvalidConfig` when none fits or
    several do.
    """
    if twice := {part.name for part in parts if sum(part.name == other.name for other in parts) > 1}:
        raise InvalidConfig(
            f"two models of the chain are called {min(twice)!r}; give each its own model_name"
        )
    given = _said(parts, said or {})
    wiring: list[Mapping[str, Source]] = [_of_first(parts[0]) | given[0]]
    rest = set(columns or ()) - {source.name for source in wiring[0].values()}
    known = {spec.name for part in parts for spec in part.inputs} if columns is None else set(columns)
    for number in range(1, len(parts)):
        wiring.append(_of_later(parts[: number + 1], rest, known, given[number]))
    return Chain(tuple(parts), tuple(wiring))


def _of_first(part: Part) -> dict[str, Source]:
    return {spec.name: Source(spec.name) for spec in part.inputs}


def _of_later(
    parts: Sequence[Part], rest: Collection[str], columns: Collection[str], given: Mapping[str, Source]
) -> dict[str, Source]:
    part, before = parts[-1], parts[:-1]
    outputs = {Source(spec.name, number): spec for number, one in enumerate(before) for spec in one.outputs}
    by_name = {source.name: source for source in outputs}
    named = dict(given)
    for spec in part.inputs:
        if spec.name in named:
            continue
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
    fitted = [spec for spec in left if any(fits(given, spec) for given in free.values())]
    taken = {spec.name: Source(spec.name) for spec in left if spec not in fitted}
    if lost := [name for name in taken if name not in columns]:
        raise InvalidConfig(
            f"nothing fits the input {lost[0]!r} of {parts[-1].name}, and the input file has no column of "
            f"that name: {_told(parts)}"
        )
    last = {source: spec for source, spec in free.items() if source.part == len(parts) - 2}
    choices = _some(_assignments(fitted, last)) or _some(_assignments(fitted, free))
    if not choices:
        raise InvalidConfig(f"{parts[-1].name} takes more than comes before it: {_told(parts)}")
    if len(choices) > 1:
        ways = "; or ".join(
            ", ".join(
                f"{spoken(parts, source)} -> {parts[-1].name}.{name}" for name, source in choice.items()
            )
            for choice in choices
        )
        raise InvalidConfig(
            f"several wirings fit {parts[-1].name}: {ways}; say which by task_args: wiring, or give its inputs "
            "the names of the outputs they take"
        )
    return taken | choices[0]


def _some(choices: Iterator[dict[str, Source]]) -> list[dict[str, Source]]:
    return list(islice(choices, 4))


def _assignments(
    specs: Sequence[TensorSpec], free: Mapping[Source, TensorSpec]
) -> Iterator[dict[str, Source]]:
    """Yield every way to feed some inputs from some outputs, each output once."""
    if not specs:
        yield {}
        return
    for source in (source for source, given in free.items() if fits(given, specs[0])):
        rest = {other: given for other, given in free.items() if other != source}
        for found in _assignments(specs[1:], rest):
            yield {specs[0].name: source} | found


def _told(parts: Sequence[Part]) -> str:
    return "; ".join(map(str, parts))


def _said(parts: Sequence[Part], said: Mapping[str, str]) -> list[dict[str, Source]]:
    """Return, for each part, the sources that the configuration names itself; raises `InvalidConfig`."""
    given: list[dict[str, Source]] = [{} for _ in parts]
    for end, begin in said.items():
        place, name = _end(parts, end, "inputs", len(parts))
        model, _, column = begin.partition(".")
        if model == INPUT and model not in (part.name for part in parts):
            given[place][name] = Source(column)
            continue
        earlier, output = _end(parts, begin, "outputs", place)
        taken, gives = _spec(parts[place].inputs, name), _spec(parts[earlier].outputs, output)
        if not fits(gives, taken):
            raise InvalidConfig(
                f"the wiring {begin} -> {end} does not fit: {_told((parts[earlier], parts[place]))}"
            )
        given[place][name] = Source(output, earlier)
    return given


def _end(parts: Sequence[Part], text: str, which: str, before: int) -> tuple[int, str]:
    """Return the place of the part and the name of its tensor that one end of a wire is."""
    model, _, name = text.partition(".")
    known = {part.name: place for place, part in enumerate(parts[:before])}
    ends = {f"{part.name}.{spec.name}" for part in parts[:before] for spec in getattr(part, which)}
    if text not in ends:
        near = difflib.get_close_matches(text, ends, 1)
        hint = f"did you mean {near[0]!r}?" if near else f"there are: {', '.join(sorted(ends))}"
        raise InvalidConfig(f"wiring: {text!r} is none of the {which} that can be wired here; {hint}")
    return known[model], name


def _spec(specs: Sequence[TensorSpec], name: str) -> TensorSpec:
    return next(spec for spec in specs if spec.name == name)
