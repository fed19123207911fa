"""The errand that runs models over a file: what it reads and writes by path, what it did as a step, here or in a box."""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from hpcfair_kg.activity import Step
from hpcfair_kg.artifact import Processing, build, plain
from hpcfair_kg.models import devices, rows
from hpcfair_kg.models.batch import Emit, Write, opened, run, telling
from hpcfair_kg.models.calls import Feeds, RunOne
from hpcfair_kg.models.chain import Chain, Part
from hpcfair_kg.models.processing import boxed
from hpcfair_kg.models.processing.files import Fed, fed
from hpcfair_kg.models.processing.pipeline import Pipeline
from hpcfair_kg.models.steps import Steps, said, software
from hpcfair_kg.models.wiring import wire

SMALL = 64 << 20
"""Bytes up to which an output is also kept as arrays."""


def infer_file(
    parts: Sequence[Mapping[str, Any]],
    input: str,
    output: str,
    emit: Emit,
    workers: int = 1,
    chunk: int | None = None,
    device: str = "cpu",
    allow_cpu: bool = False,
    gpu_mapping_file: str | None = None,
    gpu_mapping_key: str | None = None,
    wiring: Mapping[str, str] | None = None,
    exact: str | None = None,
) -> dict[str, Any]:
    """Run models in sequence over a file of samples and write what the last one gives.

    `parts` are {name, path} of ONNX files; of one that runs alone the "processing"
    is applied, its files below a "folder".  `input` and `output` are paths whose
    suffixes say the form; `wiring` is what the configuration wires itself; `exact`
    is an .npz that an output of up to `SMALL` bytes is written to as well.  Returns
    {rows, calls, note, outputs, wiring, steps, files: [{name, size, sha256}]}, the
    files lying beside `output`.  Raises what `wire`, `placed`, `reader`, `writing`
    and `run` raise; then no file is left.
    """
    source, target, steps = Path(input), Path(output), Steps(emit)
    used = (source.name, *_used(parts))
    step = steps.begin(Step("infer", "running", software=software(("onnxruntime", "numpy")), used=used))
    try:
        places = devices.placed(device, workers, allow_cpu, gpu_mapping_file, gpu_mapping_key)
        reader = rows.reader(source)
        chain = wire([Part.open(part["name"], Path(part["path"])) for part in parts], reader.names, wiring)
        with rows.writing(target) as out:
            small = _Small(out.write)
            told, run_one = _processed(parts, chain, reader.names, opened(chain, places))
            done = run(run_one, reader, told.inputs, small, workers, telling(emit), chunk or told.chunk)
        small.save(exact)
    except Exception as exc:
        steps.end(step, "failed", detail=said(exc))
        raise
    made = tuple(path.name for path in out.paths)
    steps.end(step, "succeeded", detail=f"{done}, {devices.spoken(places)}", generated=made)
    return {
        "rows": done.rows,
        "calls": done.calls,
        "note": done.note,
        "outputs": plain(told.outputs),
        "wiring": str(chain),
        "files": [_described(path) for path in out.paths],
        "steps": plain(tuple(steps.done)),
    }


def _used(parts: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    """Yield the names of the files that models are, and of those that the steps around one alone open."""
    for part in parts:
        yield Path(part["path"]).name
        steps = [build(Processing, step) for step in part.get("processing", ()) if len(parts) == 1]
        yield from (Path(name).name for name in boxed.files(steps))


def _processed(
    parts: Sequence[Mapping[str, Any]], chain: Chain, names: Collection[str], run_one: RunOne
) -> tuple[Fed, RunOne]:
    """Return what a file feeds and what runs on it: a model that runs alone between its steps; a chain has none."""
    only = parts[0] if len(parts) == 1 else {}
    steps = [build(Processing, step) for step in only.get("processing", ())]
    around = Pipeline.of(steps, Path(only.get("folder", "")), chain.inputs, chain.outputs)
    told = fed(around, names)
    return told, lambda feeds: around.run(feeds, told.wanted, lambda fed, names: run_one(fed))


class _Small:
    """Writes what comes, and keeps it while it is small."""

    def __init__(self, write: Write) -> None:
        self._write = write
        self._kept: list[Feeds] | None = []
        self._size = 0

    def __call__(self, outputs: Feeds) -> None:
        self._write(outputs)
        self._size += sum(array.nbytes for array in outputs.values())
        if self._kept is not None and self._size <= SMALL:
            self._kept.append(dict(outputs))
        else:
            self._kept = None

    def save(self, path: str | None) -> None:
        if path is None or not self._kept:
            return
        parts = {name: [chunk[name] for chunk in self._kept] for name in self._kept[0]}
        whole = {
            name: found[0] if len(found) == 1 else np.concatenate(found) for name, found in parts.items()
        }
        rows.write(Path(path), whole)


def _described(path: Path) -> dict[str, Any]:
    with path.open("rb") as stream:
        digest = hashlib.file_digest(stream, "sha256").hexdigest()
    return {"name": path.name, "size": path.stat().st_size, "sha256": digest}
