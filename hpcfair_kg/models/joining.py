"""The errand that makes one model of several: wired, merged into one ONNX file where the graphs allow, and proved."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from itertools import islice
from pathlib import Path
from typing import Any

from hpcfair_kg.activity import Step, Verdict
from hpcfair_kg.artifact import plain
from hpcfair_kg.errors import HPCFairError, NotRunnable
from hpcfair_kg.models import rows
from hpcfair_kg.models.chain import Chain, Part, spoken
from hpcfair_kg.models.infer import Array
from hpcfair_kg.models.merge import merge
from hpcfair_kg.models.steps import Steps, software
from hpcfair_kg.models.wiring import wire

MOST = 32
"""Rows of the input file that the proof is made on too."""


def join(
    parts: Sequence[Mapping[str, str]],
    out: str,
    seed: int,
    emit: Callable[[Mapping[str, Any]], None],
    input: str | None = None,
    wiring: Mapping[str, str] | None = None,
) -> dict[str, Any]:
    """Merge the models {name, path} into the file `out`, proved equal to running them one after the other.

    `input` is a file whose columns feed the chain; without it only the models'
    own inputs do.  Returns {wiring, links: [{name, wires}], inputs, outputs,
    verdict, reason, steps}: no verdict, and the reason, where the graphs cannot
    be merged; then there is no file.  Raises what `wire` raises.
    """
    steps, target = Steps(emit), Path(out)
    opened = [Part.open(part["name"], Path(part["path"])) for part in parts]
    reader = rows.reader(Path(input)) if input else None
    chain = wire(opened, reader.names if reader else None, wiring)
    samples = [] if reader is None else list(islice(reader.feeds(chain.inputs, MOST), 1))
    verdict, reason = _merged(steps, chain, target, seed, samples)
    return {
        "wiring": str(chain),
        "links": links(chain),
        "inputs": plain(chain.inputs),
        "outputs": plain(chain.outputs),
        "verdict": plain(verdict),
        "reason": reason,
        "steps": plain(tuple(steps.done)),
    }


def links(chain: Chain) -> list[dict[str, Any]]:
    """Return each model of a chain with what feeds its inputs, such as "memory <- encoder.state"."""
    return [
        {
            "name": part.name,
            "wires": sorted(f"{name} <- {spoken(chain.parts, s)}" for name, s in sources.items()),
        }
        for part, sources in zip(chain.parts, chain.wiring, strict=True)
    ]


def _merged(
    steps: Steps, chain: Chain, target: Path, seed: int, samples: Sequence[Mapping[str, Array]]
) -> tuple[Verdict | None, str | None]:
    used = tuple(part.path.name for part in chain.parts if part.path)
    step = steps.begin(Step("merge", "running", software=software(("onnx",)), used=used))
    try:
        verdict = merge(chain, target, seed=seed, samples=samples)
    except NotRunnable as exc:
        steps.end(step, "failed", detail=exc.detail)
        return None, exc.detail
    except HPCFairError as exc:
        steps.end(step, "failed", detail=exc.detail)
        raise
    steps.end(step, "succeeded", generated=(target.name,))
    proof = steps.begin(
        Step(
            "verify:merged", "running", software=software(("onnxruntime", "numpy")), used=(*used, target.name)
        )
    )
    equal = verdict.outcome == "equal"
    steps.end(proof, "succeeded" if equal else "failed", detail=verdict.reason, verdict=verdict)
    reason = None if equal else f"the merged file is not equal to the chained run: {verdict.reason}"
    return verdict, reason
