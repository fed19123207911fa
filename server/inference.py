"""Open Inference Protocol v2 on the proved ONNX forms, tensors as JSON.

https://github.com/kserve/open-inference-protocol; a model's name is an ID with
"/" written %2F, or the key.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flask import Blueprint, Response, request

from hpcfair_kg import __version__
from hpcfair_kg.artifact import Artifact, TensorSpec, plain
from hpcfair_kg.errors import Busy, NotRunnable, WrongInput
from server import tensors
from server.access import allowed, hub, principal
from server.replies import json_object, json_reply

blueprint = Blueprint("inference", __name__, url_prefix="/v2")

LARGEST = 256 << 20
"""Bytes that an inference request may have."""


@blueprint.get("")
def server() -> Response:
    """Answer the server's metadata."""
    return json_reply({"name": "hpcfair-kg", "version": __version__, "extensions": []})


@blueprint.get("/health/live")
def live() -> Response:
    """Answer that the service can be spoken to."""
    return json_reply({"live": True})


@blueprint.get("/health/ready")
def ready() -> Response:
    """Answer whether models can be run; raises `Busy` until then."""
    if not hub().ready():
        raise Busy("the service is still filling its catalogue")
    return json_reply({"ready": True})


@blueprint.get("/models/<path:name>")
@blueprint.get("/models/<path:name>/versions/<version>")
def model(name: str, version: str | None = None) -> Response:
    """Answer a model's metadata: what it takes and what it gives."""
    artifact = _runnable(name, version)
    return json_reply(
        {
            "name": name,
            "versions": [a.version for a in hub().versions(artifact, principal()) if a.runnable],
            "platform": "onnxruntime_onnx",
            "inputs": [_described(spec) for spec in artifact.inputs],
            "outputs": [_described(spec) for spec in artifact.outputs],
        }
    )


@blueprint.get("/models/<path:name>/ready")
@blueprint.get("/models/<path:name>/versions/<version>/ready")
def model_ready(name: str, version: str | None = None) -> Response:
    """Answer that a model can be run; raises `NotRunnable` saying why it cannot."""
    _runnable(name, version)
    return json_reply({"name": name, "ready": True})


@blueprint.post("/models/<path:name>/infer")
@blueprint.post("/models/<path:name>/versions/<version>/infer")
def infer(name: str, version: str | None = None) -> Response:
    """Run a model on the tensors of the request."""
    caller = allowed("run")
    artifact = _runnable(name, version)
    request.max_content_length = LARGEST
    asked = json_object(request.get_data(cache=False), "the inference request")
    feeds = tensors.read(asked.get("inputs"), artifact.inputs)
    answer = hub().infer(artifact.key, feeds, _outputs(asked, artifact), caller)
    document = {
        "model_name": name,
        "model_version": artifact.version,
        "outputs": [tensors.written(output, array) for output, array in answer.items()],
    }
    if isinstance(asked.get("id"), str):
        document["id"] = asked["id"]
    return json_reply(document)


def _runnable(name: str, version: str | None) -> Artifact:
    artifact = hub().find(name, principal())
    if version is not None and version != artifact.version:
        artifact = hub().find(f"{artifact.owner}/{artifact.name}@{version}", principal())
    artifact.require_present()
    if artifact.runnable is None:
        reason = artifact.obstacle
        raise NotRunnable(f"{artifact.owner}/{artifact.name} cannot be run: {reason}", reason=reason)
    return artifact


def _outputs(asked: Mapping[str, Any], artifact: Artifact) -> list[str] | None:
    outputs = asked.get("outputs")
    if not outputs:
        return None
    try:
        return [str(output["name"]) for output in outputs]
    except (TypeError, KeyError) as exc:
        expected = [plain(spec) for spec in artifact.outputs]
        raise WrongInput('"outputs" must be a list of objects with a "name"', expected=expected) from exc


def _described(spec: TensorSpec) -> dict[str, Any]:
    shape = [-1 if isinstance(size, str) else size for size in spec.shape]
    return {"name": spec.name, "datatype": tensors.DATATYPES.get(spec.dtype, spec.dtype), "shape": shape}
