from __future__ import annotations

import json
import subprocess
from typing import Any

import pytest

from hpcfair_kg import protocol, tensors
from hpcfair_kg.activity import Verdict
from hpcfair_kg.artifact import Artifact, File, TensorSpec
from server import snippets

FORM = File("m.onnx", "onnx", "converted", 1, "0" * 64)


def model(*inputs: TensorSpec, shapes: Any = ()) -> Artifact:
    """Return a model that can be run."""
    return Artifact(
        "http://x/ark:/9/k",
        "k",
        "ada",
        "m",
        status="ready",
        files=(FORM,),
        inputs=inputs,
        outputs=(TensorSpec("y:0", "float32", ("n",)),),
        verdict=Verdict("equal", shapes=shapes),
    )


def by_title(artifact: Artifact) -> dict[str, str]:
    """Return the texts of the snippets."""
    return {snippet.title: snippet.text for snippet in snippets.snippets(artifact, "http://x")}


MIXED = model(
    TensorSpec("serving_default_x:0", "float32", ("n", "h", 3)),
    TensorSpec("mask", "bool", ("n", "h")),
    TensorSpec("ids", "int64", ("m",)),
    TensorSpec("texts", "string", ("n",)),
    shapes=((2, 5, 3), (1, 5, 3)),
)


def test_python_has_the_models_own_names_types_and_a_shape_that_was_tried() -> None:
    text = by_title(MIXED)["Python"]
    compile(text, "snippet", "exec")
    assert '"serving_default_x:0": np.zeros((2, 5, 3), dtype=np.float32)' in text
    assert '"mask": np.zeros((2, 5), dtype=bool)' in text
    assert '"ids": np.zeros((1,), dtype=np.int64)' in text
    assert 'answer["y:0"]' in text


@pytest.mark.parametrize(
    "artifact",
    [MIXED, model(TensorSpec("it's", "float32", (1, 3, 224, 224)), TensorSpec("b", "bool", (99,)))],
)
def test_curl_sends_what_the_protocol_takes(artifact: Artifact, tmp_path: Any) -> None:
    curl = tmp_path / "curl"
    curl.write_text(
        '#!/bin/sh\nwhile [ $# -gt 1 ]; do shift; done\n[ "$1" = @- ] && exec cat\nprintf %s "$1"\n'
    )
    curl.chmod(0o755)
    done = subprocess.run(
        ["sh", "-c", by_title(artifact)["curl"]],
        env={"PATH": f"{tmp_path}:/usr/bin:/bin"},
        capture_output=True,
        text=True,
        check=True,
    )
    arrays = tensors.unpack(*protocol.read(json.loads(done.stdout)["inputs"], memoryview(b"")))
    assert [(n, a.dtype.kind) for n, a in arrays.items()] == [
        (s.name, {"float32": "f", "bool": "b", "int64": "i", "string": "O"}[s.dtype]) for s in artifact.inputs
    ]


def test_cpp_names_everything() -> None:
    text = by_title(MIXED)["C++"]
    assert '"serving_default_x:0", "mask", "ids", "texts"' in text
    assert "shape0{2, 5, 3}" in text
    assert "CreateTensor<bool>" in text
    assert text.count("{") == text.count("}")


def test_what_cannot_be_run_can_be_fetched() -> None:
    pickled = Artifact("i", "k", "ada", "m", status="not-convertible")
    assert list(by_title(pickled)) == ["Download"]
    assert list(by_title(Artifact("i", "k", "ada", "m", kind="dataset", status="ready"))) == ["Download"]
    assert snippets.snippets(Artifact("i", "k", "ada", "m", status="withdrawn"), "http://x") == ()
