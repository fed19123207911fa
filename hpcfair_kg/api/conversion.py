"""One model of the user's own, converted on the user's own machine: recognised, converted and proved in a box."""

from __future__ import annotations

import os
import shutil
import tempfile
import weakref
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import cached_property, partial
from pathlib import Path
from typing import Any

from hpcfair_kg.activity import Verdict
from hpcfair_kg.api.results import Converted
from hpcfair_kg.artifact import SERVABLE, build
from hpcfair_kg.backends.sandbox import probe
from hpcfair_kg.backends.work.base import Errand, Work
from hpcfair_kg.backends.work.processes import Processes
from hpcfair_kg.config import Model, Task
from hpcfair_kg.errors import HPCFairError
from hpcfair_kg.ingest.drafts import waiting_for
from hpcfair_kg.plugins import shelf

CORE = ("numpy", "onnx", "hpcfair_kg.models.convert")
OPSET = 18
MOST = 64
"""Errands that run at once, whatever `worker_num` says."""
SEED = 7
BACKENDS = {
    "pt": "pytorch", "torch": "pytorch", "pytorch": "pytorch", "transformers": "transformers",
    "tf": "tensorflow", "tensorflow": "tensorflow", "keras": "keras",
    "sklearn": "scikit-learn", "scikit-learn": "scikit-learn",
    "xgb": "xgboost", "xgboost": "xgboost", "lgbm": "lightgbm", "lightgbm": "lightgbm", "onnx": "onnx",
}  # fmt: skip
"""What a configuration calls a framework, and what the catalogue does."""
KIN = ({"tensorflow", "keras"}, {"pytorch", "transformers"})


class Workshop:
    """Where errands run: warm processes, boxed by what this machine has, kept until this is let go of.

    Files of one's own are opened even where no box holds.
    """

    @cached_property
    def work(self) -> Work:
        """The processes, started when first asked for."""
        folder = tempfile.mkdtemp(prefix="hpcfair-")
        work = Processes(Path(folder), probe(), workers=MOST, allow_unboxed=True)
        weakref.finalize(self, _closed, work, folder)
        return work


def _closed(work: Work, folder: str) -> None:
    work.close()
    shutil.rmtree(folder, ignore_errors=True)


def convert_all(work: Work, task: Task, sources: Sequence[Path], targets: Sequence[Path]) -> list[Converted]:
    """Convert each model to its target file, `task.workers` at a time, in the order of the configuration."""
    samples = [task.need("samples", name) for name in task.samples]
    with ThreadPoolExecutor(min(task.workers, MOST)) as threads:
        one = partial(_told, work, task, samples)
        return list(threads.map(one, task.models, sources, targets))


def seen(work: Work, path: Path) -> dict[str, Any]:
    """Return what a file or folder is by its content; see `models.recognition.recognise`."""
    with _staged(path, ()) as stage:
        return _recognised(work, stage)


def _told(
    work: Work, task: Task, samples: Sequence[Path], model: Model, source: Path, target: Path
) -> Converted:
    """Convert one model; what goes wrong with it is its result's reason."""
    try:
        return _convert(work, task, samples, model, source, target)
    except HPCFairError as exc:
        return Converted(model.name, reason=exc.detail)


@dataclass(frozen=True)
class _Stage:
    """A model's files in a folder of their own, and one beside it to write to."""

    inside: Path
    out: Path
    names: tuple[str, ...]

    def errand(self, call: str, arguments: Mapping[str, Any], **options: Any) -> Errand:
        return Errand(f"hpcfair_kg.{call}", arguments, reads=(self.inside,), writes=self.out, **options)


@contextmanager
def _staged(source: Path, samples: Sequence[Path]) -> Iterator[_Stage]:
    with tempfile.TemporaryDirectory(prefix="hpcfair-") as folder:
        inside, out = Path(folder, "in"), Path(folder, "out")
        out.mkdir()
        files = (
            [(p.relative_to(source), p) for p in source.rglob("*") if p.is_file()] if source.is_dir() else []
        )
        for name, path in [*(files or [(Path(source.name), source)]), *((Path(p.name), p) for p in samples)]:
            place = inside / name
            place.parent.mkdir(parents=True, exist_ok=True)
            _laid(path.resolve(), place)
        names = tuple(sorted(p.relative_to(inside).as_posix() for p in inside.rglob("*") if not p.is_dir()))
        yield _Stage(inside, out, names)


def _laid(path: Path, place: Path) -> None:
    """Link a file into place, or copy it where it lies on another disk."""
    try:
        os.link(path, place)
    except OSError:
        shutil.copyfile(path, place)


