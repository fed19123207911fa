from __future__ import annotations

from typing import Any

import pytest
from werkzeug.test import TestResponse

from tests.server.parts import Filled, scaler

X = {"name": "x", "shape": [2, 3], "datatype": "FP32", "data": [1, 2, 3, 4, 5, 6]}


def infer(filled: Filled, name: str, document: Any, **headers: str) -> TestResponse:
    """Ask for an inference with ada's token."""
    return filled.client.post(f"/v2/models/{name}/infer", json=document, headers=filled.headers | headers)


def test_the_server_names_itself(filled: Filled) -> None:
    assert filled.client.get("/v2").get_json()["name"] == "hpcfair-kg"
    assert filled.client.get("/v2/health/live").get_json() == {"live": True}
    assert filled.client.get("/v2/health/ready").get_json() == {"ready": True}


def test_a_model_says_what_it_takes(filled: Filled) -> None:
    model = filled.client.get("/v2/models/ada%2Fscaler").get_json()
    assert model["inputs"] == [{"name": "x", "datatype": "FP32", "shape": [-1, 3]}]
    assert model["outputs"] == [{"name": "y", "datatype": "FP32", "shape": [-1, 3]}]
    assert model["versions"] == ["1.0"]
    assert filled.client.get(f"/v2/models/{filled.model.key}/ready").get_json()["ready"] is True
    assert filled.client.get("/v2/models/ada%2Fscaler/versions/1.0").status_code == 200
    assert filled.client.get("/v2/models/ada%2Fscaler/versions/9").status_code == 404


@pytest.mark.parametrize("name", ["ada%2Fscaler", "ada%2Fscaler@1.0", "{key}", "ark:%2F99999%2F{key}"])
def test_tensors_in_tensors_out(filled: Filled, name: str) -> None:
    answer = infer(
        filled, name.format(key=filled.model.key), {"id": "7", "inputs": [X], "outputs": [{"name": "y"}]}
    )
    assert answer.status_code == 200, answer.text
    told = answer.get_json()
    assert (told["id"], told["model_version"]) == ("7", "1.0")
    assert told["outputs"] == [
        {"name": "y", "datatype": "FP32", "shape": [2, 3], "data": [2, 4, 6, 8, 10, 12]}
    ]


@pytest.mark.parametrize(
    "document",
    [
        {"inputs": [X | {"name": "z"}]},
        {"inputs": [X | {"shape": [3, 2]}]},
        {"inputs": [X | {"datatype": "BYTES", "data": list("abcdef")}]},
        {"inputs": []},
        {"inputs": [X], "outputs": [{"name": "nothing"}]},
        {"inputs": [X], "outputs": ["y"]},
    ],
)
def test_the_wrong_input_is_told_the_right_one(filled: Filled, document: Any) -> None:
    answer = infer(filled, "ada%2Fscaler", document)
    assert answer.status_code == 422, answer.text
    assert answer.get_json()["type"].endswith("/problems/wrong-input")
    assert answer.get_json()["expected"]


def test_a_body_that_is_no_json(filled: Filled) -> None:
    answer = filled.client.post("/v2/models/ada%2Fscaler/infer", data=b"\x00", headers=filled.headers)
    assert answer.status_code == 422


def test_what_cannot_be_run_says_why(filled: Filled) -> None:
    for answer in (
        infer(filled, "ada%2Fold", {"inputs": [X]}),
        filled.client.get("/v2/models/ada%2Fold/ready"),
    ):
        assert answer.status_code == 409
        assert answer.get_json()["type"].endswith("/problems/not-runnable")
        assert answer.get_json()["reason"]


def test_a_withdrawn_model_is_gone(filled: Filled) -> None:
    sent = filled.send({"name": "gone", "license": "MIT"}, ("m.onnx", scaler(21.0)), Prefer="wait=60")
    key = sent.get_json()["key"]
    filled.client.delete(f"/api/artifacts/{key}", headers=filled.headers)
    answer = infer(filled, key, {"inputs": [X]})
    assert (answer.status_code, answer.get_json()["type"].rpartition("/")[2]) == (410, "withdrawn")


def test_running_needs_its_scope(filled: Filled) -> None:
    assert filled.client.post("/v2/models/ada%2Fscaler/infer", json={"inputs": [X]}).status_code == 401
    reader = filled.hub.accounts.create("eve", ("read", "write"))
    refused = infer(filled, "ada%2Fscaler", {"inputs": [X]}, Authorization=f"Bearer {reader}")
    assert refused.status_code == 403
