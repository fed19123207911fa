"""The spellings of an ARK, and what a mistyped one is told."""

from __future__ import annotations

import pytest

from tests.server.parts import Filled


@pytest.mark.parametrize("rest", ["", ".ttl", "/views/schema.org", "/files/scaler.onnx", "?x=1&y=%C3%BC"])
def test_the_form_without_a_slash_leads_to_the_one_with(filled: Filled, rest: str) -> None:
    answer = filled.client.get(f"/ark:99999/{filled.model.key}{rest}")
    assert (answer.status_code, answer.headers["Location"]) == (301, f"{filled.model.id}{rest}")


def test_hyphens_mean_nothing(filled: Filled) -> None:
    key = filled.model.key
    answer = filled.client.get(f"/ark:/99999/{key[:4]}-{key[4:]}.ttl?a=b")
    assert (answer.status_code, answer.headers["Location"]) == (308, f"{filled.model.id}.ttl?a=b")


@pytest.mark.parametrize("path", ["", ".jsonld", "/views/dcat-ap", "/files/x", "/provenance", "/linkset"])
def test_a_mistyped_letter_is_told_wherever_it_stands(filled: Filled, path: str) -> None:
    key = filled.model.key
    other = "b" if key[2] != "b" else "c"
    answer = filled.client.get(f"/ark:/99999/{key[:2]}{other}{key[3:]}{path}")
    assert answer.status_code == 404
    assert "its check character is wrong: a letter is mistyped" in answer.get_json()["detail"]


@pytest.mark.parametrize(("cut", "length"), [(slice(0, 8), 8), (slice(1, 9), 8)])
def test_a_letter_too_few_is_told(filled: Filled, cut: slice, length: int) -> None:
    answer = filled.client.get(f"/ark:/99999/{filled.model.key[cut]}")
    assert answer.status_code == 404
    assert f"it has {length} characters, and a key has 9" in answer.get_json()["detail"]


def test_a_person_is_told_too(filled: Filled) -> None:
    answer = filled.client.get(f"/ark:/99999/{filled.model.key}b", headers={"Accept": "text/html"})
    assert (answer.status_code, answer.mimetype) == (404, "text/html")
    assert "a key has 9" in answer.text


def test_another_naan_is_told_which_one_is_here(filled: Filled) -> None:
    answer = filled.client.get(f"/ark:/12345/{filled.model.key}")
    assert answer.status_code == 404
    assert "begin with ark:/99999/" in answer.get_json()["detail"]
