"""The two errands that are run over a stranger's files: recognise them, and make them ONNX.

Both run inside the box, in a process of the format's own family.  A format has a
ladder of exporters; each form is proved before the next is tried, and one that
is not equal is kept as evidence only.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from hpcfair_kg.activity import Verdict
from hpcfair_kg.artifact import plain
from hpcfair_kg.errors import HPCFairError
from hpcfair_kg.formats.base import Bundle, Exporter, Feeds, Reference
from hpcfair_kg.models import examination
from hpcfair_kg.models import samples as rows
from hpcfair_kg.models.recognition import SHELF, recognise
from hpcfair_kg.models.smoke import smoke
from hpcfair_kg.models.steps import Steps, said, software
from hpcfair_kg.models.task import Answer, Task
from hpcfair_kg.models.verify import opset_of, proof
from hpcfair_kg.plugins import find

__all__ = ["convert", "recognise"]

PROVING = ("onnxruntime", "onnx", "numpy")


def convert(
    folder: str,
    names: list[str],
    claimed: list[str],
    format: str,
    out: str,
    stem: str,
    opset: int,
    seed: int,
    samples: list[str],
    emit: Callable[[Mapping[str, Any]], None],
) -> dict[str, Any]:
    """Make the files claimed by a format ONNX, prove the form, run it once; return what came of it as JSON.

    What came as ONNX is examined instead, and upgraded where its operators are
    too old.  Never raises for a model that does not convert: the status is
    "ready", or "not-convertible" or "failed-proof" with the reason.
    """
    bundle = Bundle(Path(folder), tuple(names))
    plugin = find(SHELF, format)
    target = Path(out) / f"{stem}.onnx"
    task = Task(bundle, tuple(claimed), plugin, target, opset, seed, tuple(samples), Steps(emit))
    answer = examination.examined(task, climb) if format == "onnx" else climb(task)
    return {**plain(answer), "steps": plain(tuple(task.steps.done))}


@dataclass
class Ladder:
    """Where a conversion stands: notes, remarks on the form at hand, failures, the nearest form that was different."""

    notes: list[str] = field(default_factory=list)
    remarks: list[str] = field(default_factory=list)
    failures: list[str] = field(default_factory=list)
    nearest: Verdict | None = None


def climb(task: Task) -> Answer:
    """Try the exporters in order until a form is proved equal."""
    ladder = Ladder()
    try:
        reference = task.plugin.reference(task.bundle, task.claimed)
    except Exception as exc:  # noqa: BLE001  # a framework refuses a file with whatever it likes
        return _refused(task, ladder, f"the original cannot be loaded: {said(exc)}")
    given = list(samples_of(task.bundle, task.samples, reference, ladder.notes))
    for name, export in _exporters(task, ladder):
        if not _exported(task, name, export, ladder):
            continue
        verdict = _proved(task, name, reference, given, ladder)
        if verdict.outcome == "equal":
            return _ready(task, verdict, reference, given, ladder)
        _set_aside(task, verdict, ladder)
    if ladder.nearest is None:
        return _refused(task, ladder)
    opset = ladder.nearest.opset
    return Answer(
        "failed-proof",
        ladder.nearest.reason,
        ladder.nearest,
        opset=opset,
        notes=tuple(ladder.notes),
        files=task.listed(task.evidence, "evidence", opset),
    )


def _refused(task: Task, ladder: Ladder, reason: str | None = None) -> Answer:
    """Return why nothing was converted; a reason that no step has told yet is told by one."""
    if reason is not None:
        step = task.begin("convert", software=software(task.plugin.needs), used=task.claimed)
        task.steps.end(step, "failed", detail=reason)
        ladder.failures.append(reason)
    told = "\n".join(ladder.failures) or "no exporter takes this model"
    return Answer("not-convertible", told[:2048], notes=tuple(ladder.notes))


def samples_of(
    bundle: Bundle, samples: Sequence[str], reference: Reference, notes: list[str]
) -> Iterator[Feeds]:
    """Yield the author's own rows; what does not fit is said in a note."""
    for name in samples:
        try:
            yield from rows.read(bundle.path(name), reference.inputs)
        except HPCFairError as exc:
            notes.append(f"not used in the proof: {exc.detail}")


def _exporters(task: Task, ladder: Ladder) -> Iterator[tuple[str, Exporter]]:
    """Yield the exporters; one that cannot even be set up ends the ladder with its reason."""
    try:
        yield from task.plugin.exporters(task.bundle, task.claimed, task.opset)
    except Exception as exc:  # noqa: BLE001  # see climb
        _refused(task, ladder, said(exc))


def _exported(task: Task, name: str, export: Exporter, ladder: Ladder) -> bool:
    """Write the form of one exporter; whether it did."""
    task.clear(task.target)
    ladder.remarks.clear()
    step = task.begin("convert", name, software(task.plugin.needs), task.claimed)
    try:
        export(task.target)
    except Exception as exc:  # noqa: BLE001  # see climb
        reason = f"{name}: {said(exc)}"
        task.steps.end(step, "failed", detail=reason)
        ladder.failures.append(reason)
        return False
    opset = opset_of(task.target)
    generated = tuple(file.name for file in task.written(task.target))
    task.steps.end(step, "succeeded", generated=generated, opset=opset)
    if opset is not None and opset != task.opset:
        ladder.remarks.append(f"opset {task.opset} was asked for; {name} made opset {opset}")
    return True


def _proved(task: Task, name: str, reference: Reference, given: Sequence[Feeds], ladder: Ladder) -> Verdict:
    step = task.begin("verify", name, software(PROVING), (*task.claimed, task.target.name))
    found = proof(reference, task.target, task.seed, given)
    verdict = found.verdict
    ladder.remarks.extend(found.notes)
    equal = verdict.outcome == "equal"
    task.steps.end(
        step,
        "succeeded" if equal else "failed",
        detail=name if equal else f"{name}: {verdict.reason}",
        opset=verdict.opset,
        verdict=verdict,
    )
    return verdict


def _ready(
    task: Task, verdict: Verdict, reference: Reference, given: Sequence[Feeds], ladder: Ladder
) -> Answer:
    """Run the proved form once and describe it."""
    step = task.begin("smoke", software=software(PROVING[:1]), used=(task.target.name,))
    run = smoke(task.target, task.seed, reference, given)
    task.steps.end(step, "failed" if run.reason else "succeeded", detail=run.reason or run.detail)
    if run.reason:
        return _refused(task, ladder, run.reason)
    task.clear(task.evidence)
    answer = Answer(
        "ready",
        None,
        verdict,
        run.inputs,
        run.outputs,
        task.parameters(task.target),
        verdict.opset,
        (*ladder.notes, *ladder.remarks),
        task.listed(task.target, "converted", verdict.opset),
    )
    return task.portrayed(answer, task.target)


def _set_aside(task: Task, verdict: Verdict, ladder: Ladder) -> None:
    """Keep a form that failed as evidence, if it is the nearest so far."""
    before = ladder.nearest
    if before is None or _error(verdict) < _error(before):
        ladder.nearest = verdict
        task.clear(task.evidence)
        task.rename(task.target, task.evidence)
    task.clear(task.target)


def _error(verdict: Verdict) -> float:
    return float("inf") if verdict.normalised is None else verdict.normalised
