"""The tasks on this machine, with no service."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from hpcfair_kg.api import conversion, loading, local, searching
from hpcfair_kg.api.asked import ID, device, each, models
from hpcfair_kg.api.merged import merged
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
from hpcfair_kg.api.running import Named, Ran, ran, recorded
from hpcfair_kg.artifact import plain
from hpcfair_kg.client import Client
from hpcfair_kg.config import Model, Task
from hpcfair_kg.errors import CorruptFile, HPCFairError, NotFound, NotRunnable, Unreachable
from hpcfair_kg.formats.base import Bundle
from hpcfair_kg.models.infer import signature
from hpcfair_kg.models.processing.pipeline import found

if TYPE_CHECKING:
    from hpcfair_kg.hub import Hub, Upload

CHUNK = 1 << 20


class Here:
    """This machine: its processes, its files, and for `store` the catalogue in HPCFAIR_DATA_DIR."""

    def __init__(self) -> None:
        self._workshop = conversion.Workshop()

    def conversion(self, task: Task) -> list[Converted]:
        """Convert each model of the task."""
        device(task)
        models(task)
        with _fetched(task) as sources:
            targets = [model.export or Path(f"{model.name}.onnx") for model in task.models]
            return conversion.convert_all(self._workshop.work, task, sources, targets)

    def inference(self, task: Task) -> list[Inferred]:
        """Run each model of the task on its input, in this process."""
        inputs = each(task)
        with self._onnx(task) as parts:
            return [
                _inferred(task, model, part, path)
                for model, part, path in zip(task.models, parts, inputs, strict=True)
            ]

    def collaborate(self, task: Task) -> Collaborated:
        """Run the models of the task as a chain, and merge them."""
        if len(models(task)) < 2:
            raise task.wrong("model_file", "names one model; a collaboration is of two or more")
        source = task.need("input", task.inputs[0]) if task.inputs else None
        with self._onnx(task) as parts:
            name = " + ".join(part["name"] for part in parts)
            run = ran(task, parts, source, next(iter(task.outputs), None)) if source else Ran()
            return merged(task, parts, source, Collaborated(name, **run.told), run)

    def asked(self, task: Task) -> list[Asked]:
        """Refuse what only a service can do: it is about what the service holds."""
        raise task.wrong(
            "task", f"is {task.task}, which a service does over what it holds: name it by --on URL"
        )

    def store(self, task: Task) -> list[Stored]:
        """Take each file or folder of the task into the catalogue of HPCFAIR_DATA_DIR."""
        sources = [task.need("model_file", model.file) for model in models(task)]
        with local.opened() as hub:
            return [_stored(hub, task, model, path) for model, path in zip(task.models, sources, strict=True)]

    def search(self, task: Task) -> Searched:
        """Search the catalogue of HPCFAIR_DATA_DIR, or the service of HPCFAIR_ENDPOINT where there is none."""
        return local.searched(lambda asked: searching.search(task, asked))

    def load_model(self, task: Task) -> list[LoadedModel]:
        """Load each model of the task: of a path, or of an ID of the catalogue here or of HPCFAIR_ENDPOINT."""
        return loading.load_models(task, local.holder, self._workshop)

    def load_dataset(self, task: Task) -> list[LoadedDataset]:
        """Load each dataset of the task as a frame."""
        return loading.load_datasets(task, local.holder, self._workshop)

    @contextmanager
    def _onnx(self, task: Task) -> Iterator[list[Named]]:
        """Yield the models of a task as ONNX: as they are, or converted and proved first."""
        models(task)
        with _fetched(task) as sources, tempfile.TemporaryDirectory(prefix="hpcfair-") as folder:
            yield [
                {
                    "name": model.name,
                    "path": str(self._form(task, model, path, Path(folder))),
                    **_beside(path),
                }
                for model, path in zip(task.models, sources, strict=True)
            ]

    def _form(self, task: Task, model: Model, source: Path, folder: Path) -> Path:
        if source.is_file():
            try:
                signature(source)
                return source
            except CorruptFile:
                pass  # no ONNX: another framework's, then
        target = folder / f"{model.name}.onnx"
        alone = replace(task, models=(model,))
        (result,) = conversion.convert_all(self._workshop.work, alone, [source], [target])
        if result.path is None:
            raise NotRunnable(f"{model.name} has no proved ONNX form: {result.reason}", reason=result.reason)
        return result.path


def _beside(source: Path) -> dict[str, Any]:
    """Return the processing that the files of a folder say, as an errand takes it."""
    if not source.is_dir():
        return {}
    steps, _ = found(Bundle.of(source))
    return {"processing": plain(steps), "folder": str(source)}


@contextmanager
def _fetched(task: Task) -> Iterator[list[Path]]:
    """Yield where each model is: its path, or where the artifact of its ID was downloaded to."""
    with tempfile.TemporaryDirectory(prefix="hpcfair-") as folder:
        yield [_source(task, model, Path(folder, str(n))) for n, model in enumerate(task.models)]


def _source(task: Task, model: Model, folder: Path) -> Path:
    if task.find(model.file) or not ID.fullmatch(model.file):
        return task.need("model_file", model.file)
    try:
        with Client() as client:
            paths = client.download(model.file, folder, format="original")
    except (NotFound, Unreachable) as exc:
        said = f"is {model.file}, which is no file here; nor is it an ID: {exc.detail}"
        raise task.wrong("model_file", said) from None
    return paths[0] if len(paths) == 1 else folder


def _inferred(task: Task, model: Model, part: Named, source: Path) -> Inferred:
    run = ran(task, [part], source, model.export)
    return Inferred(model.name, **run.told, record=recorded(task, run, model.export))


def _stored(hub: Hub, task: Task, model: Model, path: Path) -> Stored:
    principal = local.me()
    try:
        receipt = hub.register(task.described(model), list(_uploads(hub, path)), principal)
        if receipt.job_id:
            hub.wait(receipt.job_id, 3600)
        return Stored(model.name, artifact=hub.find(receipt.artifact.key, principal))
    except HPCFairError as exc:
        return Stored(model.name, reason=exc.detail)


def _uploads(hub: Hub, path: Path) -> Iterator[Upload]:
    from hpcfair_kg.hub import Upload

    for file in sorted(p for p in path.rglob("*") if p.is_file()) if path.is_dir() else [path]:
        writer = hub.blobs.writer()
        with file.open("rb") as stream:
            while chunk := stream.read(CHUNK):
                writer.write(chunk)
        name = file.relative_to(path).as_posix() if path.is_dir() else file.name
        yield Upload(name, writer.finish())
