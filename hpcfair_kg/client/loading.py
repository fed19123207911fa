"""What was brought of an artifact to this machine, and what is made of it here."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from hpcfair_kg.artifact import Artifact, File
from hpcfair_kg.client import datasets, models, originals
from hpcfair_kg.client.downloads import chosen

if TYPE_CHECKING:
    from hpcfair_kg.client.frames import Frame

Bring = Callable[[Artifact, Sequence[File]], Path]
"""What brings files of an artifact here, and returns the folder where they lie under their names."""


@dataclass(frozen=True)
class Brought:
    """Some files of an artifact, and the folder where they lie."""

    artifact: Artifact
    files: Sequence[File]
    folder: Path

    @property
    def path(self) -> Path:
        """Where the first of them is: of an ONNX form the model, beside its data."""
        return self.folder / self.files[0].name

    def session(self, threads: int = 0, providers: Sequence[str] = models.CPU) -> Any:
        """Return the ONNX file as a session; raises as `models.session`."""
        return models.session(self.path, threads, providers)

    def original(self, trusted_types: Sequence[str] = ()) -> Any:
        """Return what the model's own framework makes of it; raises as `originals.load`."""
        return originals.load(self.artifact, self.folder, trusted_types)

    def frame(self, variables: str | Sequence[str] | None = None) -> Frame:
        """Return the data as one frame; raises as `datasets.read`."""
        return datasets.read(self.artifact, self.files, self.folder, variables)


def model(artifact: Artifact, bring: Bring, original: bool = False, trust: bool = False) -> Brought:
    """Bring a model's proved ONNX form, or what was uploaded; raises `NotRunnable`, `Forbidden`, `Withdrawn`."""
    artifact.require_present()
    if original:
        originals.require_trust(artifact, trust)
    files = chosen(artifact, "original" if original else "onnx", None)
    return Brought(artifact, files, bring(artifact, files))


def dataset(artifact: Artifact, bring: Bring, file: str | None = None) -> Brought:
    """Bring a dataset's files, or one of them; raises `UnknownFormat`, `NotFound`, `Withdrawn`."""
    artifact.require_present()
    files = datasets.chosen(artifact, file)
    return Brought(artifact, files, bring(artifact, files))
