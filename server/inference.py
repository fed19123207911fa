"""Open Inference Protocol v2 on the proved ONNX forms: what there is, what it takes, and having it ready.

https://github.com/kserve/open-inference-protocol, with Triton's model
repository and model configuration extensions; a model's name is an ID with "/"
written %2F, or the key.  Inference itself takes the short way of `direct`.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import orjson
from flask import Blueprint, Response, request

from hpcfair_kg import __version__
from hpcfair_kg.artifact import Artifact, TensorSpec
from hpcfair_kg.errors import Busy, WrongInput
from hpcfair_kg.hub import Hub
from hpcfair_kg.knowledge.walk import START, Mark, Walk
from hpcfair_kg.models.processing.pipeline import Pipeline
from hpcfair_kg.protocol import BINARY, DATATYPES
from server.access import allowed, hub, principal
from server.direct import FAILED, spoken
from server.replies import json_object, json_reply

blueprint = Blueprint("inference", __name__, url_prefix="/v2")

EXTENSIONS = (BINARY, "model_repository", "model_configuration")
PLATFORM = "onnxruntime_onnx"
_MODELS = Walk("created", kind="model", withdrawn=False)


@blueprint.get("")
def server() -> Response:
    """Answer the server's metadata."""
    return json_reply({"name": "hpcfair-kg", "version": __version__, "extensions": list(EXTENSIONS)})


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
def model(name: str, version: str = "") -> Response:
    """Answer a model's metadata: its tensors, and among the parameters what its processing takes and gives."""
    artifact = _runnable(name, version)
    return json_reply(
        _processing(artifact)
        | {
            "name": name,
            "versions": [a.version for a in hub().versions(artifact, principal()) if a.runnable],
            "platform": PLATFORM,
            "inputs": [_described(spec) for spec in artifact.inputs],
            "outputs": [_described(spec) for spec in artifact.outputs],
        }
    )


@blueprint.get("/models/<path:name>/config")
@blueprint.get("/models/<path:name>/versions/<version>/config")
def config(name: str, version: str = "") -> Response:
    """Answer a model's configuration as Triton words it: no batching, run by onnxruntime."""
    artifact = _runnable(name, version)
    return json_reply(
        {
            "name": name,
            "platform": PLATFORM,
            "backend": "onnxruntime",
            "max_batch_size": 0,
            "input": [_configured(spec) for spec in artifact.inputs],
            "output": [_configured(spec) for spec in artifact.outputs],
        }
    )


@blueprint.get("/models/<path:name>/ready")
@blueprint.get("/models/<path:name>/versions/<version>/ready")
def model_ready(name: str, version: str = "") -> Response:
    """Answer that a model can be run; raises `NotRunnable` saying why it cannot."""
    _runnable(name, version)
    return json_reply({"name": name, "ready": True})


@blueprint.post("/models/<path:name>/infer")
@blueprint.post("/models/<path:name>/versions/<version>/infer")
def infer(name: str, version: str = "") -> Response:
    """Raise what kept a request from being answered: `direct` has tried."""
    failed: Exception = request.environ[FAILED]
    raise failed


@blueprint.post("/repository/index")
def index() -> Response:
    """Answer every public model, the oldest first, with its state: READY is what can be asked, open or not."""
    asked = _asked()
    return Response(_listed(hub(), asked.get("ready") is True), content_type="application/json")


@blueprint.post("/repository/models/<path:name>/load")
def load(name: str) -> Response:
    """Open a model and run it once; raises `WrongInput` for a configuration of the caller's, which none is taken."""
    caller = allowed("run")
    if _asked().get("parameters"):
        raise WrongInput("models are run as they were proved: no configuration or file of another is taken")
    hub().serving.load(hub().runnable(spoken(name), caller))
    return json_reply({})


@blueprint.post("/repository/models/<path:name>/unload")
def unload(name: str) -> Response:
    """Let an open model go; it stays ready, for the next request opens it again."""
    caller = allowed("run")
    hub().serving.unload(hub().runnable(spoken(name), caller))
    return json_reply({})


def _runnable(name: str, version: str) -> Artifact:
    return hub().runnable(spoken(name), principal(), version)


def _asked() -> dict[str, Any]:
    body = request.get_data()
    return json_object(body, "the request") if body else {}


def _listed(catalogue: Hub, only_ready: bool) -> Iterator[bytes]:
    """Yield the list piece by piece: a catalogue may hold many models."""
    yield b"["
    after: Mark | None = START
    comma = b""
    while after is not None:
        stretch = catalogue.changed(_MODELS, after)
        for hit in stretch.hits():
            state = _state(hit)
            if state["state"] == "READY" or not only_ready:
                yield comma + orjson.dumps(state)
                comma = b","
        after = stretch.next
    yield b"]"


def _state(hit: dict[str, Any]) -> dict[str, str]:
    runs = hit["status"] == "ready"
    return {
        "name": f"{hit['owner']}/{hit['name']}",
        "version": hit["version"],
        "state": "READY" if runs else "UNAVAILABLE",
        "reason": "" if runs else f"its status is {hit['status']}",
    }


def _described(spec: TensorSpec) -> dict[str, Any]:
    shape = [-1 if isinstance(size, str) else size for size in spec.shape]
    return {"name": spec.name, "datatype": DATATYPES.get(spec.dtype, spec.dtype), "shape": shape}


def _processing(artifact: Artifact) -> dict[str, Any]:
    """Return what can be given instead of the model's own inputs, and what is added to its outputs, where that is."""
    pipeline = Pipeline.on(artifact)
    if not pipeline.steps:
        return {}
    sides = {"inputs": pipeline.inputs, "outputs": pipeline.outputs}
    return {
        "parameters": {
            "processing": {side: [_described(spec) for spec in specs] for side, specs in sides.items()}
        }
    }


def _configured(spec: TensorSpec) -> dict[str, Any]:
    described = _described(spec)
    word = {"BYTES": "STRING"}.get(described["datatype"], described["datatype"])
    return {"name": spec.name, "data_type": f"TYPE_{word}", "dims": described["shape"]}
