"""What came of a reproduction, as a caller has it: one recorded step a row."""

from __future__ import annotations

import html
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Again:
    """One step that was done again.

    `outcome` is "equal", "within" a `bound`, "different", "reported" (a
    measurement on other hardware) or "impossible"; `differences` is what was not
    as then.
    """

    step: str
    of: str
    outcome: str
    reproduced: bool
    said: str
    bound: float | None
    differences: tuple[str, ...]

    def __str__(self) -> str:
        return "\n".join([f"{self.step}: {self.outcome}: {self.said}", *(f"  {d}" for d in self.differences)])


@dataclass(frozen=True)
class Reproduction:
    """What was done again of an artifact or a run, and the run that tells it ("" for none)."""

    of: str
    steps: tuple[Again, ...]
    run: str = ""

    @property
    def ok(self) -> bool:
        """Whether all of it was reproduced."""
        return all(step.reproduced for step in self.steps)

    def document(self) -> dict[str, Any]:
        """Return all of it as JSON."""
        steps = [{**vars(step), "differences": list(step.differences)} for step in self.steps]
        return {"ok": self.ok, "of": self.of, "run": self.run, "reproductions": steps}

    @classmethod
    def of_result(cls, result: Mapping[str, Any], run: str) -> Reproduction:
        """Return what a run's result tells."""
        told = result["reproductions"]
        return cls(
            result["of"],
            tuple(Again(**{**one, "differences": tuple(one["differences"])}) for one in told),
            run,
        )

    def __str__(self) -> str:
        return "\n".join(map(str, self.steps))

    def _repr_html_(self) -> str:
        return f"<pre>{html.escape(str(self))}</pre>"
