"""What tests share: a hub on a folder of its own, its app, a token, a service that really runs; what others check us by."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import venv
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskClient

from hpcfair_kg.hub import Hub
from hpcfair_kg.settings import Settings
from server import create_app
from tests.buffered import Buffered
from tests.running import ORCID, Live, start, stop

VALIDATOR = "roc-validator==0.13.0"


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """Settings of a service on an empty folder."""
    return Settings(data_dir=tmp_path / "data", threads=8)


@pytest.fixture
def hub(settings: Settings) -> Iterator[Hub]:
    """An open hub with real stores and real workers."""
    hub = Hub.open(settings)
    yield hub
    hub.close()


@pytest.fixture
def token(hub: Hub) -> str:
    """A token of ada's for `hub`, to read, write and run."""
    return hub.accounts.create("ada", ("read", "write", "run"), name="Ada Lovelace", orcid=ORCID)


@pytest.fixture
def app(hub: Hub) -> Flask:
    """The app over `hub`."""
    app = create_app(hub)
    app.testing = True
    app.test_client_class = Buffered
    return app


@pytest.fixture
def client(app: Flask) -> FlaskClient:
    """Flask's client of `app`."""
    return app.test_client()


@pytest.fixture(scope="session")
def live(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Live]:
    """A service started as an operator starts it, on a port of its own, for all tests of the session."""
    folder = tmp_path_factory.mktemp("live") / "data"
    service = start(folder)
    yield service
    stop(service.process)


@pytest.fixture
def reference() -> Path:
    """The folder of outside reference files."""
    folder = os.environ.get("HPCFAIR_REFERENCE")
    if not folder or not Path(folder).is_dir():
        pytest.skip("HPCFAIR_REFERENCE names no folder with the outside reference files")
    return Path(folder)


@pytest.fixture(scope="session")
def validator(pytestconfig: pytest.Config) -> Path:
    """An interpreter that has roc-validator, kept between runs: it wants an older rich than ours."""
    folder = pytestconfig.cache.mkdir(VALIDATOR.replace("==", "-"))
    python, ready = folder / "bin" / "python", folder / "ready"
    if not ready.exists():
        venv.create(folder, with_pip=False, clear=True)
        pip = (sys.executable, "-m", "pip", "--disable-pip-version-check", "--python", python)
        done = subprocess.run(
            [*pip, "install", "--quiet", VALIDATOR], capture_output=True, text=True, check=False
        )
        if done.returncode:
            pytest.skip(f"{VALIDATOR} cannot be installed in an environment of its own: {done.stderr[-200:]}")
        ready.touch()
    return python


@pytest.fixture
def issues(validator: Path, reference: Path) -> Callable[..., list[list[tuple[str, str]]]]:
    """A function: what roc-validator finds in each crate, as (severity, message)."""

    def validate(*crates: Path) -> list[list[tuple[str, str]]]:
        context = reference / "vocab/ro-crate/context-1.3.jsonld"
        command = [validator, Path(__file__).parent / "roc_validate.py", context, *crates]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
        found: list[list[tuple[str, str]]] = json.loads(done.stdout.splitlines()[-1])
        return found

    return validate
