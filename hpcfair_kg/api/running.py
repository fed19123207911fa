"""Models run over a file on this machine, by the errands that a service sends to its box, with a record of what was done."""

from __future__ import annotations

import hashlib
import json
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any
from uuid import uuid4

from hpcfair_kg.activity import Step
from hpcfair_kg.api.plan import planned
from hpcfair_kg.artifact import File, Role, build
from hpcfair_kg.backends.machine import Machine
from hpcfair_kg.config import Task
from hpcfair_kg.ingest.jobs import now
from hpcfair_kg.knowledge import surroundings
from hpcfair_kg.knowledge.jsonld import serialise
from hpcfair_kg.knowledge.runs import describe_run
from hpcfair_kg.models import over, rows
from hpcfair_kg.models.infer import Array
from hpcfair_kg.run import Run

Named = Mapping[str, Any]
"""A model as errands take it: {name, path} of its ONNX file, its "processing" and the "folder" that it lies in."""


@dataclass(frozen=True)
class Ran:
    """What came of a run: its answer, the steps, and what it read and wrote."""

    answer: Mapping[str, Any] = field(default_factory=dict)
    outputs: Mapping[str, Array] = field(default_factory=dict)
    paths: tuple[Path, ...] = ()
    steps: tuple[Step, ...] = ()
    given: tuple[Path, ...] = ()
    made: tuple[File, ...] = ()
    started: str = field(default_factory=now)

    @property
    def told(self) -> dict[str, Any]:
        """What a result says of it."""
        note = self.answer.get("note")
        return {
            "outputs": self.outputs,
            "paths": self.paths,
            "rows": self.answer.get("rows", 0),
            "warnings": (note,) if note else (),
        }


def ran(task: Task, parts: Sequence[Named], source: Path, export: Path | None) -> Ran:
    """Run models in sequence over a file; a small output comes back as arrays too."""
    started = now()
    with tempfile.TemporaryDirectory(prefix="hpcfair-") as folder:
        exact = Path(folder, "outputs.npz")
        target = export or exact
        target.parent.mkdir(parents=True, exist_ok=True)
        answer = over.infer_file(
            list(parts),
            str(source),
            str(target),
            unheard,
            workers=task.workers,
            device=task.device,
            allow_cpu=task.allow_cpu,
            gpu_mapping_file=str(task.need("gpu_mapping_file", task.gpu_mapping_file))
            if task.gpu_mapping_file
            else None,
            gpu_mapping_key=task.gpu_mapping_key,
            wiring=task.wiring,
            exact=str(exact) if target.suffix != ".npz" else None,
        )
        kept = target if target.suffix == ".npz" else exact
        small = kept.exists() and kept.stat().st_size <= over.SMALL
        outputs = dict(rows.read(kept).columns) if small else {}
    paths = tuple(target.with_name(file["name"]) for file in answer["files"]) if export else ()
    given = (source, *(Path(part["path"]) for part in parts))
    made = tuple(File(role="output", format="other", **file) for file in answer["files"]) if export else ()
    return Ran(answer, outputs, paths, steps_of(answer), given, made, started)


def unheard(event: Mapping[str, Any]) -> None:
    """Take what an errand tells on its way: its answer tells the steps again, as they ended."""


def steps_of(answer: Mapping[str, Any]) -> tuple[Step, ...]:
    """Return the steps that an errand's answer tells of."""
    return tuple(build(Step, step) for step in answer["steps"])


def recorded(task: Task, run: Ran, export: Path | None) -> Path | None:
    """Write how a run went beside its output, as PROV-O: out.txt has out.txt.prov.ttl; without an output nothing."""
    if export is None:
        return None
    iri = f"urn:uuid:{uuid4()}"
    around = Machine(None).surroundings()
    environment, about = surroundings.environment(iri, around[0])
    hardware, more = surroundings.hardware(iri, around[1])
    steps = (replace(s, environment=environment.value, hardware=hardware.value) for s in run.steps)
    plan, _ = planned(task, [model.file for model in task.models])
    files = (*(hashed(path, "input") for path in run.given), *run.made)
    record = Run(
        iri,
        "succeeded",
        run.started,
        now(),
        None,
        tuple(steps),
        task.task,
        plan=json.dumps(plan),
        files=files,
    )
    path = export.with_name(f"{export.name}.prov.ttl")
    path.write_bytes(serialise([*describe_run(iri, record), *about, *more], "ttl"))
    return path


def hashed(path: Path, role: Role) -> File:
    """Return a file of this machine as a run speaks of it, by its hash."""
    with path.open("rb") as stream:
        digest = hashlib.file_digest(stream, "sha256").hexdigest()
    return File(path.name, "other", role, path.stat().st_size, digest)
