"""What is done with a model that came as ONNX: checked, upgraded where it is old, held against its declaration."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from hpcfair_kg.errors import HPCFairError
from hpcfair_kg.formats import graphs
from hpcfair_kg.formats.base import Bundle, Feeds
from hpcfair_kg.formats.onnx import is_old, main
from hpcfair_kg.models import infer
from hpcfair_kg.models import samples as rows
from hpcfair_kg.models.consistency import Examination, examine
from hpcfair_kg.models.smoke import smoke
from hpcfair_kg.models.steps import said, software
from hpcfair_kg.models.task import Answer, Task

EXAMINING = ("onnx", "onnxruntime", "numpy")


def examined(task: Task, climb: Callable[[Task], Answer]) -> Answer:
    """Examine a model; one older than opset 7 climbs the ladder of its upgrade first.

    An upgrade is proved against the original; where onnxruntime does not run that
    any more, the upgraded file itself is examined.
    """
    with _own_copy(task) as own:
        path = own.bundle.path(main(own.bundle, own.claimed))
        if reason := _foreign(path):
            step = own.begin("verify", software=software(EXAMINING), used=own.claimed)
            own.steps.end(step, "failed", detail=reason)
            return Answer("not-convertible", reason)
        if not is_old(path):
            return _examine(own, path)
        answer = climb(own)
        if answer.status != "not-convertible":
            return answer
        return _upgraded(own, path)


@contextmanager
def _own_copy(task: Task) -> Iterator[Task]:
    """Yield the task with real copies of a model and its outside weights: ONNX refuses links to those."""
    if len(task.claimed) == 1:
        yield task
        return
    place = task.target.parent / "original"
    for name in task.claimed:
        (place / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(task.bundle.path(name), place / name)
    for name in task.samples:
        (place / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(task.bundle.path(name), place / name)
    try:
        yield replace(task, bundle=Bundle(place, (*task.claimed, *task.samples)))
    finally:
        shutil.rmtree(place)


def _foreign(path: Path) -> str | None:
    """Return the sentence that names operators which nobody here has."""
    operators = graphs.foreign(graphs.load(path))
    if not operators:
        return None
    return (
        f"it uses {', '.join(operators[:5])}, which neither ONNX nor onnxruntime has: write it with standard"
        " operators, or give the model a function of that name (onnx.helper.make_function)"
    )


def _upgraded(task: Task, path: Path) -> Answer:
    """Examine what the version converter makes of a model that does not run as it is, or else that model."""
    for name, export in task.plugin.exporters(task.bundle, task.claimed, task.opset):
        try:
            export(task.target)
        except (RuntimeError, ValueError) as exc:
            return _examine(task, path, (f"{name}: {said(exc)}",))
        answer = _examine(
            task, task.target, (f"{path.name} does not run as it is; its upgrade was examined",)
        )
        if answer.status == "ready":
            return replace(answer, files=task.listed(task.target, "converted", answer.opset))
        task.clear(task.target)
        return answer
    return _examine(task, path)


def _examine(task: Task, path: Path, notes: tuple[str, ...] = ()) -> Answer:
    """Check a model and hold it against itself, then run it once."""
    step = task.begin("verify", software=software(EXAMINING), used=task.claimed)
    notes = (*notes, *complaints(path))
    try:
        given, more = _given(task, path)
        found = examine(path, task.seed, given)
    except HPCFairError as exc:
        task.steps.end(step, "failed", detail=exc.detail)
        return Answer("not-convertible", exc.detail, notes=notes)
    verdict, notes = found.verdict, (*notes, *more, *found.notes)
    good = verdict.outcome == "consistent"
    task.steps.end(
        step, "succeeded" if good else "failed", detail=verdict.reason, opset=verdict.opset, verdict=verdict
    )
    if good:
        return _ready(task, path, found, given, notes)
    status = "not-convertible" if verdict.outcome == "none" else "failed-proof"
    return Answer(status, verdict.reason, verdict, opset=verdict.opset, notes=notes)


def _ready(task: Task, path: Path, found: Examination, given: list[Feeds], notes: tuple[str, ...]) -> Answer:
    step = task.begin("smoke", software=software(EXAMINING[1:2]), used=(path.name,))
    run = smoke(path, task.seed, None, given)
    task.steps.end(step, "failed" if run.reason else "succeeded", detail=run.reason or run.detail)
    opset = found.verdict.opset
    answer = Answer("ready", None, found.verdict, run.inputs, found.outputs, graphs.count(path), opset, notes)
    return task.portrayed(answer, path)


def complaints(path: Path) -> tuple[str, ...]:
    """Return what ONNX's checker says against a file: a remark, since many such models run."""
    import onnx

    try:
        onnx.checker.check_model(path, full_check=True)
    except (
        onnx.checker.ValidationError,
        onnx.shape_inference.InferenceError,
        RuntimeError,
        ValueError,
    ) as exc:
        return (f"onnx.checker: {said(exc)[:500]}",)
    return ()


def _given(task: Task, path: Path) -> tuple[list[Feeds], tuple[str, ...]]:
    """Return the author's own rows, and what is said of those that do not fit."""
    inputs, _ = infer.signature(path)
    given: list[Feeds] = []
    notes = []
    for name in task.samples:
        try:
            given.extend(rows.read(task.bundle.path(name), inputs))
        except HPCFairError as exc:
            notes.append(f"not used in the proof: {exc.detail}")
    return given, tuple(notes)
