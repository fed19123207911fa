"""Conversion: each model has its ONNX form, proved equal, or the reason why it has none."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from hpcfair_kg.artifact import Artifact
from hpcfair_kg.errors import InvalidConfig
from hpcfair_kg.runs.base import Doer
from hpcfair_kg.runs.desk import Desk


def perform(desk: Desk) -> Mapping[str, Any]:
    """Convert what is not converted yet, and return the records with their verdicts."""
    return {"artifacts": [_converted(desk, artifact).record() for artifact in desk.models()]}


def _converted(desk: Desk, artifact: Artifact) -> Artifact:
    if artifact.kind != "model":
        raise InvalidConfig(f"model_file names {artifact.id}, which is a {artifact.kind}, no model")
    if artifact.status == "registered" and artifact.owner == desk.principal.owner:
        desk.rooms.ingest.again(artifact)
    if artifact.job:
        desk.rooms.ingest.jobs.wait(artifact.job, 24 * 3600)
    return desk.rooms.catalogue.get(artifact.key)


PLUGINS = (Doer("conversion", perform),)
