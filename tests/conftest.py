"""What tests share: a hub on a folder of its own with real stores, its app, a token, and a service that really runs."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskClient

from hpcfair_kg.hub import Hub
from hpcfair_kg.settings import Settings
from server import create_app
from tests.buffered import Buffered
from tests.running import ORCID, Live, start, stop


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