def _convert(
    work: Work, task: Task, samples: Sequence[Path], model: Model, source: Path, target: Path
) -> Converted:
    with _staged(source, samples) as stage:
        seen = _recognised(work, stage)
        if seen["format"] == "pickle" and task.trust:
            source = _unpickled(work, stage)
            with _staged(source, samples) as trusted:
                return _converted(work, task, samples, model, trusted, _recognised(work, trusted), target)
        return _converted(work, task, samples, model, stage, seen, target)


def _recognised(work: Work, stage: _Stage) -> dict[str, Any]:
    arguments = {"folder": str(stage.inside), "names": list(stage.names)}
    answer: dict[str, Any] = work.submit(
        stage.errand("models.convert:recognise", arguments, preload=CORE)
    ).result()
    return answer


def _unpickled(work: Work, stage: _Stage) -> Path:
    """Load a pickle, because its owner says so, and write what it holds in a form that can be read without."""
    arguments = {"folder": str(stage.inside), "names": list(stage.names), "out": str(stage.out)}
    name = work.submit(
        stage.errand("api.pickles:rewrite", arguments, family="sklearn", preload=CORE)
    ).result()
    return stage.out / str(name)


def _converted(
    work: Work,
    task: Task,
    samples: Sequence[Path],
    model: Model,
    stage: _Stage,
    seen: Mapping[str, Any],
    target: Path,
) -> Converted:
    result = Converted(
        model.name, framework=seen["framework"], format=seen["format"], warnings=_said(model, seen)
    )
    if seen["kind"] != "model" or seen["advice"] or seen["needs"]:
        return replace(result, reason=_why_not(seen))
    plugin = shelf("hpcfair_kg.formats")[seen["format"]]
    arguments = {
        "folder": str(stage.inside),
        "names": list(stage.names),
        "claimed": seen["claimed"],
        "format": seen["format"],
        "out": str(stage.out),
        "stem": "converted",
        "opset": task.opset or OPSET,
        "seed": SEED,
        "samples": [path.name for path in samples],
    }
    family = getattr(plugin, "family", "core")
    errand = stage.errand(
        "models.convert:convert", arguments, family=family, preload=getattr(plugin, "preload", ()) or CORE
    )
    answer = work.submit(errand).result()
    return _delivered(result, answer, stage, seen, target)


def _delivered(
    result: Converted, answer: Mapping[str, Any], stage: _Stage, seen: Mapping[str, Any], target: Path
) -> Converted:
    """Put the proved form at its target; one that failed its proof beside it, under another name."""
    verdict = build(Verdict, answer["verdict"]) if answer["verdict"] else None
    served = verdict is not None and verdict.outcome in SERVABLE
    place = target if served else target.with_name(f"{target.stem}.evidence.onnx")
    made = [stage.out / str(entry["name"]) for entry in answer["files"]]
    if not made and served and seen["format"] == "onnx":
        made = [stage.inside / name for name in seen["claimed"]]
    _copied(made, place)
    warnings = (*result.warnings, *map(str, answer["notes"]))
    return replace(
        result,
        path=place if served and made else None,
        evidence=place if made and not served else None,
        verdict=verdict,
        opset=answer["opset"],
        warnings=tuple(dict.fromkeys(warnings)),
        reason=None if served else _refused(answer, verdict),
    )


def _copied(made: Sequence[Path], place: Path) -> None:
    """Copy the ONNX file to its place, and what external data it names beside it, under the name it has inside."""
    place.parent.mkdir(parents=True, exist_ok=True)
    main = next((path for path in made if path.suffix != ".data"), None)
    for path in made:
        target = place if path == main else place.with_name(path.name)
        fresh = target.with_name(f"{target.name}.new")
        shutil.copyfile(path, fresh)
        fresh.replace(target)  # the target may be the very file that was converted


def _refused(answer: Mapping[str, Any], verdict: Verdict | None) -> str:
    said = answer["reason"] or (verdict.reason if verdict else None)
    return str(said or f"the conversion ended as {answer['status']}")


def _why_not(seen: Mapping[str, Any]) -> str:
    if seen["advice"]:
        return str(seen["advice"])
    if seen["needs"]:
        return waiting_for(seen["extra"], seen["needs"])
    return f"this is no model in a format that is known here, but {seen['format'] or 'something unknown'}"


def _said(model: Model, seen: Mapping[str, Any]) -> tuple[str, ...]:
    """Warn where the configuration names another framework than the content shows."""
    named = BACKENDS.get(model.backend or "", model.backend)
    found = seen["framework"]
    same = named in (None, found) or any({named, found} <= kin for kin in KIN)
    return (
        () if same or not found else (f"the backend is said to be {model.backend}; the content is {found}'s",)
    )
