"""How well one artifact fits another: what feeds what, and a score with its reasons in words."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from math import prod
from typing import Final

from hpcfair_kg.artifact import Fit
from hpcfair_kg.fitting import Feeding, feed
from hpcfair_kg.knowledge.offers import WHOLE
from hpcfair_kg.knowledge.signatures import Signature

DIMENSIONS, NAMES, COMPLETENESS, KINSHIP = 0.35, 0.25, 0.25, 0.15
"""What each kind of evidence weighs in a score; together 1."""
PAIRS: Final = frozenset({("Encoder", "Decoder")})
"""Architectures that are made to come one before the other."""


@dataclass(frozen=True)
class Role:
    """One way to stand to an artifact: of which kind, the words that find what may, and the judgement of what does.

    What fits has one at least of each set of the words.
    """

    kind: str
    words: Callable[[Signature], list[set[str]]]
    judge: Callable[[Signature, Signature], Fit | None]


def chained(first: Signature, second: Signature) -> Fit | None:
    """Return how a model feeds another one; None where none of its outputs fits an input."""
    found = feed(first.outputs, second.inputs)
    return _fit(found, first, second) if found else None


def fed(dataset: Signature, model: Signature) -> Fit | None:
    """Return how a dataset feeds a model; None where an input is left without."""
    found = dataset.offers.feed(model.inputs)
    return _fit(found, dataset, model) if found else None


ROLES: Final[dict[str, dict[str, Role]]] = {
    "model": {
        "before": Role("model", Signature.before, lambda asked, found: chained(found, asked)),
        "after": Role("model", Signature.after, chained),
        "datasets": Role("dataset", Signature.datasets, lambda asked, found: fed(found, asked)),
    },
    "dataset": {"models": Role("model", Signature.models, fed)},
}
"""What is listed for each kind of artifact."""


def _fit(found: Feeding, first: Signature, second: Signature) -> Fit:
    wires = found.wires
    matched = prod(size for wire in wires for size in wire.matched)
    score = (
        DIMENSIONS * (1 - 1 / max(matched, 1))
        + NAMES * sum(wire.named for wire in wires) / len(wires)
        + COMPLETENESS * len(wires) / (len(wires) + len(found.remaining))
        + KINSHIP * max((worth for worth, _ in _kinship(first, second)), default=0)
    )
    return Fit(
        {wire.taken.name: wire.given.name for wire in wires},
        tuple(spec.name for spec in found.remaining),
        not found.remaining,
        found.ambiguous,
        round(score, 3),
        tuple(_reasons(found, first, second)),
    )


def _reasons(found: Feeding, first: Signature, second: Signature) -> Iterator[str]:
    if named := [wire.taken.name for wire in found.wires if wire.named]:
        yield f"equal names: {', '.join(named)}"
    for wire in found.wires:
        if wire.given.name == WHOLE:
            yield f"{wire.given.shape[1]} columns side by side are {wire.taken.name}"
        elif sizes := wire.matched:
            yield f"{wire.taken.name}: {' × '.join(map(str, sizes))} on both sides"
    if not any(wire.matched for wire in found.wires) and not named:
        yield "only the type and the number of dimensions speak for it"
    if found.remaining:
        yield f"left to the input file: {', '.join(spec.name for spec in found.remaining)}"
    if found.ambiguous:
        yield "another wiring fits as well; equal names would tell"
    yield from (words for _, words in _kinship(first, second))


def _kinship(first: Signature, second: Signature) -> Iterator[tuple[float, str]]:
    if (first.architecture, second.architecture) in PAIRS:
        yield 1.0, f"{first.architecture} before {second.architecture}"
    if first.task and first.task == second.task:
        yield 0.5, f"both are for {first.task}"
