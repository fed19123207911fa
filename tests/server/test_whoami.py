from __future__ import annotations

from tests.server.parts import Filled


def test_whose_token_it_is(filled: Filled) -> None:
    assert filled.client.get("/api/whoami", headers=filled.headers).get_json() == {
        "owner": "ada",
        "scopes": ["read", "run", "write"],
        "person": {"name": "Ada Lovelace", "orcid": "0000-0002-1825-0097"},
    }


def test_nobody_is_told_to_send_one(filled: Filled) -> None:
    answer = filled.client.get("/api/whoami")
    assert (answer.status_code, answer.get_json()["type"].rpartition("/")[2]) == (401, "unauthorized")
