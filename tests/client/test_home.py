import stat

import pytest

from hpcfair_kg.client import home
from hpcfair_kg.errors import InvalidConfig


@pytest.fixture(autouse=True)
def own_home(tmp_path, monkeypatch):
    monkeypatch.setenv("HPCFAIR_HOME", str(tmp_path / "home"))
    monkeypatch.delenv("HPCFAIR_TOKEN", raising=False)


def test_a_token_is_kept_for_its_service_and_readable_by_its_owner_only():
    path = home.log_in("http://a", "secret-a")
    home.log_in("http://b", "secret-b")
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert home.token("http://a") == "secret-a"
    assert home.token("http://b") == "secret-b"
    assert home.token("http://c") is None


def test_the_environment_wins(monkeypatch):
    home.log_in("http://a", "kept")
    monkeypatch.setenv("HPCFAIR_TOKEN", "said")
    assert home.token("http://a") == "said"
    monkeypatch.setenv("HPCFAIR_ENDPOINT", "http://elsewhere")
    assert home.endpoint() == "http://elsewhere"


def test_a_damaged_file_is_said():
    home.log_in("http://a", "x").write_text("{")
    with pytest.raises(InvalidConfig, match=r"tokens\.json is damaged"):
        home.token("http://a")
