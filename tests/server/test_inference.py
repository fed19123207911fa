from __future__ import annotations

import gzip
import json
import zlib
from typing import Any

import numpy as np
import pytest
from werkzeug.test import TestResponse

from hpcfair_kg.protocol import HEADER
from tests.server.parts import Filled, form, scaler

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


def binary(filled: Filled, data: bytes, size: int, header: int | None = None, **asked: Any) -> TestResponse:
    """Ask for an inference on two rows that are sent as bytes."""
    told = {"name": "x", "shape": [2, 3], "datatype": "FP32", "parameters": {"binary_data_size": size}}
    text = json.dumps({"inputs": [told], **asked}).encode()
    headers = filled.headers | {HEADER: str(len(text) if header is None else header)}
    return filled.client.post("/v2/models/ada%2Fscaler/infer", data=text + data, headers=headers)


ROWS = np.arange(6, dtype="<f4").tobytes()


def test_bytes_in_json_or_bytes_out(filled: Filled) -> None:
    answer = binary(filled, ROWS, 24)
    assert answer.get_json()["outputs"][0]["data"] == [0, 2, 4, 6, 8, 10]
    for asked in (
        {"parameters": {"binary_data_output": True}},
        {"outputs": [{"name": "y", "parameters": {"binary_data": True}}]},
    ):
        answer = binary(filled, ROWS, 24, **asked)
        document, tail = (
            answer.data[: int(answer.headers[HEADER])],
            answer.data[int(answer.headers[HEADER]) :],
        )
        assert json.loads(document)["outputs"][0]["parameters"] == {"binary_data_size": 24}
        assert np.frombuffer(tail, "<f4").tolist() == [0, 2, 4, 6, 8, 10]
        assert answer.headers["X-Content-Type-Options"] == "nosniff"


@pytest.mark.parametrize(
    ("data", "size", "header"), [(ROWS[:-1], 24, None), (ROWS, 20, None), (ROWS, 24, 10_000), (ROWS, 24, 5)]
)
def test_bytes_that_do_not_fit_are_told_what_would(
    filled: Filled, data: bytes, size: int, header: int | None
) -> None:
    answer = binary(filled, data, size, header)
    assert (answer.status_code, answer.get_json()["type"].rpartition("/")[2]) == (422, "wrong-input")
    assert answer.get_json()["expected"] == [{"name": "x", "dtype": "float32", "shape": ["batch", 3]}]
    assert answer.get_json()["error"] == answer.get_json()["detail"]


def test_a_compressed_body_is_unpacked(filled: Filled) -> None:
    text = json.dumps({"inputs": [X]}).encode()
    for encoding, data in (("gzip", gzip.compress(text)), ("deflate", zlib.compress(text))):
        headers = filled.headers | {"Content-Encoding": encoding}
        answer = filled.client.post("/v2/models/ada%2Fscaler/infer", data=data, headers=headers)
        assert answer.status_code == 200, answer.text
        cut = filled.client.post("/v2/models/ada%2Fscaler/infer", data=data[:9], headers=headers)
        assert cut.status_code == 422
    headers = filled.headers | {"Content-Encoding": "br"}
    refused = filled.client.post("/v2/models/ada%2Fscaler/infer", data=text, headers=headers)
    assert refused.status_code == 415


def test_what_is_not_offered_is_refused_by_name(filled: Filled) -> None:
    asked = {"inputs": [X], "outputs": [{"name": "y", "parameters": {"classification": 2}}]}
    answer = infer(filled, "ada%2Fscaler", asked)
    assert answer.status_code == 422
    assert "classification" in answer.get_json()["detail"]


def test_the_repository_is_listed(filled: Filled) -> None:
    every = {one["name"]: one for one in filled.client.post("/v2/repository/index").get_json()}
    assert every["ada/scaler"] == {"name": "ada/scaler", "version": "1.0", "state": "READY", "reason": ""}
    assert every["ada/old"]["state"] == "UNAVAILABLE"
    assert "ada/people" not in every
    ready = filled.client.post("/v2/repository/index", json={"ready": True}).get_json()
    assert "ada/old" not in {one["name"] for one in ready}


def test_models_are_loaded_and_let_go(filled: Filled) -> None:
    def post(verb: str, name: str = "ada%2Fscaler", **options: Any) -> int:
        return filled.client.post(f"/v2/repository/models/{name}/{verb}", **options).status_code

    held = filled.hub.serving.status
    assert post("unload", headers=filled.headers) == 200
    before = held()["open"]
    assert post("load", headers=filled.headers) == 200
    assert held()["open"] == before + 1
    assert post("unload", headers=filled.headers) == 200
    assert held()["open"] == before
    assert infer(filled, "ada%2Fscaler", {"inputs": [X]}).status_code == 200
    assert post("load") == 401
    assert post("load", "ada%2Fold", headers=filled.headers) == 409
    assert post("load", headers=filled.headers, json={"parameters": {"config": "{}"}}) == 422


def test_a_configuration_as_triton_words_it(filled: Filled) -> None:
    config = filled.client.get("/v2/models/ada%2Fscaler/config").get_json()
    assert (config["max_batch_size"], config["backend"]) == (0, "onnxruntime")
    assert config["input"] == [{"name": "x", "data_type": "TYPE_FP32", "dims": [-1, 3]}]


def test_a_name_leads_to_its_newest_version_at_once(filled: Filled) -> None:
    sent = filled.send({"name": "grows", "license": "MIT"}, ("m.onnx", scaler(31.0)), Prefer="wait=60")
    first = infer(filled, "ada%2Fgrows", {"inputs": [X]}).get_json()
    key = sent.get_json()["key"]
    body = form({"version": "2.0"}, ("m.onnx", scaler(32.0)))
    more = filled.client.post(
        f"/api/artifacts/{key}/versions", data=body, headers=filled.headers | {"Prefer": "wait=60"}
    )
    assert more.status_code == 201, more.text
    second = infer(filled, "ada%2Fgrows", {"inputs": [X]}).get_json()
    assert (first["model_version"], second["model_version"]) == ("1.0", "2.0")
    old = infer(filled, "ada%2Fgrows/versions/1.0", {"inputs": [X]}).get_json()
    assert old["outputs"][0]["data"][0] == 31.0
