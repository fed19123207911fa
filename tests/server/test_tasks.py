from __future__ import annotations

import io
import json
from typing import Any

import pytest

from tests.server.parts import CSV, Filled

YAML = "general_args: {task: conversion}\nmodel_args: {model_file: ada/scaler}\n"


def post(filled: Filled, config: str, *files: tuple[str, bytes], wait: int = 60, **headers: str) -> Any:
    told = filled.headers | {"Prefer": f"wait={wait}"} | headers
    if not files:
        return filled.client.post("/api/tasks", data=config, content_type="application/yaml", headers=told)
    form = {"config": config, "file": [(io.BytesIO(body), name) for name, body in files]}
    return filled.client.post("/api/tasks", data=form, headers=told)


def test_a_conversion_of_what_is_here_answers_its_verdict(filled: Filled) -> None:
    answer = post(filled, YAML)
    run = answer.get_json()
    assert (answer.status_code, run["state"], run["task"], run["owner"]) == (
        200,
        "succeeded",
        "conversion",
        "ada",
    )
    assert answer.headers["Location"] == f"/api/jobs/{run['id']}"
    assert run["result"]["artifacts"][0]["verdict"]["outcome"] == "consistent"
    assert run["used"] == [filled.model.id]
    assert run["plan"]["model_args"] == {"model_file": "ada/scaler"}


def test_a_file_that_comes_with_the_task_is_stored(filled: Filled) -> None:
    config = {"general_args": {"task": "store"}, "task_args": {"model_file": "more.csv", "license": "MIT"}}
    run = post(filled, json.dumps(config), ("more.csv", CSV + b"9,9\n")).get_json()
    assert run["state"] == "succeeded", run
    assert [(f["name"], f["role"]) for f in run["files"]] == [
        ("more.csv", "input"),
        ("result.json", "output"),
    ]
    assert run["result"]["artifacts"][0]["name"] == "more"
    assert run["generated"] == [run["result"]["artifacts"][0]["id"]]
    assert filled.client.get(f"/api/jobs/{run['id']}", headers=filled.headers).get_json() == run
    sent = filled.client.get(f"/api/jobs/{run['id']}/files/more.csv", headers=filled.headers)
    assert sent.data == CSV + b"9,9\n"


def test_what_came_of_it_is_for_who_asked_only(filled: Filled) -> None:
    run = post(filled, YAML).get_json()
    seen = filled.client.get(f"/api/jobs/{run['id']}").get_json()
    assert "result" not in seen
    assert "url" not in seen["files"][0]
    address = f"/api/jobs/{run['id']}/files/result.json"
    assert filled.client.get(address).status_code == 401
    eve = {"Authorization": f"Bearer {filled.hub.accounts.create('eve')}"}
    assert filled.client.get(address, headers=eve).status_code == 403
    assert filled.client.delete(f"/api/jobs/{run['id']}", headers=eve).status_code == 403
    assert filled.client.delete(f"/api/jobs/{run['id']}", headers=filled.headers).status_code == 409


def test_it_stands_in_the_graph(filled: Filled) -> None:
    run = post(filled, YAML).get_json()
    asked = f"ASK {{ GRAPH ?g {{ <{run['iri']}> a <https://w3id.org/hpcfair-kg/ns#Run> }} }}"
    answer = filled.client.get(
        "/sparql", query_string={"query": asked}, headers={"Accept": "application/sparql-results+json"}
    )
    assert json.loads(answer.data)["boolean"] is True


def test_events_end_with_done(filled: Filled) -> None:
    run = post(filled, YAML).get_json()
    stream = filled.client.get(f"/api/jobs/{run['id']}/events").text
    assert stream.rstrip().endswith('"state":"succeeded"}')


@pytest.mark.parametrize(
    ("config", "code", "said"),
    [
        ("general_args: {task: conversion}", "invalid-config", "model_file is missing"),
        ("general_args: {task: conversion}\nmodel_args: {model_file: ada/none}", "not-found", "ada/none"),
        (
            "general_args: {task: conversion}\nmodel_args: {model_file: ada/people}",
            "invalid-config",
            "no model",
        ),
    ],
)
def test_a_task_that_fails_says_why(filled: Filled, config: str, code: str, said: str) -> None:
    run = post(filled, config).get_json()
    assert run["state"] == "failed"
    assert run["problem"]["type"].endswith(code)
    assert said in run["problem"]["detail"] == run["detail"]


@pytest.mark.parametrize(
    ("config", "headers", "status"),
    [
        (YAML, {"Authorization": ""}, 401),
        ("general_args: {task: nonsense}", {}, 400),
        ("general_args: {task: container}", {}, 400),
        ("no: [yaml", {}, 400),
    ],
)
def test_what_cannot_be_accepted_is_refused_at_once(
    filled: Filled, config: str, headers: dict[str, str], status: int
) -> None:
    before = filled.blobs
    told = {name: value for name, value in headers.items() if value}
    token = {} if "Authorization" in headers else filled.headers
    answer = filled.client.post("/api/tasks", data=config, content_type="text/yaml", headers=token | told)
    assert answer.status_code == status, answer.text
    form = {"config": config, "file": [(io.BytesIO(b"lost"), "lost.csv")]}
    assert filled.client.post("/api/tasks", data=form, headers=token | told).status_code == status
    assert filled.blobs == before


def test_the_parts_of_a_form_have_their_order(filled: Filled) -> None:
    form = {"file": [(io.BytesIO(b"x"), "x.csv")]}
    answer = filled.client.post("/api/tasks", data=form, headers=filled.headers)
    assert (answer.status_code, "first part" in answer.text) == (400, True)
    assert filled.client.post("/api/tasks", data={"other": "x"}, headers=filled.headers).status_code == 415
    other = {"other": (io.BytesIO(b"x"), "x.csv")}
    assert filled.client.post("/api/tasks", data=other, headers=filled.headers).status_code == 400
