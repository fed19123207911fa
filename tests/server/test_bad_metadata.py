"""Descriptions that are wrong, sent over HTTP: each fault is told with its place, all at once, and nothing is kept."""

from __future__ import annotations

from typing import Any

import pytest

from hpcfair_kg.knowledge.expand import OURS
from tests.server.parts import Filled

GOOD = {"name": "refused", "license": "MIT"}
ELSEWHERE = "https://example.org/x"


def deep(levels: int) -> str:
    return '{"@context": {}, "http://e/p": ' + '{"http://e/p": ' * levels + "1" + "}" * levels + "}"


def wide() -> dict[str, Any]:
    return {**GOOD, "description": "x" * 300_000}


BAD: dict[str, tuple[Any, str, str]] = {
    "remote context": ({"@context": "https://schema.org", **GOOD}, "@context", "no context is fetched"),
    "IRI with spaces": (
        {**GOOD, "projects": [{"name": "x", "id": "http://e/a b"}]},
        "projects[0].id",
        "spaces",
    ),
    "licence text": ({**GOOD, "license": "Permission is hereby granted\n" * 9}, "license", "not its id"),
    "licence near miss": ({**GOOD, "license": "Apache 2"}, "license", "Apache-2.0"),
    "ORCID": (
        {**GOOD, "creators": [{"name": "A", "orcid": "0000-0002-1825-0098"}]},
        "creators[0].orcid",
        "a digit is mistyped",
    ),
    "ORCID as JSON-LD": (
        {
            "@context": OURS,
            **GOOD,
            "creators": [{"id": "https://orcid.org/0000-0002-1825-0098", "name": "A"}],
        },
        "creators[0].orcid",
        "a digit is mistyped",
    ),
    "date for a version": ({**GOOD, "version": "last spring"}, "version", "without spaces"),
    "date of one's own": ({**GOOD, "created": "last spring"}, "created", "unknown key"),
    "a long literal": (wide(), "description", "at most 100,000"),
    "unknown reference": ({**GOOD, "trained_on": ["nobody/nothing"]}, "trained_on", "there is no"),
    "no text": ({**GOOD, "title": {"en": "x"}}, "title", "is text"),
    "NUL": ({**GOOD, "title": "a\u0000b"}, "title", "U+0000"),
}


@pytest.mark.parametrize("name", sorted(BAD))
def test_it_is_told_with_its_place_and_nothing_is_kept(filled: Filled, name: str) -> None:
    document, path, message = BAD[name]
    before, bytes_before = filled.hub.index.count, filled.blobs
    answer = filled.send(document, ("x.csv", b"never,seen\n7,8\n"))
    assert (answer.status_code, answer.mimetype) == (422, "application/problem+json")
    told = {entry["path"]: entry["message"] for entry in answer.get_json()["report"]}
    assert message in told[path]
    assert (filled.hub.index.count, filled.blobs) == (before, bytes_before)


def test_everything_is_told_at_once(filled: Filled) -> None:
    wrong = {
        "name": "My Model", "license": "mitt", "version": 1.0, "kind": "modle",
        "creators": [{"name": "A", "orcid": "1"}, {}], "machines": [{"gpu": "A100"}], "tagz": [],
    }  # fmt: skip
    report = filled.send(wrong, ("x.csv", b"a,b\n1,2\n")).get_json()["report"]
    assert {entry["path"] for entry in report} == {
        "name", "license", "version", "kind", "creators[0].orcid", "creators[1].name", "machines[0].name", "tagz",
    }  # fmt: skip


def test_deep_nesting_is_refused_before_a_parser_sees_it(filled: Filled) -> None:
    answer = filled.send(deep(5000), ("x.csv", b"a,b\n1,2\n"))
    assert answer.status_code == 422
    assert filled.client.get("/health/live").status_code == 200


@pytest.mark.parametrize("where", ["projects", "machines"])
def test_nobody_says_what_an_artifact_of_another_is(filled: Filled, where: str) -> None:
    other = filled.model.id
    answer = filled.send({**GOOD, where: [{"name": "x", "id": other}]}, ("x.csv", b"a,b\n1,3\n"))
    assert answer.status_code == 422
    assert answer.get_json()["report"][0]["path"] == f"{where}.id"


def test_an_id_of_ones_own_for_the_artifact_counts_for_nothing(filled: Filled) -> None:
    document = {"@context": OURS, "id": filled.model.id, **GOOD, "name": "mine"}
    answer = filled.send(document, ("mine.csv", b"a,b\n1,4\n"), Prefer="wait=30")
    assert answer.status_code == 201
    assert answer.get_json()["id"] != filled.model.id
    assert filled.hub.find(filled.model.key).title == "A scaler"


def test_a_literal_of_ten_megabytes_is_not_even_read_whole(filled: Filled) -> None:
    head = b'--b\r\nContent-Disposition: form-data; name="metadata"\r\n\r\n{"name": "refused", "title": "'
    body = head + b"x" * (10 << 20) + b'"}\r\n--b--\r\n'
    kind = "multipart/form-data; boundary=b"
    answer = filled.client.post("/api/artifacts", data=body, content_type=kind, headers=filled.headers)
    assert (answer.status_code, answer.get_json()["type"].rpartition("/")[2]) == (413, "too-large")
