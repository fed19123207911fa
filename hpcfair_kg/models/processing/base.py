"""What a kind of processing can do: be found beside a model, fit its tensors, be applied.

Steps are found from files only.  They are applied where a stranger's files may
be opened: in the box on a service, anywhere on the user's own machine.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

from numpy.typing import NDArray

from hpcfair_kg.artifact import Processing, TensorSpec
from hpcfair_kg.models.processing.beside import Beside

Array = NDArray[Any]
Values = Mapping[str, Any]
"""Arrays by name: what people gave, then what each step and the model made of it."""
Apply = Callable[[Values], dict[str, Array]]
"""Takes all values there are and returns those that the step gives."""


@dataclass(frozen=True)
class Signature:
    """What a model takes and gives."""

    inputs: tuple[TensorSpec, ...] = ()
    outputs: tuple[TensorSpec, ...] = ()

    def input(self, name: str) -> TensorSpec:
        """Return the input of this name."""
        return next(spec for spec in self.inputs if spec.name == name)

    def has(self, name: str) -> bool:
        """Tell whether a tensor of the model has this name."""
        return any(spec.name == name for spec in (*self.inputs, *self.outputs))

    def free(self, *names: str) -> str:
        """Return the first of the names that no tensor of the model has."""
        return next((name for name in names if not self.has(name)), f"{names[-1]}_")


class Kind(ABC):
    """One kind of processing."""

    name: ClassVar[str]
    rank: ClassVar[int]
    """Where its steps stand among those of their stage: low before high."""

    @abstractmethod
    def found(self, beside: Beside) -> Iterator[Processing]:
        """Yield the steps that the files beside a model say; raise `CorruptFile` for what is not understood."""

    @abstractmethod
    def fitted(self, step: Processing, model: Signature) -> Processing:
        """Return the step with the names it takes and gives; none given where no tensor of the model fits."""

    @abstractmethod
    def spoken(self, step: Processing, model: Signature) -> tuple[TensorSpec, ...]:
        """Return what people give before the model, or get after it."""

    @abstractmethod
    def load(self, step: Processing, folder: Path, model: Signature) -> Apply:
        """Open a fitted step's file below the folder; raise `MissingExtra`, or `NotRunnable` for a bad file."""


def is_float(spec: TensorSpec) -> bool:
    """Tell whether a tensor holds real numbers."""
    return spec.dtype in ("float16", "float32", "float64")


def fits(size: int | str, wanted: int) -> bool:
    """Tell whether a dimension is, or may be, of this size."""
    return isinstance(size, str) or size in (wanted, -1)


def only(found: Sequence[TensorSpec], *preferred: str) -> TensorSpec | None:
    """Return the tensor with a preferred name, else the only one there is, else None."""
    by_name = {spec.name: spec for spec in found}
    named = next((by_name[name] for name in preferred if name in by_name), None)
    return named or (found[0] if len(found) == 1 else None)
