"""The tasks on a service, through `Client`: files go up, what was made of them is used or comes back."""

from __future__ import annotations

import hashlib
import shutil
import tempfile
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any

from hpcfair_kg.activity import Verdict
from hpcfair_kg.api import conversion, loading, searching
from hpcfair_kg.api.asked import ID, models, opset_warning
from hpcfair_kg.api.merged import beside
from hpcfair_kg.api.plan import planned
from hpcfair_kg.api.results import (
    Asked,
    Collaborated,
    Converted,
    Inferred,
    LoadedDataset,
    LoadedModel,
    Searched,
    Stored,
)
from hpcfair_kg.artifact import build
from hpcfair_kg.client import Client, Entry, Run
from hpcfair_kg.config import NO_LICENCE, Model, Task
from hpcfair_kg.errors import Duplicate, HPCFairError, InvalidConfig, NameTaken, NotRunnable, Unreachable
from hpcfair_kg.models import rows
from hpcfair_kg.models.infer import Array


class There:
    """A service: it stores, converts, proves and runs."""

    def __init__(self, endpoint: str, token: str | None = None) -> None:
        self.client = Client(endpoint, token)
        self._workshop = conversion.Workshop()

    def conversion(self, task: Task) -> list[Converted]:
        """Upload each model, wait for its proof, and download the ONNX form."""
        found = self._all(task)
        return [self._downloaded(task, model, entry) for model, entry in zip(task.models, found, strict=True)]

    def inference(self, task: Task) -> list[Inferred]:
        """Run each model on the service, as a job of it."""
        if len(task.inputs) not in (1, len(models(task))):
            raise task.wrong(
                "input", f"names {len(task.inputs)} files; it should name one, or one for each model"
            )
        run = self._done(task)
        return [
            Inferred(model.name, run=run.iri, **self._outcome(task, run, found, number))
            for number, (model, found) in enumerate(zip(task.models, run.result["models"], strict=True))
        ]

    def collaborate(self, task: Task) -> Collaborated:
        """Run the models of the task on the service as a chain, as a job of it."""
        if len(models(task)) < 2:
            raise task.wrong("model_file", "names one model; a collaboration is of two or more")
        run = self._done(task)
        found = run.result
        verdict = build(Verdict, found["verdict"]) if found.get("verdict") else None
        merged = None
        if verdict is not None and verdict.outcome == "equal":
            merged = run.download("merged.onnx", beside(task, [model.name for model in task.models]))
        return Collaborated(
            " + ".join(model.name for model in task.models),
            run=run.iri,
            wiring=found["wiring"],
            verdict=verdict,
            merged=merged,
            workflow=found.get("workflow"),
            model=found.get("merged"),
            **self._outcome(task, run, found, 0),
        )

    def asked(self, task: Task) -> list[Asked]:
        """Have the service do a task over one of its models, as a job of it."""
        plan, files = planned(task, [model.file for model in models(task)])
        run = self.client.run(plan, files)
        return [Asked(task.models[0].name, run=run.iri, result=run.result)]

    def store(self, task: Task) -> list[Stored]:
        """Upload each file or folder."""
        found = self._all(task)
        return [
            Stored(model.name, reason=entry.detail)
            if isinstance(entry, HPCFairError)
            else Stored(model.name, artifact=entry)
            for model, entry in zip(task.models, found, strict=True)
        ]

    def search(self, task: Task) -> Searched:
        """Search the service."""
        return searching.search(task, self.client)

    def load_model(self, task: Task) -> list[LoadedModel]:
        """Load each model of the task on this machine: of a path, or of an ID of the service."""
        return loading.load_models(task, self._held, self._workshop)

    def load_dataset(self, task: Task) -> list[LoadedDataset]:
        """Load each dataset of the task as a frame, on this machine."""
        return loading.load_datasets(task, self._held, self._workshop)

    def _held(self, id: str) -> tuple[Client, Entry]:
        return self.client, self.client.get(id)

    def _done(self, task: Task) -> Run:
        """Do the task on the service; a model that is a file here becomes an artifact there first."""
        keys = [_runnable(entry).key for entry in self._entries(task)]
        plan, files = planned(task, keys)
        for name in task.inputs:
            if task.find(name) is None and not ID.fullmatch(name):
                task.need("input", name)
        return self.client.run(plan, files)

    def _outcome(self, task: Task, run: Run, found: Mapping[str, Any], number: int) -> dict[str, Any]:
        """Return what a run gave, its files brought to where `export_file` says."""
        export = task.outputs[number] if number < len(task.outputs) else None
        paths = [run.download(name, export.with_name(name)) for name in found.get("files", ()) if export]
        exact = found.get("exact")
        return {
            "rows": found.get("rows", 0),
            "paths": tuple(paths),
            "outputs": arrays(run, exact) if exact else {},
            "warnings": (*found.get("warnings", ()), *([found["note"]] if found.get("note") else [])),
        }

    def _entries(self, task: Task) -> list[Entry]:
        entries = self._all(task)
        for entry in entries:
            if isinstance(entry, HPCFairError):
                raise entry
        return [entry for entry in entries if isinstance(entry, Entry)]

    def _all(self, task: Task) -> list[Entry | HPCFairError]:
        """Return each model as the service has it, or why it has it not; `worker_num` at a time."""
        with ThreadPoolExecutor(task.workers) as threads:
            return list(threads.map(lambda model: self._one(task, model), models(task)))

    def _one(self, task: Task, model: Model) -> Entry | HPCFairError:
        try:
            return self._entry(task, model)
        except (Unreachable, InvalidConfig):
            raise
        except HPCFairError as exc:
            return exc

    def _entry(self, task: Task, model: Model) -> Entry:
        path = task.find(model.file)
        if path is None:
            return self.client.get(model.file)
        document = {"license": NO_LICENCE} | task.described(model)
        try:
            return self.client.upload(path, name=model.name, metadata=document)
        except Duplicate as exc:
            return self.client.get(str(exc.members["existing"]))
        except NameTaken as exc:
            entry = self.client.get(str(exc.members["existing"]))
            if not _holds(entry, path):
                raise
            return entry

    def _downloaded(self, task: Task, model: Model, entry: Entry | HPCFairError) -> Converted:
        if isinstance(entry, HPCFairError):
            return Converted(model.name, reason=entry.detail)
        form, target = entry.runnable, model.export or Path(f"{model.name}.onnx")
        result = Converted(model.name, verdict=entry.verdict, framework=entry.framework)
        if form is None:
            return replace(result, reason=entry.obstacle)
        target.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix="hpcfair-") as folder:
            for path in entry.download(folder, format="onnx"):
                shutil.move(path, target if path.name == form.name else target.with_name(path.name))
        warnings = (*entry.notes, *opset_warning(task, form.opset))
        return replace(result, path=target, opset=form.opset, warnings=warnings)


def _holds(entry: Entry, path: Path) -> bool:
    """Tell whether a file is one that the artifact has already, such as the form that was made of it."""
    if not path.is_file():
        return False
    with path.open("rb") as stream:
        digest = hashlib.file_digest(stream, "sha256").hexdigest()
    return digest in {file.sha256 for file in entry.files if file.role != "evidence"}


def arrays(run: Run, name: str) -> Mapping[str, Array]:
    """Return the arrays of a small file of a run."""
    with tempfile.TemporaryDirectory(prefix="hpcfair-") as folder:
        return dict(rows.read(run.download(name, Path(folder, name))).columns)


def _runnable(entry: Entry) -> Entry:
    if entry.runnable is None:
        reason = entry.obstacle
        raise NotRunnable(f"{entry.owner}/{entry.name} has no proved ONNX form: {reason}", reason=reason)
    return entry
