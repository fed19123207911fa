"""One ONNX file of a chain, beside the output of the run that it must equal."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from hpcfair_kg.api.asked import opset_warning
from hpcfair_kg.api.conversion import SEED
from hpcfair_kg.api.results import Collaborated
from hpcfair_kg.config import Task
from hpcfair_kg.errors import NotRunnable
from hpcfair_kg.models.chain import Chain
from hpcfair_kg.models.infer import Array
from hpcfair_kg.models.merge import merge


def merged(
    task: Task, chain: Chain, samples: Sequence[Mapping[str, Array]], run: Collaborated
) -> Collaborated:
    """Return the run of a chain with its one ONNX file beside it, proved equal; or why there is none.

    A file that fails its proof is kept as evidence.
    """
    path = _beside(task, chain)
    path.parent.mkdir(parents=True, exist_ok=True)
    try:
        verdict = merge(chain, path, seed=SEED, samples=samples)
    except NotRunnable as exc:
        return replace(run, warnings=(*run.warnings, exc.detail))
    if verdict.outcome == "equal":
        return replace(run, merged=path, verdict=verdict, warnings=opset_warning(task, verdict.opset))
    reason = f"the merged file is not equal to the chained run: {verdict.reason}"
    evidence = path.rename(path.with_name(f"{path.stem}.evidence.onnx"))
    return replace(run, evidence=evidence, verdict=verdict, warnings=(*run.warnings, reason))


def _beside(task: Task, chain: Chain) -> Path:
    """Return where the merged file goes: out.onnx beside out.txt, unless that is one of the parts."""
    output = task.outputs[0] if task.outputs else Path("-".join(part.name for part in chain.parts) + ".onnx")
    path = output.with_suffix(".onnx")
    parts = {part.path.resolve() for part in chain.parts if part.path}
    return path.with_suffix(".merged.onnx") if path.resolve() in parts else path
