"""What the server's tests send, and the catalogue that they send it to."""

from __future__ import annotations

import io
import json
import pickle
from dataclasses import dataclass
from typing import Any

from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from hpcfair_kg.artifact import Artifact
from hpcfair_kg.hub import Hub

PICKLE = pickle.dumps({"weights": [1.0, 2.0]})
CSV = b"height,weight\n1.7,60\n1.8,70\n"


def scaler(factor: float = 2.0, name: str = "x") -> bytes:
    """Return an ONNX model that multiplies each row of three numbers."""
    import onnx
    from onnx import TensorProto, helper

    graph = helper.make_graph(
        [helper.make_node("Mul", [name, "w"], ["y"])],
        "scaler",
        [helper.make_tensor_value_info(name, TensorProto.FLOAT, ["batch", 3])],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, ["batch", 3])],
        [helper.make_tensor("w", TensorProto.FLOAT, [1], [factor])],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=9)
    onnx.checker.check_model(model)
    return bytes(model.SerializeToString())


def form(metadata: Any, *files: tuple[str, bytes]) -> dict[str, Any]:
    """Return an upload as Flask's client takes it."""
    text = metadata if isinstance(metadata, str) else json.dumps(metadata)
    return {"metadata": text, "file": [(io.BytesIO(data), name) for name, data in files]}


@dataclass(frozen=True)
class Filled:
    """A catalogue with something in it, its client, and the headers of a token of ada's."""

    hub: Hub
    client: FlaskClient
    headers: dict[str, str]
    model: Artifact
    dataset: Artifact
    broken: Artifact

    def send(self, metadata: Any, *files: tuple[str, bytes], **headers: str) -> TestResponse:
        """Send an upload with ada's token."""
        return self.client.post("/api/artifacts", data=form(metadata, *files), headers=self.headers | headers)

    @property
    def blobs(self) -> set[str]:
        """The names of all files in the blob store."""
        return {path.name for path in self.hub.blobs.folder.rglob("*") if path.is_file()}
