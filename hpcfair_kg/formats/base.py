"""What a format can do: recognise its files by content, read their signature, become ONNX.

Everything here except `claims`' caller runs inside the sandbox, in a process of
the format's own family, with the files of one artifact in a read-only folder.
Frameworks are imported inside methods, never at import of the plug-in.
"""

from __future__ import annotations

import importlib.util
import zipfile
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from hpcfair_kg.artifact import Column, Kind, Processing, TensorSpec
from hpcfair_kg.formats.architecture import Told

Array = NDArray[Any]
Feeds = Mapping[str, Array]
Exporter = Callable[[Path], None]
"""Writes the ONNX form to the path given, or raises what the framework raises."""


@dataclass(frozen=True)
class Bundle:
    """The files of one artifact as they lie in one folder; names are relative, with "/"."""

    root: Path
    names: tuple[str, ...]

    @classmethod
    def of(cls, folder: Path) -> Bundle:
        """Return all the files below a folder."""
        return cls(
            folder, tuple(sorted(p.relative_to(folder).as_posix() for p in folder.rglob("*") if p.is_file()))
        )

    def path(self, name: str) -> Path:
        """Return where a file lies."""
        return self.root / name

    def head(self, name: str, size: int = 4096) -> bytes:
        """Return the first bytes of a file."""
        with self.path(name).open("rb") as stream:
            return stream.read(size)

    def size(self, name: str) -> int:
        """Return the size of a file in bytes."""
        return self.path(name).stat().st_size

    def members(self, name: str) -> tuple[str, ...]:
        """Return the member names of a zip file, or () for what is none."""
        return self._members.get(name, ())

    @cached_property
    def _members(self) -> dict[str, tuple[str, ...]]:
        found = {}
        for name in self.names:
            if self.head(name, 4) == b"PK\x03\x04" and zipfile.is_zipfile(self.path(name)):
                with zipfile.ZipFile(self.path(name)) as archive:
                    found[name] = tuple(archive.namelist())
        return found


@dataclass(frozen=True)
class Inspection:
    """What can be read from the files without running them.

    `evidence` is what the architecture was told by, and `by_names` whether that
    was names of operators alone, which an ONNX form tells better;
    `hyperparameters_from` is the file that the hyper-parameters were read from.
    """

    inputs: tuple[TensorSpec, ...] = ()
    outputs: tuple[TensorSpec, ...] = ()
    framework: str | None = None
    architecture: str | None = None
    evidence: str | None = None
    by_names: bool = False
    operators: Mapping[str, int] = field(default_factory=dict)
    parameters: int | None = None
    opset: int | None = None
    columns: tuple[Column, ...] = ()
    rows: int | None = None
    hyperparameters: Mapping[str, Any] = field(default_factory=dict)
    hyperparameters_from: str | None = None
    processing: tuple[Processing, ...] = ()
    notes: tuple[str, ...] = ()

    def recognised(self, told: Told | None, by_names: bool = False) -> Inspection:
        """Return this with the architecture that was told, if one was."""
        if told is None:
            return self
        return replace(self, architecture=told.architecture, evidence=told.evidence, by_names=by_names)


class Format(ABC):
    """One format of one framework."""

    name: ClassVar[str]
    """The name in the record: "onnx", "pt2", "csv", …"""
    kind: ClassVar[Kind]
    framework: ClassVar[str | None] = None
    media_type: ClassVar[str] = "application/octet-stream"
    rank: ClassVar[int] = 50
    """Who is asked first, low before high: a Keras .h5 before any HDF5."""
    advice: ClassVar[str | None] = None
    """For what is stored and never loaded: what to upload instead."""
    inspect_needs: ClassVar[tuple[str, ...]] = ()
    """Modules that `inspect` imports beyond the core's (h5py, pyarrow)."""
    extra: ClassVar[str] = ""
    """The extra of pyproject.toml that brings what this format needs."""

    @abstractmethod
    def claims(self, bundle: Bundle) -> tuple[str, ...]:
        """Return the files that are this format's, judged by content; () when none is.

        A cut or damaged file of this format raises `CorruptFile`.
        """

    def inspect(self, bundle: Bundle, names: Sequence[str]) -> Inspection:
        """Read signature, sizes and columns from the files claimed, without running them.

        Raises `CorruptFile` for what cannot be read.
        """
        return Inspection(framework=self.framework)

    def advise(self, bundle: Bundle, names: Sequence[str]) -> str | None:
        """Return what to upload instead, for what is stored and never loaded; None for what is taken."""
        return self.advice

    @property
    def missing(self) -> tuple[str, ...]:
        """The modules that `inspect` needs and this Python lacks."""
        return absent(self.inspect_needs)


class Reference(ABC):
    """The original, loaded in its own framework, ready to be asked for outputs."""

    inputs: tuple[TensorSpec, ...]
    """What it takes, in order; symbolic dimensions may vary from call to call."""
    outputs: tuple[str, ...]
    """Names of what it gives, in order."""
    bounds: Mapping[str, int] = {}
    """For integer inputs: exclusive upper bound of the values (an embedding table's size)."""
    ranges: Mapping[str, tuple[int, int | None]] = {}
    """For symbolic dimensions: smallest and largest size (None: none); where not named, any from 1 on."""
    labels: frozenset[str] = frozenset()
    """The outputs that are class labels: compared for equality, not by distance."""
    full_precision: bool = False
    """Whether the author's own rows are taken in float64 as they came, whatever `inputs` says."""

    @abstractmethod
    def __call__(self, feeds: Feeds) -> Sequence[Array]:
        """Return the outputs for one set of inputs, in the order of `outputs`."""

    def probes(self, seed: int) -> Iterable[Feeds]:
        """Yield inputs that only this model makes hard, such as rows at a tree's thresholds."""
        return ()


class Convertible(Format):
    """A format that becomes ONNX: by a ladder of exporters, each proved before the next is tried."""

    kind: ClassVar[Kind] = "model"
    family: ClassVar[str]
    """Which warm process: "torch", "tensorflow", "sklearn", "boosting", "transformers"."""
    needs: ClassVar[tuple[str, ...]]
    """Modules that must be importable for the conversion."""
    preload: ClassVar[tuple[str, ...]] = ()
    """Modules that the warm process imports once, before it forks."""

    @property
    def unavailable(self) -> tuple[str, ...]:
        """The modules that conversion needs and this Python lacks."""
        return absent(self.needs)

    @abstractmethod
    def exporters(self, bundle: Bundle, names: Sequence[str], opset: int) -> Iterable[tuple[str, Exporter]]:
        """Yield (name of the exporter, what writes the file), best first."""

    @abstractmethod
    def reference(self, bundle: Bundle, names: Sequence[str]) -> Reference:
        """Load the original to compare with."""


def absent(modules: Iterable[str]) -> tuple[str, ...]:
    """Return those of the modules that cannot be imported here."""
    return tuple(name for name in modules if importlib.util.find_spec(name) is None)


def dtype_name(dtype: np.dtype[Any] | str) -> str:
    """Return the catalogue's name of a NumPy dtype: text of any width is "string"."""
    kind = np.dtype(dtype)
    return "string" if kind.kind in "OUS" else kind.name
