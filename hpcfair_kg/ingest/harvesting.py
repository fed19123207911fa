"""The story of one harvest, in order.

files are read, in the box, into plain descriptions   Reader.read
each is checked at the edge                           edge.receive
each finds its artifact, or a new one                 _settle
all are held against the shapes, together             _commit
COMMIT, a batch at a time                             Catalogue.commit_all
what refers to a harvested source is linked to it     _link
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

from hpcfair_kg.activity import Job, Step
from hpcfair_kg.artifact import Artifact
from hpcfair_kg.backends.accounts import Principal
from hpcfair_kg.errors import Conflict, Forbidden, HPCFairError, InvalidMetadata, Withdrawn
from hpcfair_kg.ingest import harvested
from hpcfair_kg.ingest.authoring import addresses, writer
from hpcfair_kg.ingest.gathering import Given
from hpcfair_kg.ingest.jobs import now
from hpcfair_kg.ingest.reader import Reader
from hpcfair_kg.ingest.report import Report
from hpcfair_kg.ingest.story import Ingest
from hpcfair_kg.knowledge.catalogue import Catalogue
from hpcfair_kg.knowledge.describe import describe
from hpcfair_kg.knowledge.harvest.edge import Received, receive
from hpcfair_kg.knowledge.validate import Shapes

_BATCH: Final = 200
"""Artifacts in one commit."""


@dataclass(frozen=True)
class Change:
    """What a description makes of the catalogue: the artifact as it shall be, and what became of it."""

    received: Received
    artifact: Artifact
    outcome: str
    earlier: tuple[Job, ...] = ()


class Harvesting:
    """Takes foreign descriptions in; the reader has the only eyes that fall on what strangers wrote."""

    def __init__(self, catalogue: Catalogue, shapes: Shapes, ingest: Ingest, reader: Reader) -> None:
        self._catalogue, self._shapes, self._ingest, self._reader = catalogue, shapes, ingest, reader

    def harvest(self, files: Sequence[Given], principal: Principal) -> Report:
        """Take in what some files describe, each artifact wholly or not at all; the report says what became of each.

        Raises `Unauthorized` and `Forbidden` where the caller may not write.
        """
        owner, report, started = writer(principal), Report(), now()
        # A version after the one before it, whose name it takes.
        received = sorted(self._received(files, report), key=lambda r: r.previous is not None)
        for first in range(0, len(received), _BATCH):
            with self._catalogue.lock:
                batch = self._settled(received[first : first + _BATCH], owner, principal, report)
                self._commit(batch, started, report)
        self._link(report)
        return report

    def _received(self, files: Sequence[Given], report: Report) -> Iterator[Received]:
        """Yield what can be taken, each source once."""
        seen: dict[str, Received] = {}
        for event in self._reader.read(files, report):
            for description in event.get("descriptions", ()):
                try:
                    received = receive(description)
                except InvalidMetadata as exc:
                    report.refuse(description["source"], description["document"], exc)
                    continue
                earlier = seen.setdefault(received.source, received)
                if earlier is received:
                    yield received
                elif replace(received, document=earlier.document) == earlier:
                    report.unchanged += 1
                else:
                    twice = Conflict(
                        f"it is described twice, and differently: what {earlier.document} says was taken"
                    )
                    report.refuse(received.source, received.document, twice)

    def _settled(
        self, batch: Sequence[Received], owner: str, principal: Principal, report: Report
    ) -> list[Change]:
        """Return what the batch changes; what may not be, or changes nothing, goes into the report."""
        changes: dict[str, Change] = {}
        for received in batch:
            try:
                change = self._settle(received, owner, principal, changes)
            except HPCFairError as exc:
                report.refuse(received.source, received.document, exc)
                continue
            report.sources.append(received.source)
            if change is None:
                report.unchanged += 1
            else:
                changes[received.source] = change
        return list(changes.values())

    def _settle(
        self, received: Received, owner: str, principal: Principal, before: Mapping[str, Change]
    ) -> Change | None:
        """Return what a description changes, None for nothing; raises what forbids it."""
        self._not_ours(received)
        there = self._catalogue.harvested(received.source)
        if there is None:
            return None if received.withdrawn is not None else self._new(received, owner, before)
        if principal.owner != there.owner and "admin" not in principal.scopes:
            raise Forbidden(
                f"this was harvested as {there.owner}/{there.name}, which belongs to {there.owner}"
            )
        if there.status == "withdrawn":
            if received.withdrawn is not None:
                return None
            raise Withdrawn(f"{there.owner}/{there.name} was withdrawn here: {there.reason}")
        if any(file.remote is None for file in there.files):
            self._unspoken(received, there)
            return None
        if received.withdrawn is not None:
            gone = replace(there, status="withdrawn", reason=received.withdrawn)
            return Change(received, gone, "withdrawn", self._catalogue.jobs(there.key))
        artifact = harvested.described(received, there, self._known)
        if not harvested.changed(artifact, there):
            return None
        return Change(received, artifact, "updated", self._catalogue.jobs(there.key))

    def _new(self, received: Received, owner: str, before: Mapping[str, Change]) -> Change:
        iri, key = self._catalogue.mint()
        name = self._name(received, owner, before)
        draft = Artifact(iri, key, owner, name, created=now())
        return Change(received, harvested.described(received, draft, self._known), "taken")

    def _name(self, received: Received, owner: str, before: Mapping[str, Change]) -> str:
        """Return the name of what this is a version of, else one of its own, marked where another has it."""
        last = self._last(received.previous, before) if received.previous else None
        if last is not None and last.owner == owner:
            versions = {a.version for a in self._named(owner, last.name, before)}
            if received.metadata.version not in versions:
                return last.name
        name = received.metadata.name
        taken = any(self._named(owner, name, before))
        return harvested.marked(name, received.source) if taken else name

    def _last(self, source: str, before: Mapping[str, Change]) -> Artifact | None:
        return before[source].artifact if source in before else self._catalogue.harvested(source)

    def _named(self, owner: str, name: str, before: Mapping[str, Change]) -> Iterator[Artifact]:
        """Yield what has a name, here or before in the same batch."""
        yield from self._catalogue.versions(owner, name)
        yield from (
            c.artifact for c in before.values() if (c.artifact.owner, c.artifact.name) == (owner, name)
        )

    def _unspoken(self, received: Received, there: Artifact) -> None:
        """Leave alone what is here with its files; raise `Conflict` where the description says something else."""
        if received.withdrawn is not None or not harvested.same_words(received, there, self._known):
            raise Conflict(
                f"its files are here, as {there.owner}/{there.name}, so what others say of it changes nothing: edit it here"
            )

    def _not_ours(self, received: Received) -> None:
        """Refuse descriptions of what this catalogue describes itself: nobody else may say what it names."""
        if self._catalogue.ours(received.source):
            raise Conflict("this is the address of something in this catalogue, which describes it itself")
        if received.origin is not None and self._catalogue.ours(received.origin):
            raise Conflict(f"this was harvested from here: it is {received.origin}")
        for path, foreign in addresses(received.metadata):
            if self._catalogue.ours(foreign):
                raise Conflict(f"{path} has {foreign}, which is the address of something in this catalogue")

    def _commit(self, changes: Sequence[Change], started: str, report: Report) -> None:
        """Commit what meets the shapes, all at once."""
        place, time = self._ingest.place(), now()
        done = [(c, *_concluded(c, harvested.step(c.received, started, place), time)) for c in changes]
        if not self._shapes.conforms(t for _, artifact, _ in done for t in describe(artifact)):
            done = [entry for entry in done if self._meets(entry[0], entry[1], report)]
        if done:
            self._catalogue.commit_all([(artifact, jobs) for _, artifact, jobs in done])
        for change, artifact, _ in done:
            report.add(change.outcome, change.received.source, artifact)

    def _meets(self, change: Change, artifact: Artifact, report: Report) -> bool:
        try:
            self._shapes.require(artifact)
        except InvalidMetadata as exc:
            report.refuse(change.received.source, change.received.document, exc)
            return False
        return True

    def _link(self, report: Report) -> None:
        """Link whatever was harvested, now or before, to what was harvested now."""
        for first in range(0, len(report.taken_from), _BATCH):
            with self._catalogue.lock:
                sources = report.taken_from[first : first + _BATCH]
                there = {
                    a.key: a for source in sources for a in self._catalogue.referring(source) if a.source
                }
                linked = {key: harvested.linked(a, self._known) for key, a in there.items()}
                changed = [replace(a, modified=now()) for key, a in linked.items() if a != there[key]]
                if changed:
                    self._catalogue.commit_all([(a, self._catalogue.jobs(a.key)) for a in changed])
                report.linked += len(changed)

    def _known(self, reference: str) -> str:
        """Return our own IRI of what was harvested from an address, else the address."""
        if ":" not in reference or self._catalogue.ours(reference):
            return reference
        there = self._catalogue.harvested(reference)
        return there.id if there is not None else reference


def _concluded(change: Change, step: Step, time: str) -> tuple[Artifact, list[Job]]:
    job = harvested.job_of(change.artifact, change.earlier, step)
    return replace(change.artifact, job=job.id, modified=time), [*change.earlier, job]
