from __future__ import annotations

from typing import Any

import pyoxigraph as ox
import pytest

from hpcfair_kg.knowledge.runs import read_run
from tests.server.parts import Filled

CONFIG = {"general_args": {"task": "conversion"}, "model_args": {"model_file": "ada/scaler"}}


@pytest.fixture
def run(filled: Filled) -> dict[str, Any]:
    told = filled.headers | {"Prefer": "wait=60"}
    return filled.client.post("/api/tasks", json=CONFIG, headers=told).get_json()


def test_its_page_says_what_was_done_with_what(filled: Filled, run: dict[str, Any]) -> None:
    page = filled.client.get(f"/runs/{run['id']}", headers={"Accept": "text/html"}).text
    for words in ("Conversion", "succeeded", "ada/scaler", "result.json", "model_file", run["id"]):
        assert words in page


def test_its_description_is_the_run(filled: Filled, run: dict[str, Any]) -> None:
    for suffix, format in (("ttl", ox.RdfFormat.TURTLE), ("nt", ox.RdfFormat.N_TRIPLES)):
        body = filled.client.get(f"/runs/{run['id']}.{suffix}").data
        found = read_run(quad.triple for quad in ox.parse(body, format=format))
        assert found is not None
        assert (found.id, found.task, found.state) == (run["id"], "conversion", "succeeded")
    document = filled.client.get(f"/runs/{run['id']}.jsonld").get_json(force=True)
    assert document["id"] == run["iri"]


def test_json_and_files_are_at_the_job(filled: Filled, run: dict[str, Any]) -> None:
    answer = filled.client.get(f"/runs/{run['id']}", headers={"Accept": "application/json"})
    assert (answer.status_code, answer.location) == (303, f"/api/jobs/{run['id']}")
    answer = filled.client.get(f"/runs/{run['id']}/files/result.json")
    assert answer.location == f"/api/jobs/{run['id']}/files/result.json"
    assert filled.client.get("/runs/run-none").status_code == 404
    assert filled.client.get(f"/runs/{run['id']}.xyz").status_code == 404
