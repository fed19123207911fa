"""Collaboration: models in sequence over a file, merged into one where the graphs allow, kept as a workflow and a model."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from typing import Any

import yaml

from hpcfair_kg.artifact import Artifact
from hpcfair_kg.config import NO_LICENCE
from hpcfair_kg.errors import HPCFairError, InvalidConfig
from hpcfair_kg.ingest.drafts import Upload
from hpcfair_kg.ingest.stage import seed
from hpcfair_kg.knowledge.metadata import slug
from hpcfair_kg.runs.base import Doer
from hpcfair_kg.runs.desk import Desk
from hpcfair_kg.runs.models import CORE, Laid, laid, output_name, over

MERGED = "merged.onnx"
PLAN = "collaboration.yaml"


def perform(desk: Desk) -> Mapping[str, Any]:
    """Run a chain over its input, merge it, prove that, and keep both the workflow and the merged model."""
    artifacts = [artifact for artifact, _ in desk.runnable()]
    names = [model.name for model in desk.task.models]
    if len(artifacts) < 2:
        raise InvalidConfig("model_file names one model; a collaboration is of two or more")
    result: dict[str, Any] = {"models": [artifact.id for artifact in artifacts], "warnings": []}
    with laid(desk, artifacts, names, next(iter(desk.task.inputs), None)) as found:
        if found.input:
            result |= over(desk, found, output_name(desk))
        joined = _joined(desk, found, artifacts)
        result |= {"wiring": joined["wiring"], "verdict": joined["verdict"]}
        equal = joined["reason"] is None
        result["warnings"] += [] if equal else [joined["reason"]]
        if equal:
            desk.keep(found.stage.results(MERGED), MERGED, "application/onnx")
    return result | _entered(desk, artifacts, joined, equal, result["warnings"])


def _joined(desk: Desk, found: Laid, artifacts: Sequence[Artifact]) -> Mapping[str, Any]:
    arguments = {
        "parts": list(found.parts),
        "out": str(found.stage.out / MERGED),
        "seed": seed(artifacts[0]),
        "input": found.input,
        "wiring": dict(desk.task.wiring),
    }
    answer: Mapping[str, Any] = desk.ask(
        found.stage, "models.joining:join", arguments, found.spoken, preload=CORE
    )
    return answer


def _entered(
    desk: Desk, artifacts: Sequence[Artifact], joined: Mapping[str, Any], equal: bool, warnings: list[str]
) -> dict[str, Any]:
    """Take the chain into the catalogue, and the merged model, where the caller may write."""
    if not desk.principal.scopes & {"write", "admin"}:
        warnings.append("the token does not allow to write: the workflow and the merged model are not kept")
        return {}
    try:
        workflow = _workflow(desk, artifacts, joined)
        model = _model(desk, artifacts, workflow, joined) if equal else None
    except HPCFairError as exc:
        warnings.append(f"not kept in the catalogue: {exc.detail}")
        return {}
    return {"workflow": workflow.id, "merged": model and model.id}


def _workflow(desk: Desk, artifacts: Sequence[Artifact], joined: Mapping[str, Any]) -> Artifact:
    links = [{**link, "model": a.id} for link, a in zip(joined["links"], artifacts, strict=True)]
    text = _plan(links).encode()
    document = {
        **_described(desk, artifacts, "workflow", hashlib.sha256(text).hexdigest()[:8]),
        "title": "Chain of " + " and ".join(link["name"] for link in links),
        "description": joined["wiring"],
        "chain": links,
    }
    return desk.enter({**document, **desk.task.metadata}, [Upload(PLAN, desk.kept_bytes(text))])


def _proof(desk: Desk, joined: Mapping[str, Any]) -> str:
    """Return in words what was proved of the merged file."""
    verdict = joined["verdict"]
    return (
        f"Equal to running its components one after the other, within {verdict['normalised'] or 0:.1e} (normalised) "
        f"on {len(verdict['shapes'])} shapes, seed {verdict['seed']}: {desk.rooms.records.iri(desk.run.id)}"
    )


def _model(
    desk: Desk, artifacts: Sequence[Artifact], workflow: Artifact, joined: Mapping[str, Any]
) -> Artifact:
    file = desk.run.file(MERGED)
    assert file is not None
    document = {
        **_described(desk, artifacts, "model", file.sha256[:8]),
        "title": f"{workflow.title}, merged",
        "description": _proof(desk, joined),
        "components": sorted({artifact.id for artifact in artifacts}),
        "derived_from": sorted({artifact.id for artifact in artifacts}),
        "workflow": workflow.id,
    }
    if task := artifacts[-1].task:
        document["task"] = task
    return desk.enter(document, [Upload(MERGED, desk.blob(file))])


def _described(desk: Desk, artifacts: Sequence[Artifact], kind: str, mark: str) -> dict[str, Any]:
    """Return what a workflow and its model say alike; the mark makes the name that content's own."""
    stem = slug("-".join(model.name for model in desk.task.models))[:80]
    licences = sorted({artifact.license for artifact in artifacts})
    tags = sorted({*(tag for artifact in artifacts for tag in artifact.tags), *desk.task.tags})
    return {
        "name": f"{stem}-{mark}",
        "kind": kind,
        "license": desk.task.license or (licences[0] if len(licences) == 1 else NO_LICENCE),
        "tags": tags,
    }


def _plan(links: Sequence[Mapping[str, Any]]) -> str:
    """Return the chain as the configuration that runs it again."""
    wiring = {
        f"{link['name']}.{wire.partition(' <- ')[0]}": wire.partition(" <- ")[2].replace(
            "input ", "input.", 1
        )
        for link in links
        for wire in link["wires"]
    }
    document = {
        "general_args": {"task": "inference", "tag": "collaboration", "backend": "onnx"},
        "task_args": {
            "model_name": [link["name"] for link in links],
            "model_file": [link["model"] for link in links],
            "wiring": wiring,
        },
    }
    return yaml.safe_dump(document, sort_keys=False)


PLUGINS = (Doer("collaboration", perform),)
