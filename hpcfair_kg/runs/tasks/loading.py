"""Loading: what a program needs to open a model or a dataset itself: where the files are, their hashes, the signature.

Nothing is opened here: `modelAPI` and `Client` load on the machine of whoever asks.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from hpcfair_kg.artifact import Artifact, File, plain
from hpcfair_kg.errors import InvalidConfig, NotFound
from hpcfair_kg.runs.base import Doer
from hpcfair_kg.runs.desk import Desk


def models(desk: Desk) -> Mapping[str, Any]:
    """Return each model's record, signature, and the files of its proved ONNX form or of the original."""
    found = [artifact for artifact, _ in desk.runnable()] if not desk.task.original else desk.models()
    return {"models": [_model(desk, number, artifact) for number, artifact in enumerate(found)]}


def datasets(desk: Desk) -> Mapping[str, Any]:
    """Return each dataset's record, its columns, and its files, or the one that `file` names."""
    return {"datasets": [_dataset(desk, number, artifact) for number, artifact in enumerate(desk.models())]}


def _model(desk: Desk, number: int, artifact: Artifact) -> Mapping[str, Any]:
    _require(artifact, "model")
    files = _originals(artifact) if desk.task.original else artifact.form_files
    signature = {"inputs": plain(artifact.inputs), "outputs": plain(artifact.outputs)}
    return _told(desk, number, artifact, files) | signature


def _dataset(desk: Desk, number: int, artifact: Artifact) -> Mapping[str, Any]:
    _require(artifact, "dataset")
    files, name = _originals(artifact), desk.task.file
    chosen = [file for file in files if name in (None, file.name)]
    if not chosen:
        listed = ", ".join(file.name for file in files)
        raise NotFound(f"{artifact.owner}/{artifact.name} has no data file {name!r}; there are: {listed}")
    columns = [c for c in artifact.columns if not desk.task.variables or c.name in desk.task.variables]
    return _told(desk, number, artifact, chosen) | {"columns": plain(columns)}


def _told(desk: Desk, number: int, artifact: Artifact, files: Iterable[File]) -> dict[str, Any]:
    listed = [plain(file) | {"url": artifact.url(file)} for file in files]
    return {"name": desk.task.models[number].name, "record": artifact.record(), "files": listed}


def _originals(artifact: Artifact) -> list[File]:
    return [file for file in artifact.files if file.role == "original"]


def _require(artifact: Artifact, kind: str) -> None:
    if artifact.kind != kind:
        raise InvalidConfig(f"model_file names {artifact.id}, which is a {artifact.kind}, no {kind}")


PLUGINS = (Doer("load_model", models), Doer("load_dataset", datasets))
