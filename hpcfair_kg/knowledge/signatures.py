"""What an artifact takes, gives and holds, and the words under which the index finds what may fit.

A fit is a matter of signatures, of which a catalogue has far fewer than
artifacts: artifacts of one signature are found together, by its digest, and
judged once.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property
from math import prod
from typing import Final

import orjson

from hpcfair_kg.artifact import Artifact, Column, Dimension, TensorSpec, build, plain
from hpcfair_kg.knowledge.offers import Offers, offers

_LONGEST: Final = 200
"""Characters of a word; two that begin alike are told apart when they are judged."""


@dataclass(frozen=True)
class Signature:
    """All of an artifact that decides what it fits, and how well."""

    inputs: tuple[TensorSpec, ...] = ()
    outputs: tuple[TensorSpec, ...] = ()
    columns: tuple[Column, ...] = ()
    rows: int | None = None
    task: str | None = None
    architecture: str | None = None

    @classmethod
    def of(cls, artifact: Artifact) -> Signature:
        """Return the signature of an artifact."""
        return cls(
            artifact.inputs,
            artifact.outputs,
            artifact.columns,
            artifact.rows,
            artifact.task,
            artifact.architecture,
        )

    def text(self) -> bytes:
        """Return the signature as JSON, equal for equal ones."""
        return orjson.dumps(plain(self))

    @classmethod
    def read(cls, text: bytes) -> Signature:
        """Return the signature that some JSON is."""
        return build(cls, orjson.loads(text))

    @cached_property
    def offers(self) -> Offers:
        """What a dataset offers to models."""
        return offers(self.columns, self.rows)

    @property
    def digest(self) -> str:
        """A short name that equal signatures share and others do not."""
        return hashlib.sha256(self.text()).hexdigest()[:32]

    def words(self) -> set[str]:
        """Return the words under which what asks for it finds it."""
        found = {f"takes {key}" for spec in self.inputs for key in keys(spec)}
        found |= {f"gives {key}" for spec in self.outputs for key in keys(spec)}
        found |= {f"eats {key}" for spec in _eaten(self.inputs) for key in keys(spec)}
        found |= {f"holds {key}" for spec in _held(self) for key in keys(spec)}
        return {word[:_LONGEST] for word in found}

    def before(self) -> list[set[str]]:
        """Return the words of models of which an output may fit an input of this one."""
        return [_asked("gives", self.inputs)]

    def after(self) -> list[set[str]]:
        """Return the words of models of which an input may take an output of this one."""
        return [_asked("takes", self.outputs)]

    def datasets(self) -> list[set[str]]:
        """Return the words of datasets that may feed this model: those for each input."""
        return [_asked("holds", _eaten([spec])) for spec in self.inputs]

    def models(self) -> list[set[str]]:
        """Return the words of models that this dataset may feed."""
        return [_asked("eats", _held(self))]


def offered(artifact: Artifact) -> bool:
    """Say whether an artifact may be listed as one that fits: where anyone may see it, and run it or have it."""
    if artifact.visibility != "public" or artifact.status == "withdrawn":
        return False
    return artifact.runnable is not None if artifact.kind == "model" else bool(artifact.columns)


def keys(spec: TensorSpec) -> Iterator[str]:
    """Yield the words under which a tensor is found: by dtype, by rank, by its last dimension."""
    yield spec.dtype
    if not spec.shape:
        yield f"{spec.dtype} ?"
        return
    yield f"{spec.dtype} {len(spec.shape)}"
    yield f"{spec.dtype} {len(spec.shape)} {_last(spec)}"


def asks(spec: TensorSpec) -> Iterator[str]:
    """Yield words of which every tensor that fits this one has one."""
    if not spec.shape:
        yield spec.dtype
        return
    yield f"{spec.dtype} ?"
    if isinstance(spec.shape[-1], str):
        yield f"{spec.dtype} {len(spec.shape)}"
    else:
        yield f"{spec.dtype} {len(spec.shape)} {_last(spec)}"
        yield f"{spec.dtype} {len(spec.shape)} *"


def _last(spec: TensorSpec) -> Dimension:
    return "*" if isinstance(spec.shape[-1], str) else spec.shape[-1]


def _asked(what: str, specs: Iterable[TensorSpec]) -> set[str]:
    return {f"{what} {word}"[:_LONGEST] for spec in specs for word in asks(spec)}


def _held(signature: Signature) -> Iterator[TensorSpec]:
    """Yield what a dataset may feed a model by, each as a tensor whose dtype says what it is: a name, an array, a table."""
    for one in signature.offers.tensors:
        yield TensorSpec("", f"column {one.name}")
        if len(one.shape) > 1:
            yield TensorSpec("", "array", one.shape)
        if len(one.shape) == 2:
            yield TensorSpec("", "table", one.shape[1:])
    for table in signature.offers.tables:
        yield TensorSpec("", "table", (table.shape[1],))


def _eaten(inputs: Iterable[TensorSpec]) -> Iterator[TensorSpec]:
    """Yield what a model may be fed by, each as `_held` says it."""
    for spec in inputs:
        sample = spec.shape[1:]
        sizes = [size for size in sample if isinstance(size, int)]
        yield TensorSpec("", f"column {spec.name}")
        yield TensorSpec("", "array", spec.shape)
        width = prod(sizes) if len(sizes) == len(sample) else "n"
        yield TensorSpec("", "table", (width,) if spec.shape else ())
