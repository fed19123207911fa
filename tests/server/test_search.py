from __future__ import annotations

import pytest

from tests.server.parts import Filled


def test_hits_counts_and_total(filled: Filled) -> None:
    found = filled.client.get("/api/search?q=scaler&tag=tiny&tag=demo").get_json()
    assert [hit["id"] for hit in found["hits"]] == [filled.model.id]
    assert (found["total"], found["next"]) == (1, None)
    assert {"value": "onnx", "count": 1} in found["facets"]["framework"]


def test_pages_follow_each_other_by_link(filled: Filled) -> None:
    path, seen = "/api/search?tag=demo&limit=1", []
    while path:
        answer = filled.client.get(path)
        assert answer.status_code == 200
        seen += [hit["key"] for hit in answer.get_json()["hits"]]
        path = answer.headers.get("Link", "").partition(">")[0].lstrip("<")
    assert len(seen) == len(set(seen)) == filled.client.get("/api/search?tag=demo").get_json()["total"]


@pytest.mark.parametrize(
    "query", ["colour=red", "limit=many", "limit=-1", "cursor=nonsense", "facets=colour"]
)
def test_an_unknown_parameter_is_answered_with_those_there_are(filled: Filled, query: str) -> None:
    answer = filled.client.get(f"/api/search?{query}")
    assert (answer.status_code, answer.content_type) == (400, "application/problem+json")
    assert answer.get_json()["type"].endswith("/problems/unknown-parameter")
    if query.startswith("colour"):
        assert "framework" in answer.get_json()["known"]
