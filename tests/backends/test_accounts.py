"""Tokens: shown once, kept hashed, scoped, revocable; and who may see what."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from hpcfair_kg.artifact import Artifact, Person
from hpcfair_kg.backends.accounts import ANYONE, Accounts, Principal, visible_to
from hpcfair_kg.errors import Forbidden, InvalidConfig, NotFound, Unauthorized


@pytest.fixture
def accounts(tmp_path: Path) -> Iterator[Accounts]:
    opened = Accounts(tmp_path / "private" / "accounts.db")
    yield opened
    opened.close()


def test_a_token_speaks_for_its_owner(accounts: Accounts) -> None:
    text = accounts.create("ada", ("read", "write"), "Ada Lovelace", "0000-0002-1825-0097")
    principal = accounts.principal(text)
    assert principal == Principal(
        "ada", frozenset({"read", "write"}), Person("Ada Lovelace", "0000-0002-1825-0097")
    )


def test_the_text_is_nowhere_on_disk_and_the_file_is_its_owners(accounts: Accounts, tmp_path: Path) -> None:
    text = accounts.create("ada")
    files = list((tmp_path / "private").iterdir())
    assert all(text.encode() not in file.read_bytes() for file in files)
    assert (tmp_path / "private" / "accounts.db").stat().st_mode & 0o077 == 0


def test_no_token_is_anyone_and_a_wrong_one_nobody(accounts: Accounts) -> None:
    assert accounts.principal(None) is ANYONE
    with pytest.raises(Unauthorized):
        accounts.principal("hpcfair_wrong")


def test_a_revoked_token_ends_at_once(accounts: Accounts) -> None:
    text = accounts.create("ada")
    (token,) = accounts.list()
    accounts.revoke(token.id)
    with pytest.raises(Unauthorized):
        accounts.principal(text)
    with pytest.raises(NotFound):
        accounts.revoke(token.id)
    assert accounts.list()[0].revoked


def test_use_is_noted(accounts: Accounts) -> None:
    text = accounts.create("ada")
    assert accounts.list()[0].used is None
    accounts.principal(text)
    assert accounts.list()[0].used


def test_what_is_no_scope_or_no_owner_is_refused(accounts: Accounts) -> None:
    with pytest.raises(InvalidConfig, match="there are: read, write, run, admin"):
        accounts.create("ada", ("fly",))
    with pytest.raises(InvalidConfig, match="lower-case"):
        accounts.create("Ada Lovelace")


def test_reading_is_open_and_writing_is_not() -> None:
    ANYONE.require("read")
    with pytest.raises(Unauthorized):
        ANYONE.require("write")
    with pytest.raises(Forbidden, match="'run'"):
        Principal("ada", frozenset({"read", "write"})).require("run")
    Principal("root", frozenset({"admin"})).require("run")


def test_what_is_not_public_is_its_owners_and_the_operators() -> None:
    draft = Artifact("http://x/ark:/99999/k", "k", "ada", "n", visibility="private")
    assert visible_to(Principal("ada"))(draft)
    assert visible_to(Principal("root", frozenset({"admin"})))(draft)
    assert not visible_to(ANYONE)(draft)
    assert not visible_to(Principal("bob"))(draft)


def test_a_file_that_is_damaged_is_said_to_be(tmp_path: Path) -> None:
    (tmp_path / "accounts.db").write_bytes(b"damaged " * 1000)
    with pytest.raises(InvalidConfig, match="restore the file"):
        Accounts(tmp_path / "accounts.db")


def test_a_token_that_was_just_used_is_refused_once_it_is_revoked(accounts: Accounts) -> None:
    text = accounts.create("ada")
    assert accounts.principal(text) == accounts.principal(text)
    accounts.revoke(accounts.list()[0].id)
    with pytest.raises(Unauthorized):
        accounts.principal(text)
