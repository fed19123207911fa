"""What an author may do: send, send a new version, edit, withdraw; each checked before it is done."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from hpcfair_kg.artifact import Artifact
from hpcfair_kg.backends.accounts import Principal
from hpcfair_kg.backends.blobs.base import Blobs
from hpcfair_kg.errors import Conflict, Forbidden, HPCFairError, InvalidMetadata, NotFound
from hpcfair_kg.ingest.drafts import Receipt, Upload, revised, revision_of
from hpcfair_kg.ingest.jobs import now
from hpcfair_kg.ingest.story import Ingest
from hpcfair_kg.knowledge.catalogue import Catalogue
from hpcfair_kg.knowledge.expand import expand
from hpcfair_kg.knowledge.jsonld import canonical_hash
from hpcfair_kg.knowledge.metadata import InPlace, Metadata, parse
from hpcfair_kg.knowledge.validate import Shapes


class Authoring:
    """The writing verbs; `register_dirs` are the folders whose files may be registered in place."""

    def __init__(
        self,
        catalogue: Catalogue,
        blobs: Blobs,
        ingest: Ingest,
        shapes: Shapes,
        register_dirs: Sequence[Path],
    ) -> None:
        self._catalogue, self._blobs, self._ingest, self._shapes = catalogue, blobs, ingest, shapes
        self._register_dirs = tuple(folder.resolve() for folder in register_dirs)

    def register(
        self,
        document: Mapping[str, Any],
        files: Sequence[Upload],
        principal: Principal,
        previous: Artifact | None = None,
    ) -> Receipt:
        """Take an artifact in; see `Ingest.register`. What is refused leaves no bytes behind."""
        try:
            owner = writer(principal)
            metadata = self._related(parse(document, principal.person))
            uploads = (*files, *(self._adopted(entry) for entry in metadata.files))
            if not uploads:
                raise InvalidMetadata("an artifact has at least one file; send it as a part named 'file'")
            return self._ingest.register(metadata, uploads, previous.owner if previous else owner, previous)
        except HPCFairError:
            self.forget(files)
            raise

    def new_version(
        self, spoken: str, document: Mapping[str, Any], files: Sequence[Upload], principal: Principal
    ) -> Receipt:
        """Take in a new version of an artifact of one's own."""
        try:
            previous = self.own(spoken, principal)
            document = expand(document) if "@context" in document else document
            document = {"name": previous.name, "license": previous.license, **document}
            if document["name"] != previous.name:
                raise InvalidMetadata(f"a version of {previous.name} has its name, not {document['name']!r}")
            if "version" not in document:
                raise InvalidMetadata(f"say which 'version' it is; the last one is {previous.version}")
        except HPCFairError:
            self.forget(files)
            raise
        return self.register(document, files, principal, previous)

    def edit(
        self, spoken: str, changes: Mapping[str, Any], principal: Principal, if_match: str | None
    ) -> Artifact:
        """Change the descriptive part of an artifact of one's own."""
        with self._catalogue.lock:
            artifact = self._unchanged(spoken, principal, if_match)
            metadata = self._related(revision_of(artifact, changes, principal.person))
            revision = replace(revised(artifact, metadata), modified=now())
            self._shapes.require(revision)
            self._catalogue.commit(revision, self._catalogue.jobs(artifact.key))
        return revision

    def withdraw(self, spoken: str, principal: Principal, reason: str, if_match: str | None) -> Artifact:
        """Leave a tombstone: the description stays, the files are no longer given out."""
        with self._catalogue.lock:
            artifact = self._unchanged(spoken, principal, if_match)
            reason = reason or "withdrawn by its owner"
            gone = replace(artifact, status="withdrawn", reason=reason, modified=now())
            self._catalogue.commit(gone, self._catalogue.jobs(artifact.key))
        if artifact.job:
            self._ingest.jobs.cancel(artifact.job)
        return gone

    def own(self, spoken: str, principal: Principal) -> Artifact:
        """Return an artifact that the caller may change; raises `NotFound`, `Unauthorized`, `Forbidden`."""
        owner = writer(principal)
        artifact = self._catalogue.shown(spoken, principal)
        if owner != artifact.owner and "admin" not in principal.scopes:
            raise Forbidden(f"{artifact.owner}/{artifact.name} belongs to {artifact.owner}, not to {owner}")
        return artifact

    def _unchanged(self, spoken: str, principal: Principal, if_match: str | None) -> Artifact:
        artifact = self.own(spoken, principal)
        artifact.require_present()
        if if_match is not None and if_match != canonical_hash(self._catalogue.triples(artifact.key)):
            raise Conflict("the record changed since it was read; read it again and repeat the change")
        return artifact

    def _related(self, metadata: Metadata) -> Metadata:
        """Return the metadata with what it names in the catalogue by IRI, so that queries can follow it."""
        report: list[dict[str, str]] = []

        def iri(path: str, spoken: str) -> str:
            try:
                return self._catalogue.find(spoken).id
            except NotFound as exc:
                if not spoken.startswith(("http://", "https://")):
                    report.append({"path": path, "message": exc.detail, "value": spoken})
                return spoken

        for path, foreign in addresses(metadata):
            if self._catalogue.ours(foreign):
                message = (
                    "this is the address of something here, not of a project, machine or funder: leave it out"
                )
                report.append({"path": path, "message": message, "value": foreign})
        metadata = replace(
            metadata,
            trained_on=tuple(sorted(iri("trained_on", each) for each in metadata.trained_on)),
            tested_on=tuple(sorted(iri("tested_on", each) for each in metadata.tested_on)),
            derived_from=tuple(sorted(iri("derived_from", each) for each in metadata.derived_from)),
            workflow=iri("workflow", metadata.workflow) if metadata.workflow else None,
            components=tuple(sorted(iri("components", each) for each in metadata.components)),
            chain=tuple(replace(link, model=iri("chain.model", link.model)) for link in metadata.chain),
            metrics=tuple(replace(m, on=iri("metrics.on", m.on)) if m.on else m for m in metadata.metrics),
        )
        if report:
            raise InvalidMetadata("; ".join(entry["message"] for entry in report), report=report)
        return metadata

    def _adopted(self, entry: InPlace) -> Upload:
        """Register a file of the service's own disk in place, where the operator allows the folder."""
        path = Path(entry.path).resolve()
        if not any(path.is_relative_to(folder) for folder in self._register_dirs):
            raise Forbidden(
                f"files below {path.parent} may not be registered in place; ask the operator to allow the folder"
            )
        blob = self._blobs.adopt(path)
        if blob.sha256 != entry.sha256:
            raise InvalidMetadata(f"{path} has the sha256 {blob.sha256}, not {entry.sha256}")
        return Upload(path.name, blob)

    def forget(self, files: Sequence[Upload]) -> None:
        """Let go of bytes that were sent and that no artifact has."""
        with self._catalogue.lock:
            for upload in files:
                if not self._catalogue.refers(upload.blob.sha256):
                    self._blobs.remove(upload.blob.sha256)


def addresses(metadata: Metadata) -> Iterator[tuple[str, str]]:
    """Yield the addresses that projects, machines and funders are known by, with their places."""
    for project in metadata.projects:
        yield from (("projects.funders", funder) for funder in project.funders)
    things = (("projects", metadata.projects), ("machines", metadata.machines))
    yield from ((f"{path}.id", thing.id) for path, found in things for thing in found if thing.id)


def writer(principal: Principal) -> str:
    """Return the owner that a principal with the write scope speaks for."""
    principal.require("write")
    assert principal.owner is not None, "only tokens carry the write scope, and each has an owner"
    return principal.owner
