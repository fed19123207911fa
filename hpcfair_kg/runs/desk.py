"""What one run works with: the artifacts it names, the files it was sent, a box, and a place to keep what comes out."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from concurrent.futures import CancelledError
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from pathlib import Path, PurePosixPath
from typing import Any

import orjson

from hpcfair_kg.activity import Step
from hpcfair_kg.artifact import Artifact, File, build
from hpcfair_kg.backends.accounts import Principal
from hpcfair_kg.backends.blobs.base import Blob, Blobs
from hpcfair_kg.config import NO_LICENCE, Model, Task
from hpcfair_kg.errors import BoxFailed, Duplicate, InvalidConfig
from hpcfair_kg.ingest.authoring import Authoring
from hpcfair_kg.ingest.drafts import Upload
from hpcfair_kg.ingest.jobs import Progress
from hpcfair_kg.ingest.stage import CORE, Stage, Stages
from hpcfair_kg.ingest.story import Ingest
from hpcfair_kg.knowledge.catalogue import Catalogue
from hpcfair_kg.knowledge.iris import file_node
from hpcfair_kg.knowledge.metadata import slug
from hpcfair_kg.knowledge.runs import Records
from hpcfair_kg.knowledge.search import Index
from hpcfair_kg.run import Run


@dataclass(frozen=True)
class Rooms:
    """The parts of the hub that tasks may use."""

    catalogue: Catalogue
    index: Index
    blobs: Blobs
    stages: Stages
    ingest: Ingest
    authoring: Authoring
    records: Records
    workers: int


@dataclass(frozen=True)
class Desk:
    """One run under way: who asked, for what, and what was sent with it."""

    rooms: Rooms
    task: Task
    principal: Principal
    progress: Progress

    @property
    def run(self) -> Run:
        """The run as it stands."""
        assert isinstance(self.progress.job, Run)
        return self.progress.job

    def artifact(self, spoken: str) -> Artifact:
        """Return an artifact that the task names; it is noted as used.

        Raises `NotFound` for what the caller may not see, `Withdrawn`.
        """
        found = self.rooms.catalogue.shown(spoken, self.principal)
        found.require_present()
        self._noted(used=tuple(sorted({*self.run.used, found.id})))
        return found

    def models(self) -> list[Artifact]:
        """Return the artifacts of `model_file`: those of IDs, and of files that came with the task.

        The latter are registered, converted and proved first.
        """
        if not self.task.models:
            raise InvalidConfig("model_file is missing; it should name an artifact, or a file that is sent")
        return [self.model(model) for model in self.task.models]

    def model(self, model: Model) -> Artifact:
        """Return one of them."""
        sent = self.sent(model.file)
        return self.artifact(self.registered(model, sent) if sent else model.file)

    def runnable(self) -> list[tuple[Artifact, File]]:
        """Return the artifacts of `model_file` with the form of each that may be run; raises `NotRunnable`."""
        return [(artifact, artifact.require_runnable()) for artifact in self.models()]

    def sent(self, name: str) -> list[Upload]:
        """Return the file of this name that came with the task, or those of this folder."""
        files = [file for file in self.run.files if file.role == "input"]
        below = f"{name.rstrip('/')}/"
        one = [_upload(file, PurePosixPath(file.name).name) for file in files if file.name == name]
        return one or [
            _upload(file, file.name.removeprefix(below)) for file in files if file.name.startswith(below)
        ]

    def give(self, files: Iterable[File]) -> None:
        """Lay files that another run was given on this desk, as if they had been sent with this one."""
        self._noted(files=(*self.run.files, *files))

    def input(self, name: str) -> tuple[str, str]:
        """Return the name and the SHA-256 of an input: of a file that was sent, or of a dataset's data file."""
        if sent := self.sent(name):
            return sent[0].name, sent[0].blob.sha256
        dataset = self.artifact(name)
        data = next((f for f in dataset.files if f.role == "original" and not f.remote), None)
        if data is None:
            raise InvalidConfig(f"input names {name}, which has no file of data here")
        return PurePosixPath(data.name).name, data.sha256

    def registered(self, model: Model, files: list[Upload]) -> str:
        """Take files that came with the task into the catalogue, wait for their proof, and return the IRI."""
        said = self.task.described(replace(model, name=slug(model.name)))
        return self.enter({"license": NO_LICENCE} | said, files).id

    def enter(self, document: Mapping[str, Any], files: list[Upload]) -> Artifact:
        """Register an artifact and wait for its proof; one that is here already, whoever's, is returned."""
        try:
            receipt = self.rooms.authoring.register(document, files, self.principal)
        except Duplicate as exc:
            return self.rooms.catalogue.shown(str(exc.members["existing"]), self.principal)
        if receipt.job_id:
            self.rooms.ingest.jobs.wait(receipt.job_id, 24 * 3600)
        if receipt.created:
            self._noted(generated=tuple(sorted({*self.run.generated, receipt.artifact.id})))
        return self.rooms.catalogue.get(receipt.artifact.key)

    def laid_out(self, files: Mapping[str, str]) -> AbstractContextManager[Stage]:
        """Return a stage that holds these files (name to sha256) for a box; it is gone afterwards."""
        return self.rooms.stages.laid_out(files)

    def ask(
        self,
        stage: Stage,
        call: str,
        arguments: Mapping[str, Any],
        spoken: Mapping[str, str] | None = None,
        family: str = "core",
        preload: tuple[str, ...] = CORE,
    ) -> Any:
        """Do an errand in a box and return its answer; its steps become the run's.

        `spoken` says by which name the provenance speaks of each file of the stage.
        """
        place, names = self.rooms.ingest.place(), spoken or {}

        def heard(event: Mapping[str, Any]) -> None:
            if event.get("event") == "step":
                self.progress.step(_spoken(place.stamped(build(Step, event)), names))
            else:
                self.progress.move(self.progress.job, event)

        self.progress.errand = self.rooms.stages.send(stage, call, arguments, heard, family, preload)
        if self.progress.cancelled:
            self.progress.errand.cancel()
        try:
            return self.progress.errand.result()
        except BoxFailed as exc:
            if self.progress.cancelled:
                raise CancelledError from exc
            raise

    def step(self, step: Step) -> None:
        """Note a step that was done here and not in a box."""
        self.progress.step(self.rooms.ingest.place().stamped(step))

    def keep(self, path: Path, name: str, media_type: str = "application/octet-stream") -> File:
        """Keep a file that came out of the run, for whoever asked for it."""
        return self._kept(self.rooms.stages.keep(path), name, media_type)

    def keep_json(self, name: str, value: Any) -> File:
        """Keep a JSON value as a file of the run."""
        return self._kept(self.kept_bytes(orjson.dumps(value)), name, "application/json")

    def kept_bytes(self, data: bytes) -> Blob:
        """Keep a few bytes that become a file of an artifact."""
        writer = self.rooms.blobs.writer()
        writer.write(data)
        return writer.finish()

    def blob(self, file: File) -> Blob:
        """Return the bytes of a file of the run, for an artifact to have."""
        return Blob(file.sha256, file.size or 0)

    def _kept(self, blob: Blob, name: str, media_type: str) -> File:
        file = File(name, "other", "output", blob.size, blob.sha256, media_type)
        self._noted(files=(*(f for f in self.run.files if f.name != name), file))
        self.rooms.records.note(self.run)  # what nothing in the graph has may be let go of
        return file

    def _noted(self, **known: Any) -> None:
        self.progress.job = replace(self.run, **known)


def file_iri(artifact: Artifact, file: File) -> str:
    """Return how a run speaks of an artifact's file."""
    return str(file_node(artifact.id, file.name).value)


def _upload(file: File, name: str) -> Upload:
    return Upload(name, Blob(file.sha256, file.size or 0))


def _spoken(step: Step, names: Mapping[str, str]) -> Step:
    return replace(
        step,
        used=tuple(sorted(names.get(name, name) for name in step.used)),
        generated=tuple(sorted(names.get(name, name) for name in step.generated)),
    )
