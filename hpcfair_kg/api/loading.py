"""`task: load_model` and `task: load_dataset`: from a path, or from the catalogue that has an ID."""

from __future__ import annotations

import shutil
import zipfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from hpcfair_kg.api import conversion
from hpcfair_kg.api.asked import ID, models
from hpcfair_kg.api.local import Asked
from hpcfair_kg.api.results import LoadedDataset, LoadedModel
from hpcfair_kg.artifact import Artifact, File, build
from hpcfair_kg.client import loading
from hpcfair_kg.client.cache import fresh, writing
from hpcfair_kg.client.loading import Brought
from hpcfair_kg.client.models import CPU
from hpcfair_kg.config import Model, Task
from hpcfair_kg.errors import CorruptFile, Forbidden, NotFound, UnknownFormat, Unreachable
from hpcfair_kg.models.devices import GPU, placed
from hpcfair_kg.models.infer import signature

Holder = Callable[[str], tuple[Asked, Artifact]]
"""What finds the artifact of an ID, and the catalogue that has it."""


def load_models(task: Task, holder: Holder, workshop: conversion.Workshop) -> list[LoadedModel]:
    """Load each model of a task: its ONNX form as a session or, with `original`, its framework's own object."""
    _require_names(task)
    if task.original and task.outputs:
        raise task.wrong(
            "export_file", "takes the ONNX form; with original: true leave it out, or use `hpcfair download`"
        )
    return [_model(task, model, holder, workshop) for model in task.models]


def load_datasets(task: Task, holder: Holder, workshop: conversion.Workshop) -> list[LoadedDataset]:
    """Load each dataset of a task as a frame."""
    _require_names(task)
    for path in task.outputs:
        if path.suffix not in WRITERS:
            known = ", ".join(WRITERS)
            raise task.wrong("export_file", f"is {path}; a dataset is written as one of: {known}")
    return [_dataset(task, model, holder, workshop) for model in task.models]


def _require_names(task: Task) -> None:
    names = [model.name for model in models(task)]
    if twice := next((name for name in names if names.count(name) > 1), None):
        raise task.wrong("model_file", f"gives two the name {twice}; say which is which by model_name")


def _model(task: Task, model: Model, holder: Holder, workshop: conversion.Workshop) -> LoadedModel:
    (place,) = placed(task.device, 1, task.allow_cpu)
    brought = _model_brought(task, model, holder, workshop)
    artifact = brought.artifact
    if task.original:
        made, takes, gives = brought.original(), artifact.inputs, artifact.outputs
    else:
        made = _session(task, brought, CPU if place is None else (GPU, *CPU))
        takes, gives = signature(made)
    if model.export:
        _copied(brought, model.export)
    return LoadedModel(
        model.name,
        model=made,
        path=brought.path,
        id=artifact.id,
        inputs=takes,
        outputs=gives,
        export=model.export,
    )


def _model_brought(task: Task, model: Model, holder: Holder, workshop: conversion.Workshop) -> Brought:
    path = task.find(model.file)
    if path is None:
        asked, artifact = _held(task, model, holder)
        return loading.model(artifact, asked.cached, task.original, task.trust)
    if not task.original:
        return _onnx(task, path)
    if not task.trust:
        raise Forbidden(
            f"{path} is loaded by its own framework, which may run code that the file brings along; "
            "where you trust who made it, say trust: true"
        )
    return loading.model(_seen(workshop, path), lambda *_: _folder(path), True, True)


def _dataset(task: Task, model: Model, holder: Holder, workshop: conversion.Workshop) -> LoadedDataset:
    if path := task.find(model.file):
        brought = loading.dataset(_seen(workshop, path), lambda *_: _folder(path), task.file)
    else:
        asked, artifact = _held(task, model, holder)
        brought = loading.dataset(artifact, asked.cached, task.file)
    frame = brought.frame(task.variables or None)
    if model.export:
        _written(frame, model.export)
    return LoadedDataset(
        model.name, frame=frame, path=brought.path, id=brought.artifact.id, export=model.export
    )


