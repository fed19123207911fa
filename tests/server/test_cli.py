from __future__ import annotations

import re
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from hpcfair_kg import __version__
from hpcfair_kg.backends.accounts import Accounts
from server.cli import main
from tests.running import Live


def run(*arguments: str) -> Result:
    """Run the command."""
    return CliRunner().invoke(main, list(arguments))


def make(folder: Path, *arguments: str) -> str:
    """Make a token and return its text."""
    done = run("token", "create", *arguments, "--data-dir", str(folder))
    assert done.exit_code == 0, done.output
    return done.stdout.strip()


def test_it_says_what_it_does() -> None:
    assert "serve" in run("--help").output
    assert __version__ in run("--version").output
    assert "--register-dir" in run("serve", "--help").output


def test_the_token_stands_alone_on_the_output(tmp_path: Path) -> None:
    done = run("token", "create", "ada", "--name", "Ada Lovelace", "--data-dir", str(tmp_path))
    assert re.fullmatch(r"hpcfair_\S+\n", done.stdout)
    assert "not shown again" in done.stderr


@pytest.mark.parametrize("said", ["123", "0000-0002-1825-0098"])
def test_a_mistyped_orcid_makes_no_token(tmp_path: Path, said: str) -> None:
    done = run("token", "create", "ada", "--orcid", said, "--data-dir", str(tmp_path))
    assert done.exit_code == 2
    assert "ORCID" in done.stderr
    assert "no tokens" in run("token", "list", "--data-dir", str(tmp_path)).output


def test_a_token_made_without_a_service_is_known_to_one(tmp_path: Path) -> None:
    text = make(
        tmp_path / "data",
        "ada",
        "--scope",
        "read",
        "--scope",
        "run",
        "--name",
        "Ada",
        "--orcid",
        "0000-0002-1825-0097",
    )
    accounts = Accounts(tmp_path / "data" / "private" / "accounts.db")
    principal = accounts.principal(text)
    accounts.close()
    assert (principal.owner, principal.scopes) == ("ada", {"read", "run"})
    assert principal.person is not None
    assert (principal.person.name, principal.person.orcid) == ("Ada", "0000-0002-1825-0097")


def test_tokens_are_listed_and_revoked_without_a_service(tmp_path: Path) -> None:
    text = make(tmp_path, "ada")
    listed = run("token", "list", "--data-dir", str(tmp_path)).stdout
    assert "ada" in listed
    assert text not in listed
    token_id = listed.split()[0]
    assert run("token", "revoke", token_id, "--data-dir", str(tmp_path)).exit_code == 0
    assert "revoked" in run("token", "list", "--data-dir", str(tmp_path)).stdout
    again = run("token", "revoke", token_id, "--data-dir", str(tmp_path))
    assert again.exit_code == 1
    assert "token list" in again.stderr


def test_tokens_are_made_listed_and_revoked_while_the_service_runs(live: Live) -> None:
    import httpx

    text = make(live.data_dir, "eve", "--scope", "read")
    headers = {"Authorization": f"Bearer {text}"}
    assert httpx.get(f"{live.url}/api/search", headers=headers).status_code == 200
    lines = run("token", "list", "--data-dir", str(live.data_dir)).stdout.splitlines()
    (line,) = [line for line in lines if " eve " in line]
    assert run("token", "revoke", line.split()[0], "--data-dir", str(live.data_dir)).exit_code == 0
    assert httpx.get(f"{live.url}/api/search", headers=headers).status_code == 401


@pytest.mark.parametrize("arguments", [("token", "create", "Ada L"), ("token", "create", "")])
def test_what_is_no_owner(tmp_path: Path, arguments: tuple[str, ...]) -> None:
    done = run(*arguments, "--data-dir", str(tmp_path))
    assert (done.exit_code, done.stdout) == (1, "")
    assert "is no owner" in done.stderr


def test_wrong_usage_is_told_apart(tmp_path: Path) -> None:
    assert run("token", "create", "ada", "--scope", "fly", "--data-dir", str(tmp_path)).exit_code == 2
    assert run("serve", "--port", "many").exit_code == 2
