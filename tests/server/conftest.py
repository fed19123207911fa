"""One catalogue with a proved model, a dataset and a pickle in it, for all tests of the server that only read."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from hpcfair_kg.artifact import Artifact
from hpcfair_kg.hub import Hub
from hpcfair_kg.settings import Settings
from server import create_app
from tests.buffered import Buffered
from tests.server.parts import CSV, PICKLE, Filled, form, scaler


@pytest.fixture(scope="session")
def filled(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Filled]:
    """A model that runs, a dataset, and a pickle that is stored only."""
    hub = Hub.open(Settings(data_dir=tmp_path_factory.mktemp("filled") / "data", threads=8))
    token = hub.accounts.create("ada", name="Ada Lovelace", orcid="0000-0002-1825-0097")
    app = create_app(hub)
    app.testing = True
    app.test_client_class = Buffered
    client, headers = app.test_client(), {"Authorization": f"Bearer {token}"}

    def sent(metadata: dict[str, Any], *files: tuple[str, bytes]) -> Artifact:
        answer = client.post(
            "/api/artifacts", data=form(metadata, *files), headers=headers | {"Prefer": "wait=120"}
        )
        assert answer.status_code == 201, answer.text
        return hub.find(answer.get_json()["key"])

    described = {
        "license": "MIT",
        "tags": ["tiny", "demo"],
        "description": "Doubles. <script>alert(1)</script>",
    }
    yield Filled(
        hub,
        client,
        headers,
        sent({"name": "scaler", "title": "A scaler", **described}, ("scaler.onnx", scaler())),
        sent({"name": "people", "license": "CC-BY-4.0", "tags": ["demo"]}, ("data/people.csv", CSV)),
        sent({"name": "old", "license": "MIT", "kind": "model"}, ("old.pkl", PICKLE)),
    )
    hub.close()
