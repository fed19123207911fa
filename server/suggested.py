"""What a model can be tried on: the first row of the author's own sample, else small values of a shape that ran."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from math import prod
from pathlib import Path, PurePosixPath
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hpcfair_kg.activity import Job
from hpcfair_kg.artifact import Artifact, File, TensorSpec
from hpcfair_kg.errors import HPCFairError
from hpcfair_kg.formats.arrays import read_header
from hpcfair_kg.models import samples
from hpcfair_kg.models.probes import Space, shape_of
from server.access import hub, principal

Array = NDArray[Any]

SAMPLE = 64 << 10
"""Bytes of a sample that is opened for a page."""
LARGEST = 4 << 20
"""Elements that a suggestion may have."""


@dataclass(frozen=True)
class Suggestion:
    """Values for one input: of a shape that the model takes, and `sample` where its author sent some."""

    spec: TensorSpec
    shape: tuple[int, ...]
    sample: Array | None = None

    @property
    def size(self) -> int:
        """How many elements there are."""
        return prod(self.shape)

    def array(self) -> Array:
        """Return the values; numbers are 0.1 to 0.9, whole ones 0, which every table of embeddings has."""
        if self.sample is not None:
            return self.sample
        dtype, name = self.spec.dtype, self.spec.name.lower()
        if dtype == "string":
            return np.full(self.shape, "text", object)
        if "float" in dtype:
            return np.resize(np.arange(1, 10) / 10, self.shape)
        # Nothing is seen through a mask of zeros, and nothing has the length 0.
        return np.full(
            self.shape, any(word in name for word in ("mask", "len")), "bool" if dtype == "bool" else "int64"
        )


def suggestions(
    artifact: Artifact, jobs: Iterable[Job], inputs: Sequence[TensorSpec] | None = None
) -> list[Suggestion]:
    """Return a suggestion for each input of a model that can be run; `jobs` know the shapes that it ran on.

    `inputs` are what it is given instead of its own.
    """
    asked = artifact.inputs if inputs is None else inputs
    sample = next(filter(None, (_sampled(artifact, file) for file in artifact.files)), {})
    space = Space(tuple(asked))
    sizes = dict.fromkeys((*space.batch, *space.others), 1) | _ran(artifact, jobs)
    return [
        Suggestion(spec, sample[spec.name].shape, sample[spec.name])
        if spec.name in sample
        else Suggestion(spec, shape_of(spec, sizes))
        for spec in asked
    ]


def _ran(artifact: Artifact, jobs: Iterable[Job]) -> dict[str, int]:
    """Return the sizes of symbolic dimensions in the last run that the proof ended with, as its step tells them."""
    steps = [step for job in jobs for step in job.steps if step.name == "smoke" and step.detail]
    told = steps[-1].detail or "" if steps else ""
    sizes: dict[str, int] = {}
    for spec in artifact.inputs:
        found = re.search(rf"(?<=[ ]){re.escape(spec.name)} \[([\d, ]*)\]", told)
        shape = [int(size) for size in re.findall(r"\d+", found[1])] if found else []
        if len(shape) == len(spec.shape):
            sizes |= {
                want: size for want, size in zip(spec.shape, shape, strict=True) if isinstance(want, str)
            }
    return sizes


def _sampled(artifact: Artifact, file: File) -> Mapping[str, Array] | None:
    """Return the first row of a sample as inputs by name; None for a file that is none or does not fit."""
    path = PurePosixPath(file.name)
    if path.stem not in ("sample", "samples") or path.suffix not in (".csv", ".npy"):
        return None
    if file.remote or not file.size or file.size > SAMPLE:
        return None
    place, _ = hub().open_file(artifact, file.name, principal())
    with TemporaryDirectory() as folder, suppress(HPCFairError):
        named = Path(folder, path.name)
        named.symlink_to(place.resolve())
        if path.suffix == ".npy":
            with named.open("rb") as stream:
                read_header(stream, path.stem, path.name, file.size)
        return _first_row(artifact, samples.read(named, artifact.inputs)[0])
    return None


def _first_row(artifact: Artifact, rows: Mapping[str, Array]) -> dict[str, Array]:
    free = {spec.name for spec in artifact.inputs if spec.shape and isinstance(spec.shape[0], str)}
    return {name: array[:1] if name in free else array for name, array in rows.items()}
