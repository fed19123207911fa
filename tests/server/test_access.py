from __future__ import annotations

import pytest

from tests.server.parts import Filled


@pytest.mark.parametrize("header", ["Bearer nonsense", "Basic YTpi", "Bearer", "Bearer  "])
def test_a_token_that_is_not_known_is_refused_even_for_reading(filled: Filled, header: str) -> None:
    answer = filled.client.get("/api/artifacts/ada/scaler", headers={"Authorization": header})
    assert answer.status_code == 401
    assert answer.headers["WWW-Authenticate"] == 'Bearer realm="hpcfair"'
    assert answer.get_json()["type"].endswith("/problems/unauthorized")


def test_reading_needs_none(filled: Filled) -> None:
    assert filled.client.get("/api/artifacts/ada/scaler").status_code == 200
    assert filled.client.get("/api/artifacts/ada/scaler", headers=filled.headers).status_code == 200


def test_a_revoked_token_ends_at_once(filled: Filled) -> None:
    token = filled.hub.accounts.create("eve")
    headers = {"Authorization": f"Bearer {token}"}
    assert filled.client.get("/api/search", headers=headers).status_code == 200
    (entry,) = [t for t in filled.hub.accounts.list() if t.owner == "eve" and not t.revoked][-1:]
    filled.hub.accounts.revoke(entry.id)
    assert filled.client.get("/api/search", headers=headers).status_code == 401
