"""Tasks on a service: a configuration and its files go up, the outcome and its files come back."""

from __future__ import annotations

import json
import time
from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from hpcfair_kg.activity import FINISHED, Step
from hpcfair_kg.artifact import build
from hpcfair_kg.client import progress
from hpcfair_kg.client.transport import Service, problem
from hpcfair_kg.errors import HPCFairError, NotFound

CHUNK = 1 << 20


@dataclass(frozen=True)
class Run:
    """One task on a service, as last heard of; `result` is what came of it, in the words of its task."""

    id: str
    state: str
    task: str = ""
    iri: str = ""
    detail: str | None = None
    steps: tuple[Step, ...] = ()
    files: tuple[Mapping[str, Any], ...] = ()
    result: Mapping[str, Any] = field(default_factory=dict)
    service: Service | None = field(default=None, repr=False, compare=False)

    def download(self, name: str, target: str | Path) -> Path:
        """Bring a file of the run to a path; raises `NotFound` where it has none of that name."""
        if self.service is None or not any(file["name"] == name for file in self.files):
            raise NotFound(
                f"{self.id} has no file {name!r}; it has: {', '.join(f['name'] for f in self.files)}"
            )
        path = Path(target)
        path.parent.mkdir(parents=True, exist_ok=True)
        partial = path.with_name(f".{path.name}.part")
        with (
            self.service.stream(f"/api/jobs/{self.id}/files/{name}", {}) as response,
            partial.open("wb") as stream,
        ):
            for chunk in response.iter_bytes(CHUNK):
                stream.write(chunk)
        return partial.replace(path)


def submit(service: Service, config: Mapping[str, Any], files: Mapping[str, Path]) -> Run:
    """Send a configuration with the files that it names, by those names, and return the run at its beginning."""
    if not files:
        return _read(service, service.json("POST", "/api/tasks", json=config))
    with ExitStack() as stack:
        tell = stack.enter_context(
            progress.bar("sending", sum(path.stat().st_size for path in files.values()))
        )
        parts: list[Any] = [("config", (None, json.dumps(config), "application/json"))]
        for name, path in files.items():
            stream = progress.Counted(stack.enter_context(path.open("rb")), tell)
            parts.append(("file", (name, stream, "application/octet-stream")))
        return _read(service, service.json("POST", "/api/tasks", files=parts))


def get(service: Service, id: str) -> Run:
    """Return a run as it stands; raises `NotFound`."""
    return _read(service, service.json("GET", f"/api/jobs/{id}"))


def wait(service: Service, run: Run) -> Run:
    """Return a run when it has ended; raises what it failed with."""
    with progress.steps(run.task) as tell:
        pause = 0.02
        while run.state not in FINISHED:
            tell({"event": "progress", "name": run.steps[-1].name if run.steps else run.state})
            time.sleep(pause)
            pause = min(pause * 1.5, 1.0)
            run = get(service, run.id)
    if run.state == "cancelled":
        raise HPCFairError(f"{run.id} was cancelled")
    return run


def _read(service: Service, document: Mapping[str, Any]) -> Run:
    if failure := document.get("problem"):
        raise problem(int(failure.get("status", 500)), json.dumps(failure).encode(), service.endpoint)
    if document["state"] == "failed":
        raise HPCFairError(str(document.get("detail")))
    return Run(
        document["id"],
        document["state"],
        document.get("task", ""),
        document.get("iri", ""),
        document.get("detail"),
        tuple(build(Step, step) for step in document.get("steps", ())),
        tuple(document.get("files", ())),
        document.get("result", {}),
        service,
    )
