"""What a dialect that comes in is: someone else's words, read into the record that we would have written.

Everything here runs in the box, over documents of strangers.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, ClassVar, Final

from hpcfair_kg import plugins
from hpcfair_kg.knowledge.checks import Report
from hpcfair_kg.knowledge.harvest.graph import Graph

SHELF: Final = "hpcfair_kg.knowledge.harvest"


@dataclass
class Document:
    """What arrived: a `graph`, or the `text` of a Markdown file.

    `address` is where it was found and `name` what it is called there, both ""
    where nobody said; `not_understood` counts the fields of a text.
    """

    graph: Graph
    text: str = ""
    address: str = ""
    name: str = ""
    not_understood: Counter[str] = field(default_factory=Counter)


@dataclass
class Description:
    """What a document says of one artifact: `source` is the IRI of the description.

    `record` has the members of `Artifact.record()`, as far as they are said;
    `report` is what makes it impossible to take, as `checks.note` writes it.
    """

    source: str
    dialect: str
    record: dict[str, Any] = field(default_factory=dict)
    report: Report = field(default_factory=list)

    def say(self, **members: Any) -> None:
        """Add what has a value to the record."""
        self.record |= {name: value for name, value in members.items() if value not in (None, "", [], {})}

    def remark(self, *remarks: str | None) -> None:
        """Add remarks that the artifact shall carry as its notes; None is none."""
        self.record.setdefault("notes", []).extend(filter(None, remarks))


class Dialect(ABC):
    """One dialect; a module of this shelf ends in ``PLUGINS = (…)`` with its dialects."""

    name: ClassVar[str]
    rank: ClassVar[int]
    """Who is asked first, low before high: what a Croissant file says is schema.org too."""

    @abstractmethod
    def read(self, document: Document) -> Iterator[Description]:
        """Yield what the document says in this dialect of things that no dialect before it claimed."""


def read(document: Document) -> Iterator[Description]:
    """Yield everything that a document describes, each thing in the first dialect that has words for it."""
    for dialect in sorted(plugins.shelf(SHELF).values(), key=lambda d: (d.rank, d.name)):
        yield from dialect.read(document)
