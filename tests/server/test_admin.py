from __future__ import annotations

import gc
import socket
import stat
from collections.abc import Iterator
from pathlib import Path

import pytest

from hpcfair_kg.errors import InvalidConfig, NotFound
from hpcfair_kg.hub import Hub
from server import admin


@pytest.fixture
def folder(hub: Hub, tmp_path: Path) -> Iterator[Path]:
    """A folder whose path is longer than a socket's address may be, with the socket of `hub` in it."""
    folder = tmp_path / ("long" * 30)
    folder.mkdir()
    door = admin.Admin(hub, folder)
    yield folder
    door.close()
    assert list(folder.iterdir()) == []


def test_the_operator_hands_out_tokens(hub: Hub, folder: Path) -> None:
    wanted = {"owner": "ada", "scopes": ["read", "admin"], "name": "Ada", "orcid": ""}
    told = admin.ask(folder, "POST", "/tokens", wanted)
    assert told is not None
    assert hub.accounts.principal(told["token"]).scopes == {"read", "admin"}
    listed = admin.ask(folder, "GET", "/tokens")
    assert listed is not None
    (entry,) = listed["tokens"]
    assert (entry["owner"], entry["scopes"], entry["revoked"]) == ("ada", ["read", "admin"], None)
    admin.ask(folder, "DELETE", f"/tokens/{entry['id']}")
    assert hub.accounts.list()[0].revoked


def test_errors_come_back_as_what_they_are(folder: Path) -> None:
    with pytest.raises(InvalidConfig, match="no scope fly"):
        admin.ask(folder, "POST", "/tokens", {"owner": "ada", "scopes": ["fly"]})
    with pytest.raises(NotFound):
        admin.ask(folder, "DELETE", "/tokens/nothing")


def test_only_its_owner_may_open_the_socket(folder: Path) -> None:
    assert stat.S_IMODE((folder / admin.SOCKET).stat().st_mode) == 0o600


def test_nobody_there(tmp_path: Path) -> None:
    assert admin.ask(tmp_path, "GET", "/tokens") is None


# httpcore does not close a socket that could not connect.
@pytest.mark.filterwarnings(
    "ignore:.*unclosed.*socket:ResourceWarning", "ignore::pytest.PytestUnraisableExceptionWarning"
)
def test_a_socket_that_a_killed_service_left(tmp_path: Path) -> None:
    left = socket.socket(socket.AF_UNIX)
    left.bind(str(tmp_path / admin.SOCKET))
    left.close()
    assert admin.ask(tmp_path, "GET", "/tokens") is None
    gc.collect()
