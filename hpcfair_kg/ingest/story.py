"""The story of one upload, in order.

bytes are kept, named by their sha256           (the blob store, before this begins)
recognised by content, in the box               Stages.recognise
described, and held against the shapes          draft, Shapes
refused, or the duplicate returned              _settle
COMMIT 1: registered and visible                register
converted, proved, run once, in the box         Stages.convert
COMMIT 2: the form, the verdict, or the reason  _conclude
the site's own hooks                            hooks.call
"""

from __future__ import annotations

import threading
from collections.abc import Mapping, Sequence
from concurrent.futures import CancelledError, ThreadPoolExecutor
from dataclasses import replace
from typing import Any

from hpcfair_kg.activity import Job, Step
from hpcfair_kg.artifact import Artifact, build
from hpcfair_kg.backends.machine import Machine
from hpcfair_kg.errors import BoxFailed, Duplicate, HPCFairError, NameTaken
from hpcfair_kg.ingest.drafts import (
    Place,
    Receipt,
    Upload,
    absorbed,
    draft,
    edited,
    filled,
    identity_of,
    recognition,
)
from hpcfair_kg.ingest.hooks import Hooks
from hpcfair_kg.ingest.jobs import Jobs, Progress, now
from hpcfair_kg.ingest.stage import Recognised, Stages
from hpcfair_kg.knowledge.catalogue import Catalogue
from hpcfair_kg.knowledge.metadata import Metadata
from hpcfair_kg.knowledge.validate import Shapes


