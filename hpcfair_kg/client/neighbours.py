"""What fits an artifact, as a client gets it back: pages of `Neighbour`s by role."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Protocol

from hpcfair_kg.artifact import Fit
from hpcfair_kg.client.views import Entry


class Listing(Protocol):
    """The client that a list came from, and asks again."""

    def compatible(
        self, id: str, role: str | None = None, limit: int = 20, cursor: str | None = None
    ) -> Compatible:
        """Return a page of what fits."""


@dataclass(frozen=True)
class Neighbour:
    """An artifact that fits another one, and how."""

    artifact: Entry
    fit: Fit


@dataclass(frozen=True)
class Compatible:
    """What fits an artifact: models before and after it and datasets for a model, models for a dataset.

    `lists` holds a page of each list by role, the best first, `total` how many
    there are, `next` where the next page begins; `every` goes on through all.
    """

    id: str
    lists: Mapping[str, tuple[Neighbour, ...]]
    total: Mapping[str, int]
    next: Mapping[str, str | None]
    client: Listing = field(repr=False, compare=False)

    @property
    def before(self) -> tuple[Neighbour, ...]:
        """The models of which this one can take what they give."""
        return self.lists.get("before", ())

    @property
    def after(self) -> tuple[Neighbour, ...]:
        """The models that can take what this one gives."""
        return self.lists.get("after", ())

    @property
    def datasets(self) -> tuple[Neighbour, ...]:
        """The datasets that feed this model."""
        return self.lists.get("datasets", ())

    @property
    def models(self) -> tuple[Neighbour, ...]:
        """The models that this dataset feeds."""
        return self.lists.get("models", ())

    def every(self, role: str) -> Iterator[Neighbour]:
        """Yield all of one list, page after page."""
        page = self
        yield from page.lists[role]
        while cursor := page.next[role]:
            page = self.client.compatible(self.id, role, max(1, len(page.lists[role])), cursor)
            yield from page.lists[role]