def _held(task: Task, model: Model, holder: Holder) -> tuple[Asked, Artifact]:
    """Return the artifact of an ID and the catalogue that has it."""
    if not ID.fullmatch(model.file):
        task.need("model_file", model.file)
    try:
        return holder(model.file)
    except (NotFound, Unreachable) as exc:
        said = f"is {model.file}, which is no file here; nor is it an ID: {exc.detail}"
        raise task.wrong("model_file", said) from exc


def _onnx(task: Task, path: Path) -> Brought:
    if path.is_dir():
        raise task.wrong("model_file", f"names the folder {path}; it should name the .onnx file in it")
    artifact = _described(path, {"formats": {path.name: "onnx"}, "kind": "model"})
    return Brought(artifact, artifact.files, path.parent)


def _session(task: Task, brought: Brought, providers: tuple[str, ...]) -> Any:
    try:
        return brought.session(providers=providers)
    except CorruptFile as exc:
        raise task.wrong(
            "model_file",
            f"names {brought.path}, which is no ONNX; convert it first (task: conversion), or say original: true",
        ) from exc


def _seen(workshop: conversion.Workshop, path: Path) -> Artifact:
    """Return a file or folder of one's own as an artifact that was never uploaded: what its content is."""
    return _described(path, conversion.seen(workshop.work, path))


def _described(path: Path, seen: Mapping[str, Any]) -> Artifact:
    aside = set(seen.get("auxiliary", ()))
    files = tuple(
        File(name, form, "auxiliary" if name in aside else "original", None, "")
        for name, form in seen["formats"].items()
    )
    known = {name: value for name, value in seen.get("inspection", {}).items() if name in FOUND}
    said = {"id": path.resolve().as_uri(), "key": "", "owner": str(path.parent), "name": path.name}
    return build(Artifact, {**known, **said, "kind": seen["kind"], "files": files})


FOUND = ("inputs", "outputs", "columns")
"""What is read from a file's content that loading it needs."""


def _folder(path: Path) -> Path:
    return path if path.is_dir() else path.parent


def _copied(brought: Brought, target: Path) -> None:
    """Copy an ONNX file to its target, and the data that it names beside it, under the name it has inside."""
    first, *data = brought.files
    for file, place in [(first, target), *((file, target.parent / file.name) for file in data)]:
        with writing(place.name, target.parent), fresh(place) as beside:
            shutil.copyfile(brought.folder / file.name, beside)


def _written(frame: Any, target: Path) -> None:
    with writing(target.name, target.parent), fresh(target) as beside, beside.open("wb") as stream:
        WRITERS[target.suffix](frame, stream)


def _csv(frame: Any, stream: Any) -> None:
    if deep := next((name for name, rest in frame.lengths.items() if len(rest) > 1), None):
        raise UnknownFormat(
            f"{deep} has {len(frame.lengths[deep]) + 1} axes, and CSV has two; take .parquet or .npz"
        )
    frame.to_csv(stream, index=any(frame.index.names))


def _parquet(frame: Any, stream: Any) -> None:
    import pyarrow.parquet as pq

    pq.write_table(frame.arrow(), stream)


def _npz(frame: Any, stream: Any) -> None:
    with zipfile.ZipFile(stream, "w") as archive:  # numpy.savez takes no array by the name of "file"
        for name, array in frame.numpy().items():
            with archive.open(f"{name}.npy", "w", force_zip64=True) as member:
                np.lib.format.write_array(member, _text(array), allow_pickle=False)


def _text(array: Any) -> Any:
    """Return objects as text, a gap as the empty one: NumPy would pickle them, which nobody should have to trust."""
    if array.dtype != object:
        return array
    words = ["" if value is None or value != value else str(value) for value in array.ravel()]
    return np.array(words, str).reshape(array.shape)


WRITERS: Mapping[str, Callable[[Any, Any], None]] = {".csv": _csv, ".parquet": _parquet, ".npz": _npz}
