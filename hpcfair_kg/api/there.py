"""The tasks on a service, through `Client`: files go up, what was made of them is used or comes back."""

from __future__ import annotations

import hashlib
import shutil
import tempfile
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

from hpcfair_kg.api.asked import described, device, models, opset_warning, tables
from hpcfair_kg.api.merged import merged
from hpcfair_kg.api.results import Collaborated, Converted, Inferred, Stored
from hpcfair_kg.client import Client, Entry
from hpcfair_kg.config import Model, Task
from hpcfair_kg.errors import Duplicate, HPCFairError, InvalidConfig, NameTaken, NotRunnable, Unreachable
from hpcfair_kg.models import rows
from hpcfair_kg.models.chain import Part, wire
from hpcfair_kg.models.infer import Array

NO_LICENCE = "LicenseRef-not-stated"
"""What an upload says where the configuration names no licence."""


class There:
    """A service: it stores, converts, proves and runs."""

    def __init__(self, endpoint: str, token: str | None = None) -> None:
        self.client = Client(endpoint, token)

    def conversion(self, task: Task) -> list[Converted]:
        """Upload each model, wait for its proof, and download the ONNX form."""
        found = self._all(task)
        return [self._downloaded(task, model, entry) for model, entry in zip(task.models, found, strict=True)]

    def inference(self, task: Task) -> list[Inferred]:
        """Run each model on the service."""
        device(task)
        inputs = tables(task)
        results = []
        for model, entry, table in zip(task.models, self._entries(task), inputs, strict=True):
            outputs = self.client.infer(entry.key, table.feeds(_runnable(entry).inputs))
            paths = rows.write(model.export, outputs) if model.export else ()
            results.append(Inferred(model.name, outputs=outputs, paths=paths))
        return results

    def collaborate(self, task: Task) -> Collaborated:
        """Run the models of the task on the service, one after the other."""
        device(task)
        if len(models(task)) < 2:
            raise task.wrong("model_file", "names one model; a collaboration is of two or more")
        if not task.inputs:
            raise InvalidConfig(
                f"{task.source}: input is missing; it should name the file that feeds the first model"
            )
        table = rows.read(task.need("input", task.inputs[0]))
        entries = dict(zip((model.name for model in task.models), self._entries(task), strict=True))

        def run(part: Part, feeds: Mapping[str, Array]) -> Mapping[str, Array]:
            return self.client.infer(entries[part.name].key, feeds)

        with tempfile.TemporaryDirectory(prefix="hpcfair-") as folder:
            parts = [_part(name, entry, Path(folder, entry.key)) for name, entry in entries.items()]
            chain = wire(parts, table.names)
            feeds = table.feeds(chain.inputs)
            outputs = chain.run(feeds, run)
            paths = rows.write(task.outputs[0], outputs) if task.outputs else ()
            done = Collaborated(" + ".join(entries), outputs=outputs, paths=paths, wiring=str(chain))
            return merged(task, chain, [feeds], done)

    def store(self, task: Task) -> list[Stored]:
        """Upload each file or folder."""
        found = self._all(task)
        return [
            Stored(model.name, reason=entry.detail)
            if isinstance(entry, HPCFairError)
            else Stored(model.name, artifact=entry)
            for model, entry in zip(task.models, found, strict=True)
        ]

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
        document = {"license": NO_LICENCE} | described(task, model)
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


def _part(name: str, entry: Entry, folder: Path) -> Part:
    """Return a model of the service as a part of a chain, with its form here to merge."""
    form = _runnable(entry).runnable
    paths = {path.name: path for path in entry.download(folder, format="onnx")}
    return Part(name, paths[form.name] if form else None, entry.inputs, entry.outputs)


def _runnable(entry: Entry) -> Entry:
    if entry.runnable is None:
        reason = entry.obstacle
        raise NotRunnable(f"{entry.owner}/{entry.name} has no proved ONNX form: {reason}", reason=reason)
    return entry
