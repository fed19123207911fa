"""Settings: who wins over whom, and what a wrong one is told."""

from dataclasses import fields
from pathlib import Path

import pytest

from hpcfair_kg.errors import InvalidConfig
from hpcfair_kg.settings import Settings


@pytest.fixture
def toml(tmp_path):
    def write(text):
        path = tmp_path / "hpcfair.toml"
        path.write_text(text, encoding="utf-8")
        return {"HPCFAIR_CONFIG": str(path)}

    return write


def test_defaults_are_those_of_the_contract():
    settings = Settings.load(environ={})
    assert settings == Settings()
    assert (settings.data_dir, settings.naan, settings.base) == (
        Path("data"),
        "99999",
        "http://127.0.0.1:8080",
    )


def test_flags_win_over_the_environment_and_the_environment_over_the_file(toml):
    environ = toml("port = 1\nnaan = 12345\nhost = 'file'") | {
        "HPCFAIR_PORT": "2",
        "HPCFAIR_HOST": "environment",
    }
    settings = Settings.load({"port": 3, "host": None}, environ)
    assert (settings.port, settings.host, settings.naan) == (3, "environment", "12345")


def test_the_base_is_the_address_told_or_the_one_served():
    assert Settings(base_url="https://hub.example.org/").base == "https://hub.example.org"
    assert Settings(host="0.0.0.0", port=1).base == "http://0.0.0.0:1"


def test_every_setting_can_be_said_in_the_environment():
    said = {"data_dir": "/d", "register_dirs": "/a:/b", "unsafe_no_sandbox": "yes", "query_seconds": "1.5"}
    said |= {
        "machine": "https://x.example/m",
        "publisher_url": "https://ror.org/02nv7yv05",
        "admin_email": "kg@site.edu",
    }
    environ = {f"HPCFAIR_{f.name.upper()}": said.get(f.name, "7") for f in fields(Settings)}
    settings = Settings.load(environ=environ)
    assert settings.register_dirs == (Path("/a"), Path("/b"))
    assert (settings.unsafe_no_sandbox, settings.query_seconds, settings.data_dir) == (True, 1.5, Path("/d"))
    for field in fields(Settings):
        assert type(getattr(settings, field.name)) in {type(field.default), type(Path())}


@pytest.mark.parametrize(
    ("text", "value"),
    [("true", True), ("1", True), ("ON", True), ("false", False), ("0", False), ("no", False)],
)
def test_yes_and_no_are_said_in_the_usual_ways(text, value):
    assert Settings.load(environ={"HPCFAIR_UNSAFE_NO_SANDBOX": text}).unsafe_no_sandbox is value


def test_paths_are_a_list_in_a_file(toml):
    assert Settings.load(environ=toml('register_dirs = ["/a", "/b:c"]')).register_dirs == (
        Path("/a"),
        Path("/b:c"),
    )


@pytest.mark.parametrize(
    ("environ", "told"),
    [
        ({"HPCFAIR_PORT": "eighty"}, "port is 'eighty'; it must be int"),
        ({"HPCFAIR_JOB_SECONDS": "long"}, "job_seconds is 'long'; it must be float"),
        ({"HPCFAIR_UNSAFE_NO_SANDBOX": "flase"}, "unsafe_no_sandbox is 'flase'; it must be"),
        ({"HPCFAIR_CONFIG": "/no/such/file.toml"}, "does not exist"),
        ({"HPCFAIR_CONFIG": "/"}, "cannot be read"),
    ],
)
def test_a_wrong_value_is_named_with_what_would_be_right(environ, told):
    with pytest.raises(InvalidConfig, match=told):
        Settings.load(environ=environ)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("prot = 80", "unknown setting 'prot'; there are: .*port"),
        ("port = ", "is no TOML"),
        ('port = "x"', "port is 'x'"),
        ("port = [1]", "port is"),
        ("register_dirs = 5", "register_dirs is 5; it must be"),
        ("register_dirs = [5]", "register_dirs is"),
        ('unsafe_no_sandbox = "perhaps"', "unsafe_no_sandbox is 'perhaps'"),
    ],
)
def test_a_wrong_file_is_named_with_what_would_be_right(toml, text, told):
    with pytest.raises(InvalidConfig, match=told):
        Settings.load(environ=toml(text))


def test_a_file_that_is_no_text_is_said_to_be_none(tmp_path):
    path = tmp_path / "hpcfair.toml"
    path.write_bytes(b"host = '\xff'")
    with pytest.raises(InvalidConfig, match="is no TOML"):
        Settings.load(environ={"HPCFAIR_CONFIG": str(path)})


def test_an_empty_variable_is_one_that_is_not_set():
    assert (
        Settings.load(environ={"HPCFAIR_PORT": "", "HPCFAIR_DATA_DIR": "", "HPCFAIR_CONFIG": ""})
        == Settings()
    )


@pytest.mark.parametrize(
    ("base", "mailbox"),
    [
        ("https://models.site.edu/kg", "noreply@models.site.edu"),
        ("http://127.0.0.1:8080", "noreply@hpcfair-kg.invalid"),
        ("http://localhost:8080", "noreply@hpcfair-kg.invalid"),
        ("http://[::1]:8080", "noreply@hpcfair-kg.invalid"),
    ],
)
def test_harvesters_are_told_an_address_that_does_not_pretend(base, mailbox):
    assert Settings(base_url=base).mailbox == mailbox
    assert Settings(base_url=base, admin_email="kg@site.edu").mailbox == "kg@site.edu"


@pytest.mark.parametrize("text", ["kg", "kg@site", "Kg <kg@site.edu>", "a b@site.edu", "kg@site..edu"])
def test_an_address_is_one(text):
    with pytest.raises(InvalidConfig, match=r"admin_email is .*; it must be an e-mail address"):
        Settings.load(environ={"HPCFAIR_ADMIN_EMAIL": text})
    assert Settings.load(environ={"HPCFAIR_ADMIN_EMAIL": "kg@site.edu"}).admin_email == "kg@site.edu"
