"""Another instance's feed: records in our own vocabulary, as `/harvest.jsonl` gives them, withdrawn ones too."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, ClassVar, Final

from hpcfair_kg.artifact import Artifact, plain
from hpcfair_kg.knowledge.checks import note
from hpcfair_kg.knowledge.describe import KINDS, read
from hpcfair_kg.knowledge.harvest.base import Description, Dialect, Document
from hpcfair_kg.knowledge.harvest.graph import Thing
from hpcfair_kg.knowledge.vocabulary import HK

_KINDS: Final = tuple(types[0] for types in KINDS.values())
_OWN: Final = frozenset({"id", "key", "owner", "job", "identity", "created", "modified", "verdict", "source"})
"""Members that are another catalogue's own business."""


class Feed(Dialect):
    """Records of another HPCFair-KG, whole."""

    name: ClassVar[str] = "hpcfair-kg"
    rank: ClassVar[int] = 10

    def read(self, document: Document) -> Iterator[Description]:
        """Yield every record; one that lacks what a record has is told."""
        for thing in document.graph.things(*_KINDS):
            if HK.handle in document.graph.said[thing.node]:
                document.graph.claim(thing)
                yield self._record(thing)

    def _record(self, thing: Thing) -> Description:
        description = Description(thing.iri, self.name, report=thing.report)
        try:
            artifact = read(thing.graph.within(thing, HK.handle))
        except (KeyError, StopIteration, ValueError, AttributeError, TypeError) as exc:
            # What is missing or of the wrong kind shows as any of these: the reader trusts our own store.
            note(thing.report, "", f"this is no whole record of an HPCFair-KG: {exc!r} stands in the way")
            return description
        description.say(**_members(artifact))
        description.remark(_proved(artifact), _origin(artifact))
        return description


def _members(artifact: Artifact) -> dict[str, Any]:
    record = {name: value for name, value in plain(artifact).items() if name not in _OWN}
    record["files"] = [plain(file) | {"remote": artifact.url(file)} for file in artifact.files]
    # Whence a copy has its copy: who harvests a catalogue that harvested this one must not harvest itself.
    return record | {"origin": artifact.source}


def _proved(artifact: Artifact) -> str | None:
    """Return what the other catalogue found, as its word: a proof counts where it was made."""
    if artifact.verdict is None:
        return None
    error = artifact.verdict.normalised
    figure = "" if error is None else f", with a normalised error of {error:g}"
    return f"{artifact.id} says of its conversion: {artifact.verdict.outcome}{figure}"


def _origin(artifact: Artifact) -> str | None:
    return f"{artifact.id} was itself harvested from {artifact.source}" if artifact.source else None


PLUGINS = (Feed(),)
