"""What became of a harvest: how many of each outcome, every refusal with every reason, what was not understood."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

from hpcfair_kg.artifact import Artifact
from hpcfair_kg.backends.work.base import Event
from hpcfair_kg.errors import HPCFairError


@dataclass
class Report:
    """Counts by outcome; `artifacts` lists what changed.

    `sources` are those of all that was not refused, `taken_from` of what is new.
    """

    unchanged: int = 0
    linked: int = 0
    artifacts: list[dict[str, Any]] = field(default_factory=list)
    refusals: list[dict[str, Any]] = field(default_factory=list)
    not_fetched: list[dict[str, Any]] = field(default_factory=list)
    not_understood: Counter[str] = field(default_factory=Counter)
    fetched: list[dict[str, Any]] = field(default_factory=list)
    sources: list[str] = field(default_factory=list)
    taken_from: list[str] = field(default_factory=list)

    def add(self, outcome: str, source: str, artifact: Artifact) -> None:
        """Note an artifact that was taken, updated or withdrawn."""
        self.artifacts.append(
            {"source": source, "id": artifact.id, "outcome": outcome, "notes": list(artifact.notes)}
        )
        if outcome == "taken":
            self.taken_from.append(source)

    def refuse(self, source: str, document: str, error: HPCFairError) -> None:
        """Note a description that was not taken, with every reason there is."""
        reasons = error.members.get("report") or [{"path": "", "message": error.detail, "value": None}]
        self.refusals.append({"source": source or None, "document": document, "reasons": reasons})

    def noted(self, events: Iterable[Event]) -> Iterator[Event]:
        """Yield the events of descriptions; refusals and what was not understood are noted."""
        for event in events:
            if "reasons" in event:
                self.refusals.append({"source": None, **event})
            self.not_understood.update(event.get("not_understood", {}))
            yield event

    def count(self, outcome: str) -> int:
        """Return how many artifacts had an outcome."""
        return sum(entry["outcome"] == outcome for entry in self.artifacts)

    def document(self) -> dict[str, Any]:
        """Return the report as JSON can hold it; what is most often not understood comes first."""
        return {
            "taken": self.count("taken"),
            "updated": self.count("updated"),
            "unchanged": self.unchanged,
            "withdrawn": self.count("withdrawn"),
            "refused": len(self.refusals),
            "linked": self.linked,
            "fetched": self.fetched,
            "not_fetched": self.not_fetched,
            "artifacts": self.artifacts,
            "refusals": self.refusals,
            "not_understood": dict(self.not_understood.most_common()),
        }
