"""The story of one task, in order.

files kept, named by their sha256        (the blob store, before this begins)
accepted: noted as a run, queued         Runs.submit
done, in the box where bytes are opened  the task's own file in runs/tasks
NOTED: what came of it, or why not       Runs._conclude
"""

from __future__ import annotations

import json
import logging
import secrets
import threading
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import CancelledError, ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any

from pyoxigraph import Triple

from hpcfair_kg import config
from hpcfair_kg.activity import Job
from hpcfair_kg.artifact import Artifact, File
from hpcfair_kg.backends.accounts import Principal
from hpcfair_kg.errors import Conflict, Forbidden, HPCFairError, InvalidConfig, NotFound
from hpcfair_kg.ingest.drafts import Upload
from hpcfair_kg.ingest.jobs import Event, Jobs, Progress, now
from hpcfair_kg.plugins import shelf
from hpcfair_kg.run import PREFIX, Run
from hpcfair_kg.runs.base import SHELF, Doer
from hpcfair_kg.runs.desk import Desk, Rooms

log = logging.getLogger(__name__)

RESULT, PROBLEM = "result.json", "problem.json"
"""The files of a run that hold what came of it, or why nothing did."""
RESUMED = frozenset({"read", "write", "run"})


class Runs:
    """Takes tasks in and works them off, `workers` at a time."""

    def __init__(self, rooms: Rooms, workers: int) -> None:
        self._rooms = rooms
        self._threads = ThreadPoolExecutor(workers, thread_name_prefix="run")
        self._jobs = Jobs(self._note)
        self._stopping = threading.Event()

    def submit(self, plan: Mapping[str, Any], files: Sequence[Upload], principal: Principal) -> Run:
        """Accept a configuration with the files that came with it; it is durable when this returns.

        Raises `InvalidConfig`, `Unauthorized`, `Forbidden`; the files are forgotten then.
        """
        try:
            principal.require("run")
            task = config.load(plan)
            principal.require(_doer(task.task).scope)
        except HPCFairError:
            self._rooms.authoring.forget(files)
            raise
        run = Run(
            PREFIX + secrets.token_hex(8),
            started=now(),
            task=task.task,
            owner=principal.owner or "",
            plan=json.dumps(plan, ensure_ascii=False),
            files=tuple(File(u.name, "other", "input", u.blob.size, u.blob.sha256) for u in files),
        )
        self._note(run)
        self._take_up(run, task, principal)
        return run

    def iri(self, id: str) -> str:
        """Return the IRI of a run: the name of its graph."""
        return self._rooms.records.iri(id)

    def triples(self, id: str) -> list[Triple]:
        """Return the graph of a run, as it was last noted."""
        return self._rooms.records.triples(id)

    def measured(self, artifact: Artifact, most: int = 3) -> list[Run]:
        """Return the newest benchmarks of an artifact, one for each hardware, newest first."""
        return self._rooms.records.measured(artifact.id, most)

    def get(self, id: str) -> Run:
        """Return a run as it stands; raises `NotFound`."""
        live = self._jobs.get(id)
        if live is not None and isinstance(live.job, Run):
            return live.job
        return self._rooms.records.get(id)

    def file(self, id: str, name: str, principal: Principal) -> tuple[Path, File]:
        """Return where a file of one's own run lies; raises `NotFound`, `Forbidden`."""
        run = self.own(id, principal)
        file = run.file(name)
        if file is None:
            raise NotFound(f"{id} has no file {name!r}; it has: {', '.join(f.name for f in run.files)}")
        return self._rooms.blobs.path(file.sha256), file

    def outcome(self, run: Run) -> dict[str, Any]:
        """Return what came of a run as JSON: {"result": …}, {"problem": …}, or nothing yet."""
        kept = {"result": run.file(RESULT), "problem": run.file(PROBLEM)}
        return {
            name: json.loads(self._rooms.blobs.path(file.sha256).read_bytes())
            for name, file in kept.items()
            if file and file.role == "output"
        }

    def own(self, id: str, principal: Principal) -> Run:
        """Return a run that the caller asked for; raises `Unauthorized`, `Forbidden`."""
        principal.require("run")
        run = self.get(id)
        if run.owner != principal.owner and "admin" not in principal.scopes:
            raise Forbidden(f"{id} is {run.owner}'s, not {principal.owner}'s")
        return run

    def cancel(self, id: str, principal: Principal) -> Run:
        """End a run of one's own; raises `Conflict` when it has ended already."""
        self.own(id, principal)
        if not self._jobs.cancel(id):
            raise Conflict(f"the run {id} has ended: {self.get(id).state}")
        return self.wait(id, 10)

    def wait(self, id: str, seconds: float) -> Run:
        """Return a run when it has ended, or as it stands when the seconds are over."""
        self._jobs.wait(id, seconds)
        return self.get(id)

    def events(self, id: str) -> Iterator[Event]:
        """Yield what happens to a run, "done" last."""
        yield from self._jobs.events(id)
        yield {"event": "done", "state": self.get(id).state}

    def resume(self) -> None:
        """Take up every run that the graph says is queued or running, from its beginning."""
        for run in self._rooms.records.unfinished():
            given = tuple(file for file in run.files if file.role == "input")
            fresh = replace(run, state="queued", steps=(), files=given, generated=())
            owner = Principal(run.owner or None, RESUMED)
            self._take_up(fresh, config.load(json.loads(run.plan)), owner)

    def stop(self) -> None:
        """Take up nothing more; what is cut off stays unfinished in the graph."""
        self._stopping.set()
        self._threads.shutdown(wait=False, cancel_futures=True)

    def close(self) -> None:
        """Wait until every run has let go; call it after the workers were closed."""
        self._threads.shutdown(wait=True)

    def _take_up(self, run: Run, task: config.Task, principal: Principal) -> None:
        desk = Desk(self._rooms, task, principal, self._jobs.open(run))
        self._threads.submit(self._work_off, desk)

    def _work_off(self, desk: Desk) -> None:
        progress = desk.progress
        if not progress.cancelled:
            self._jobs.start(progress)
        state, detail = self._performed(desk)
        if not (self._stopping.is_set() and state != "succeeded"):
            self._conclude(progress, replace(desk.run, state=state, detail=detail, ended=now()))

    def _performed(self, desk: Desk) -> tuple[Any, str | None]:
        try:
            if desk.progress.cancelled:
                raise CancelledError
            desk.keep_json(RESULT, _doer(desk.task.task).perform(desk))
            return "succeeded", None
        except CancelledError:
            return "cancelled", None
        except HPCFairError as exc:
            desk.keep_json(PROBLEM, exc.problem())
            return "failed", exc.detail
        except BaseException:
            log.exception("the run %s ended by a fault of this service", desk.run.id)
            return "failed", "an internal error; it is in the service's log"

    def _conclude(self, progress: Progress, run: Run) -> None:
        progress.job = run
        self._note(run)
        self._jobs.close(progress, run.state)

    def _note(self, job: Job) -> None:
        assert isinstance(job, Run)
        self._rooms.records.note(job)


def _doer(task: str) -> Doer:
    known = shelf(SHELF)
    if task not in known:
        raise InvalidConfig(f"task is {task}, which this service does not do; it does: {', '.join(known)}")
    doer: Doer = known[task]
    return doer
