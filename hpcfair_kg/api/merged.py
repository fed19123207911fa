"""One ONNX file of a chain, beside the output of the run that it must equal."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from hpcfair_kg.activity import Verdict
from hpcfair_kg.api.asked import opset_warning
from hpcfair_kg.api.conversion import SEED
from hpcfair_kg.api.results import Collaborated
from hpcfair_kg.api.running import Named, Ran, hashed, recorded, steps_of, unheard
from hpcfair_kg.artifact import build
from hpcfair_kg.config import Task
from hpcfair_kg.models.joining import join


def merged(
    task: Task, parts: Sequence[Named], source: Path | None, result: Collaborated, run: Ran
) -> Collaborated:
    """Return the run of a chain with its one ONNX file beside it, proved equal; or why there is none.

    A file that fails its proof is kept as evidence.
    """
    path = beside(task, [part["name"] for part in parts], [Path(part["path"]) for part in parts])
    path.parent.mkdir(parents=True, exist_ok=True)
    answer = join(list(parts), str(path), SEED, unheard, str(source) if source else None, task.wiring)
    verdict = build(Verdict, answer["verdict"]) if answer["verdict"] else None
    made = (hashed(path, "output"),) if verdict else ()
    whole = replace(run, steps=(*run.steps, *steps_of(answer)), made=(*run.made, *made))
    result = replace(result, wiring=answer["wiring"], verdict=verdict)
    record = recorded(task, whole, next(iter(task.outputs), path if verdict else None))
    if verdict is not None and verdict.outcome == "equal":
        warnings = (*result.warnings, *opset_warning(task, verdict.opset))
        return replace(result, merged=path, warnings=warnings, record=record)
    evidence = path.rename(path.with_name(f"{path.stem}.evidence.onnx")) if verdict else None
    return replace(result, evidence=evidence, warnings=(*result.warnings, answer["reason"]), record=record)


def beside(task: Task, names: Sequence[str], parts: Sequence[Path] = ()) -> Path:
    """Return where the merged file goes: out.onnx beside out.txt, unless that is one of the parts."""
    output = task.outputs[0] if task.outputs else Path("-".join(names) + ".onnx")
    path = output.with_suffix(".onnx")
    taken = {part.resolve() for part in parts}
    return path.with_suffix(".merged.onnx") if path.resolve() in taken else path
