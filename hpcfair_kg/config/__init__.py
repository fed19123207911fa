"""The paper's configuration files: four groups of YAML, read once into one frozen `Task`.

    general_args              task, tag, backend
    device_args               worker_num, device, gpu_mapping_file, gpu_mapping_key, allow_cpu
    model_args or task_args   model_name, model_file, onnx_version, input, …
    out_args                  export_file

Where a key takes a list, one value will do.  A relative path is looked for in
the current folder first, as the paper's listings read, then beside the
configuration file; outputs are written relative to the current folder.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from hpcfair_kg.config.document import Config, Document, parsed
from hpcfair_kg.config.keys import FACETS, GROUPS, OWN, TASKS
from hpcfair_kg.errors import InvalidConfig

__all__ = ["GROUPS", "NO_LICENCE", "TASKS", "Config", "Model", "Task", "load", "parsed"]


NO_LICENCE = "LicenseRef-not-stated"
"""What a model is registered under where the configuration names no licence."""


@dataclass(frozen=True)
class Model:
    """One model that a task names: its name, where it is (a path or an ID), its framework as said, where it goes."""

    name: str
    file: str
    backend: str | None = None
    export: Path | None = None


@dataclass(frozen=True)
class Task:
    """One configuration, read and checked."""

    task: str
    tags: tuple[str, ...] = ()
    models: tuple[Model, ...] = ()
    backends: tuple[str, ...] = ()
    workers: int = 1
    device: str = "cpu"
    allow_cpu: bool = False
    gpu_mapping_file: str | None = None
    gpu_mapping_key: str | None = None
    opset: int | None = None
    inputs: tuple[str, ...] = ()
    outputs: tuple[Path, ...] = ()
    trust: bool = False
    samples: tuple[str, ...] = ()
    license: str | None = None
    metadata: Mapping[str, Any] = field(default_factory=dict)
    work_dir: str | None = None
    build_file: str | None = None
    build_tag: str | None = None
    volume: str | None = None
    wiring: Mapping[str, str] = field(default_factory=dict)
    batch: tuple[int, ...] = ()
    threads: tuple[int, ...] = ()
    repeats: int | None = None
    warm_up: int | None = None
    of: str | None = None
    query: str = ""
    facets: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    limit: int = 20
    original: bool = False
    file: str | None = None
    variables: tuple[str, ...] = ()
    source: str = "the configuration"
    folder: Path | None = None
    lines: Mapping[str, int] = field(default_factory=dict, repr=False, compare=False)

    def described(self, model: Model) -> dict[str, Any]:
        """Return the metadata that is said of one model: its name, `metadata`, the tags and the licence."""
        document: dict[str, Any] = {"name": model.name} | dict(self.metadata)
        document |= {"tags": list(self.tags)} if self.tags else {}
        document |= {"license": self.license} if self.license else {}
        return document

    def find(self, name: str) -> Path | None:
        """Return where a file or folder that the configuration names is, or None."""
        places = [Path(name), *([self.folder / name] if self.folder else [])]
        return next((place for place in places if place.exists()), None)

    def need(self, key: str, name: str) -> Path:
        """Return where the file that `key` names is; raise `InvalidConfig` saying where it was looked for."""
        if found := self.find(name):
            return found
        beside = f" and in {self.folder}" if self.folder and self.folder.resolve() != Path.cwd() else ""
        raise self.wrong(key, f"names {name}, which is not there; it was looked for in {Path.cwd()}{beside}")

    def wrong(self, key: str, said: str) -> InvalidConfig:
        """Return the error that names a key, its line, and what is wrong with it."""
        line = f", line {self.lines[key]}" if key in self.lines else ""
        return InvalidConfig(f"{self.source}{line}: {key} {said}")


def load(config: Config, task: str | None = None) -> Task:
    """Read a configuration: a path to YAML, or a mapping of the same shape.

    Raises `InvalidConfig` with one sentence that names the key, its line and
    what would be right; a task that is another than `task` is refused, naming both.
    """
    document = Document.of(config)
    values = {}
    for group, keys in document.groups():
        for key, value in keys.items():
            values[key] = document.checked(group, key, value)
    said = values.get("task")
    if said is None:
        raise document.wrong(
            "general_args names no task",
            ("general_args",),
            f"it should be {GROUPS['general_args']['task'][1]}",
        )
    found = _kind(said, values.get("tag", ()))
    if task is not None and found != task:
        raise document.wrong(
            f"this is a configuration for {found}", ("general_args", "task"), f"{task} was asked for"
        )
    _require_own(document, found)
    return _task(document, found, values)


def _require_own(document: Document, kind: str) -> None:
    for group, keys in document.groups():
        for key in keys:
            if OWN.get(key, kind) != kind:
                raise document.wrong(f"{key} is no key of {kind}", (group, key), f"it belongs to {OWN[key]}")


def _kind(task: str, tags: tuple[str, ...]) -> str:
    return "collaboration" if task == "inference" and "collaboration" in tags else task


def _task(document: Document, kind: str, values: dict[str, Any]) -> Task:
    files, names = values.get("model_file", ()), values.get("model_name", ())
    backends, exports = values.get("backend", ()), values.get("export_file", ())
    document.same_length("model_file", files, "model_name", names)
    document.same_length("model_file", files, "backend", backends if len(backends) > 1 else ())
    if kind in ("conversion", "inference", "load_model", "load_dataset"):
        document.same_length("model_file", files, "export_file", exports)
    models = tuple(
        Model(
            name=names[n] if names else Path(file).stem,
            file=file,
            backend=backends[n if len(backends) > 1 else 0] if backends else None,
            export=Path(exports[n]) if n < len(exports) else None,
        )
        for n, file in enumerate(files)
    )
    plain = {field: values[key] for key, field in _FIELDS.items() if key in values}
    facets = {facet: values[key] for key, facet in FACETS.items() if values.get(key)}
    if kind == "search" and "license" in plain:
        facets["license"] = (plain["license"],)
    return Task(
        task=kind,
        models=models,
        outputs=tuple(Path(name) for name in exports),
        source=document.name,
        folder=document.folder,
        query=values.get("query") or "",
        facets=facets if kind == "search" else {},
        lines={place[-1]: line for place, line in document.lines.items()},
        **plain,
    )


_FIELDS = {
    "tag": "tags",
    "backend": "backends",
    "worker_num": "workers",
    "device": "device",
    "allow_cpu": "allow_cpu",
    "gpu_mapping_file": "gpu_mapping_file",
    "gpu_mapping_key": "gpu_mapping_key",
    "onnx_version": "opset",
    "input": "inputs",
    "trust": "trust",
    "samples": "samples",
    "license": "license",
    "metadata": "metadata",
    "work_dir": "work_dir",
    "build_file": "build_file",
    "build_tag": "build_tag",
    "volume": "volume",
    "wiring": "wiring",
    "batch": "batch",
    "threads": "threads",
    "repeats": "repeats",
    "warm_up": "warm_up",
    "of": "of",
    "limit": "limit",
    "original": "original",
    "file": "file",
    "variables": "variables",
}
