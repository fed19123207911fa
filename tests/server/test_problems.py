from __future__ import annotations

import logging

import pytest
from flask import Flask
from flask.testing import FlaskClient

from tests.server.parts import Filled


@pytest.mark.parametrize(
    ("method", "path", "status", "type"),
    [
        ("GET", "/nothing", 404, "http://127.0.0.1:8080/problems/not-found"),
        ("PUT", "/api/search", 405, "about:blank"),
        ("POST", "/", 405, "about:blank"),
    ],
)
def test_errors_of_the_framework_are_problems_too(
    filled: Filled, method: str, path: str, status: int, type: str
) -> None:
    answer = filled.client.open(path, method=method)
    assert (answer.status_code, answer.content_type) == (status, "application/problem+json")
    problem = answer.get_json()
    assert (problem["type"], problem["status"], problem["instance"]) == (type, status, path)
    assert problem["title"]
    assert problem["detail"]
    if status == 405:
        assert "GET" in answer.headers["Allow"]


def test_a_body_too_large_for_its_route(filled: Filled) -> None:
    answer = filled.client.patch("/api/artifacts/x", data=b" " * (5 << 20), headers=filled.headers)
    assert answer.status_code == 413
    assert answer.get_json()["type"].endswith("/problems/too-large")


def test_what_nobody_expected_is_logged_and_not_shown(
    app: Flask, client: FlaskClient, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def broken(*_: object) -> None:
        raise RuntimeError("the secret of /etc/shadow")

    app.testing = False
    monkeypatch.setattr(app.extensions["hub"], "find", broken)
    with caplog.at_level(logging.ERROR):
        answer = client.get("/api/artifacts/x")
    assert (answer.status_code, answer.content_type) == (500, "application/problem+json")
    assert answer.get_json()["type"].endswith("/problems/internal-error")
    assert "secret" not in answer.text
    assert "Traceback" not in answer.text
    assert "the secret" in caplog.text


def test_a_person_gets_a_page_and_a_script_never_does(filled: Filled) -> None:
    html = {"Accept": "text/html,application/xhtml+xml,*/*;q=0.8"}
    page = filled.client.get("/nothing/<b>", headers=html)
    assert (page.status_code, page.mimetype) == (404, "text/html")
    assert "&lt;b&gt;" in page.text
    assert (
        filled.client.get("/api/artifacts/nothing", headers=html).content_type == "application/problem+json"
    )
    assert filled.client.get("/nothing", headers={"Accept": "*/*"}).content_type == "application/problem+json"
