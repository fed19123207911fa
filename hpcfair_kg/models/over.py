"""The errand that runs models over a file: what it reads and writes by path, what it did as a step, here or in a box."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from hpcfair_kg.activity import Step
from hpcfair_kg.artifact import plain
from hpcfair_kg.models import devices, rows
from hpcfair_kg.models.batch import Emit, Write, opened, run, telling
from hpcfair_kg.models.calls import Feeds
from hpcfair_kg.models.chain import Part
from hpcfair_kg.models.steps import Steps, said, software
from hpcfair_kg.models.wiring import wire

SMALL = 64 << 20
"""Bytes up to which an output is also kept as arrays."""


def infer_file(
    parts: Sequence[Mapping[str, str]],
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

    `parts` are {name, path} of ONNX files, `input` and `output` paths whose
    suffixes say the form; `wiring` is what the configuration wires itself;
    `exact` is an .npz that an output of up to `SMALL` bytes is written to as
    well.  Returns {rows, calls, note, outputs, wiring, steps, files: [{name, size,
    sha256}]}, the files lying beside `output`.  Raises what `wire`, `placed`,
    `reader`, `writing` and `run` raise; then no file is left.
    """
    source, target = Path(input), Path(output)
    used = (source.name, *(Path(part["path"]).name for part in parts))
    steps = Steps(emit)
    step = steps.begin(Step("infer", "running", software=software(("onnxruntime", "numpy")), used=used))
    try:
        places = devices.placed(device, workers, allow_cpu, gpu_mapping_file, gpu_mapping_key)
        reader = rows.reader(source)
        chain = wire([Part.open(part["name"], Path(part["path"])) for part in parts], reader.names, wiring)
        with rows.writing(target) as out:
            small = _Small()
            run_one = opened(chain, places)
            done = run(run_one, reader, chain.inputs, _both(out.write, small), workers, telling(emit), chunk)
        small.save(exact)
    except Exception as exc:
        steps.end(step, "failed", detail=said(exc))
        raise
    detail = f"{done}, {devices.spoken(places)}"
    steps.end(step, "succeeded", detail=detail, generated=tuple(path.name for path in out.paths))
    return {
        "rows": done.rows,
        "calls": done.calls,
        "note": done.note,
        "outputs": plain(chain.outputs),
        "wiring": str(chain),
        "files": [_described(path) for path in out.paths],
        "steps": plain(tuple(steps.done)),
    }


class _Small:
    """What was written, kept while it is small."""

    def __init__(self) -> None:
        self._kept: list[Feeds] | None = []
        self._size = 0

    def __call__(self, outputs: Feeds) -> None:
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


def _both(one: Write, other: Write) -> Write:

    def write(outputs: Feeds) -> None:
        one(outputs)
        other(outputs)

    return write


def _described(path: Path) -> dict[str, Any]:
    with path.open("rb") as stream:
        digest = hashlib.file_digest(stream, "sha256").hexdigest()
    return {"name": path.name, "size": path.stat().st_size, "sha256": digest}