class Ingest:
    """Takes uploads in and works their jobs off, `workers` at a time."""

    def __init__(
        self,
        catalogue: Catalogue,
        stages: Stages,
        shapes: Shapes,
        hooks: Hooks,
        box: str,
        machine: Machine,
        workers: int,
    ) -> None:
        self._catalogue, self._stages, self._shapes, self._hooks = catalogue, stages, shapes, hooks
        self._box, self._machine = box, machine
        self._around: tuple[Any, Place] | None = None
        self._threads = ThreadPoolExecutor(workers, thread_name_prefix="job")
        self.jobs = Jobs(self._note)
        self._stopping = threading.Event()

    def register(
        self, metadata: Metadata, uploads: Sequence[Upload], owner: str, previous: Artifact | None = None
    ) -> Receipt:
        """Make uploads an artifact, visible when this returns; what cannot wait goes on as a job.

        Raises `InvalidMetadata`, `CorruptFile`, `Duplicate`, `NameTaken`; nothing is kept then.
        """
        started, seen, place = now(), self._recognised(uploads), self.place()
        identity = identity_of(uploads, seen)
        with self._catalogue.lock:
            if existing := self._settle(metadata, owner, identity, previous):
                return self._sent_again(existing)
            self._stages.must_hold(u.blob.sha256 for u in uploads)
            iri, key = self._catalogue.mint()
            artifact = draft(iri, key, owner, metadata, uploads, seen, identity, previous)
            return self._enter(artifact, recognition(artifact, seen, started, place), ())

    def hold(self, artifact: Artifact, uploads: Sequence[Upload]) -> Receipt:
        """Take in the files of an artifact that was only described until now; its address and its words stay.

        Raises `CorruptFile` and `Duplicate`; nothing is changed then.
        """
        started, seen, place = now(), self._recognised(uploads), self.place()
        identity = identity_of(uploads, seen)
        with self._catalogue.lock:
            if holder := self._catalogue.holding(identity):
                where = f"{holder.owner}/{holder.name}"
                raise Duplicate(f"these files are already here as {where}", existing=holder.id)
            self._stages.must_hold(u.blob.sha256 for u in uploads)
            held = filled(self._catalogue.get(artifact.key), uploads, seen, identity)
            return self._enter(held, recognition(held, seen, started, place), self._catalogue.jobs(held.key))

    def _recognised(self, uploads: Sequence[Upload]) -> Recognised:
        with self._stages.laid_out({u.name: u.blob.sha256 for u in uploads}) as stage:
            return self._stages.recognise(stage)

    def _enter(self, artifact: Artifact, seen: Step, earlier: Sequence[Job]) -> Receipt:
        """Make an artifact visible with its files; what cannot wait goes on as a job."""
        job = Job(f"{artifact.key}.{len(earlier) + 1}", "queued", seen.started, steps=(seen,))
        artifact = replace(artifact, job=job.id)
        self._shapes.require(artifact)
        job = job if artifact.status == "converting" else replace(job, state="succeeded", ended=now())
        self._catalogue.commit(artifact, [*earlier, job])
        if artifact.status == "converting":
            self.take_up(artifact, job)
        else:
            self._threads.submit(self._hooks.call, artifact, self._append)
        return Receipt(artifact, job.id, created=True)

    def _sent_again(self, artifact: Artifact) -> Receipt:
        """Answer with what is here already; a conversion that was cancelled begins again."""
        if artifact.status != "registered":
            return Receipt(artifact, artifact.job, created=False)
        job = self.again(artifact)
        return Receipt(self._catalogue.get(artifact.key), job.id, created=False)

    def take_up(self, artifact: Artifact, job: Job) -> None:
        """Work a job off in the background: a new one, or one that a restart found unfinished."""
        self._threads.submit(self._work_off, artifact, self.jobs.open(job))

    def sweep(self) -> None:
        """Remove bytes that no artifact has; only while nothing is being sent or converted."""
        self._stages.sweep(self._catalogue.refers)

    def resume(self) -> None:
        """Take up every job that the graph says is queued or running."""
        for key in set(self._catalogue.unfinished()):
            job = self._catalogue.jobs(key)[-1]
            self.take_up(self._catalogue.get(key), replace(job, state="queued", steps=job.steps[:1]))

    def again(self, artifact: Artifact) -> Job:
        """Begin a new job for an artifact whose converter has come."""
        # Under the lock, so that changes are seen in the order of their times, which harvesters rely on.
        with self._catalogue.lock:
            earlier = self._catalogue.jobs(artifact.key)
            job = Job(f"{artifact.key}.{len(earlier) + 1}", "queued", now())
            artifact = replace(artifact, status="converting", reason=None, job=job.id, modified=now())
            self._catalogue.commit(artifact, [*earlier, job])
        self.take_up(artifact, job)
        return job

    def stop(self) -> None:
        """Take up nothing more; what the workers' own end cuts off stays unfinished in the graph."""
        self._stopping.set()
        self._threads.shutdown(wait=False, cancel_futures=True)

    def close(self) -> None:
        """Wait until every job has let go; call it after the workers were closed."""
        self._threads.shutdown(wait=True)

    def _settle(
        self, metadata: Metadata, owner: str, identity: str, previous: Artifact | None
    ) -> Artifact | None:
        """Return the artifact that this upload already is; refuse what is someone's or another's."""
        holder = self._catalogue.holding(identity)
        if holder is not None:
            return _same(holder, owner, metadata.name)
        taken = self._catalogue.versions(owner, metadata.name)
        if previous is None and taken:
            raise NameTaken(
                f"{owner}/{metadata.name} is {taken[-1].id}, with other files; choose another name or send these"
                f" to {taken[-1].id.rpartition('/ark:')[0]}/api/artifacts/{taken[-1].key}/versions",
                existing=taken[-1].id,
            )
        if any(a.version == metadata.version for a in taken):
            raise NameTaken(f"{owner}/{metadata.name} has a version {metadata.version} already: name another")
        return None

    def _work_off(self, artifact: Artifact, progress: Progress) -> None:
        self.jobs.start(progress)
        artifact, outcome = self._outcome(artifact, progress)
        if not (self._stopping.is_set() and outcome.state != "succeeded"):
            self._conclude(artifact, outcome, progress)

    def _outcome(self, artifact: Artifact, progress: Progress) -> tuple[Artifact, Job]:
        try:
            done = self._converted(artifact, progress)
            return done, replace(progress.job, state="succeeded")
        except CancelledError:
            left = replace(artifact, status="registered", reason="the conversion was cancelled")
            return left, replace(progress.job, state="cancelled")
        except HPCFairError as exc:
            # A box ended at its limits, or a stranger's model broke its framework: that is knowledge too.
            left = replace(artifact, status="not-convertible", reason=exc.detail)
            return left, replace(progress.job, state="failed", detail=exc.detail)

    def _converted(self, artifact: Artifact, progress: Progress) -> Artifact:
        originals = {f.name: f.sha256 for f in artifact.files if f.role in ("original", "auxiliary")}
        place = self.place()
        with self._stages.laid_out(originals) as stage:
            progress.errand = self._stages.convert(
                stage, artifact, lambda event: self._heard(progress, event, place)
            )
            if progress.cancelled:
                progress.errand.cancel()
            try:
                answer = progress.errand.result()
            except BoxFailed as exc:
                if progress.cancelled:
                    raise CancelledError from exc
                raise
            return absorbed(artifact, answer, stage, self._stages.keep)

    def _heard(self, progress: Progress, event: Mapping[str, Any], place: Place) -> None:
        if event.get("event") == "step":
            progress.step(place.stamped(build(Step, event)))
        else:
            progress.move(progress.job, event)

    def place(self) -> Place:
        """Return where the steps of a job run that begins now; what is new about it is described once."""
        found = self._machine.surroundings()
        if self._around is None or self._around[0] != found:
            self._around = found, Place(self._box, *self._catalogue.surround(*found))
        return self._around[1]

    def _conclude(self, artifact: Artifact, job: Job, progress: Progress) -> None:
        """Write commit 2, unless the artifact was withdrawn or edited beyond this meanwhile."""
        with self._catalogue.lock:
            current = self._catalogue.get(artifact.key)
            if current.status == "withdrawn":
                artifact = current
            artifact = replace(edited(artifact, current), modified=now())
            job = replace(job, ended=now())
            progress.job = job
            self._catalogue.commit(artifact, [*self._earlier(job), job])
        self.jobs.close(progress, artifact.status)
        self._hooks.call(artifact, self._append)

    def _note(self, job: Job) -> None:
        iri = self._catalogue.get(job.key).id
        self._catalogue.note(iri, [*self._earlier(job), job])

    def _append(self, artifact: Artifact, step: Step) -> None:
        """Add a step to the provenance of an artifact's last job."""
        with self._catalogue.lock:
            *earlier, last = self._catalogue.jobs(artifact.key)
            self._catalogue.note(artifact.id, [*earlier, replace(last, steps=(*last.steps, step))])

    def _earlier(self, job: Job) -> list[Job]:
        return [j for j in self._catalogue.jobs(job.key) if j.id != job.id]


def _same(holder: Artifact, owner: str, name: str) -> Artifact:
    if holder.status == "withdrawn":
        raise Duplicate(
            f"these files were {holder.id}, which was withdrawn: {holder.reason}", existing=holder.id
        )
    if (holder.owner, holder.name) != (owner, name):
        raise Duplicate(f"these files are already here as {holder.owner}/{holder.name}", existing=holder.id)
    return holder
