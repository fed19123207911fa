"""The jobs that are under way: what each has done so far, and who is waiting to hear of it.

Only changes of state reach the graph; progress lives here and goes out as
events.  What a restart finds unfinished in the graph is taken up again.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import Future
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any

from hpcfair_kg.activity import Job, Step

Event = Mapping[str, Any]


def now() -> str:
    """Return the time as the record writes it: ISO 8601, UTC, to the microsecond."""
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


@dataclass
class Progress:
    """One job under way, shared by the thread that does it and those that watch."""

    job: Job
    events: list[Event] = field(default_factory=list)
    changed: threading.Condition = field(default_factory=threading.Condition)
    errand: Future[Any] | None = None
    cancelled: bool = False

    def step(self, step: Step) -> None:
        """Note that a step began or ended."""
        done = tuple(s for s in self.job.steps if s.name != step.name or s.started != step.started)
        self.move(
            replace(self.job, steps=(*done, step)), {"event": "step", "step": step.name, "state": step.state}
        )

    def since(self, sent: int, patience: float) -> list[Event]:
        """Return the events after the first `sent`, waiting `patience` seconds for one."""
        with self.changed:
            self.changed.wait_for(lambda: len(self.events) > sent, timeout=patience)
            return self.events[sent:]

    def move(self, job: Job, event: Event) -> None:
        """Replace what is known of the job and tell who listens."""
        with self.changed:
            self.job = job
            self.events.append(event)
            self.changed.notify_all()


class Jobs:
    """The jobs under way on this service, by id."""

    def __init__(self, save: Callable[[Job], None]) -> None:
        self._save = save
        self._lock = threading.Lock()
        self._live: dict[str, Progress] = {}

    def open(self, job: Job) -> Progress:
        """Take a job up."""
        with self._lock:
            return self._live.setdefault(job.id, Progress(job))

    def start(self, progress: Progress) -> None:
        """Note in the graph that the job runs now."""
        progress.move(
            replace(progress.job, state="running", started=now()), {"event": "step", "state": "running"}
        )
        self._save(progress.job)

    def close(self, progress: Progress, status: str) -> None:
        """Let the job go, after its end is in the graph, and tell who waits."""
        job = progress.job
        with self._lock:
            self._live.pop(job.id, None)
        progress.move(job, {"event": "done", "state": job.state, "status": status})

    def get(self, job_id: str) -> Progress | None:
        """Return a job under way, or None when it has ended or never was."""
        with self._lock:
            return self._live.get(job_id)

    def cancel(self, job_id: str) -> bool:
        """Ask a job to end; whether it was still under way."""
        progress = self.get(job_id)
        if progress is None:
            return False
        progress.cancelled = True
        if progress.errand is not None:
            progress.errand.cancel()
        return True

    def wait(self, job_id: str, seconds: float) -> None:
        """Return when the job has ended or the seconds are over."""
        progress = self.get(job_id)
        if progress is not None:
            with progress.changed:
                progress.changed.wait_for(lambda: _ended(progress), timeout=seconds)

    def events(self, job_id: str, patience: float = 15.0) -> Iterator[Event]:
        """Yield what happens to a job from its beginning, "done" last; {} when nothing does for a while."""
        progress = self.get(job_id)
        sent = 0
        while progress is not None and (sent == 0 or progress.events[sent - 1].get("event") != "done"):
            fresh = progress.since(sent, patience)
            yield from fresh or ({},)
            sent += len(fresh)


def _ended(progress: Progress) -> bool:
    return any(event.get("event") == "done" for event in progress.events)
