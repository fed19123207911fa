from __future__ import annotations

import pytest

from tests.server.parts import Filled


@pytest.mark.parametrize("path", ["/", "/api/search", "/nothing", "/sparql", "/static/style.css"])
def test_readers_are_protected(filled: Filled, path: str) -> None:
    headers = filled.client.get(path, headers={"Accept": "text/html,*/*"}).headers
    assert "default-src 'none'" in headers["Content-Security-Policy"]
    assert "script-src" not in headers["Content-Security-Policy"]
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["X-Frame-Options"] == "DENY"


def test_other_origins_may_read(filled: Filled) -> None:
    answer = filled.client.get("/api/search", headers={"Origin": "https://other.example"})
    assert answer.headers["Access-Control-Allow-Origin"] == "*"
    assert "ETag" in answer.headers["Access-Control-Expose-Headers"]
    assert (
        filled.client.post("/sparql", data={"query": "ASK {}"}).headers["Access-Control-Allow-Origin"] == "*"
    )


def test_other_origins_may_not_write(filled: Filled) -> None:
    asked = {"Origin": "https://other.example", "Access-Control-Request-Method": "DELETE"}
    answer = filled.client.options("/api/artifacts/ada/scaler", headers=asked)
    assert "DELETE" not in answer.headers["Access-Control-Allow-Methods"]
    assert "Authorization" in answer.headers["Access-Control-Allow-Headers"]
    assert "Access-Control-Allow-Origin" not in filled.client.delete("/api/artifacts/x").headers
