"""A hub with two models that fit each other."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from hpcfair_kg.artifact import Artifact
from hpcfair_kg.hub import Hub
from hpcfair_kg.settings import Settings
from tests.ingest.test_story import finished, upload
from tests.server.parts import scaler


@pytest.fixture(scope="module")
def hub(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Hub]:
    hub = Hub.open(Settings(data_dir=tmp_path_factory.mktemp("chains") / "data"))
    yield hub
    hub.close()


@pytest.fixture(scope="module")
def pair(hub: Hub) -> list[Artifact]:
    """Two models, the first's output of the form that the second takes."""
    found = []
    for name, factor in (("double", 2.0), ("triple", 3.0)):
        model = scaler(factor)
        found.append(finished(hub, upload(hub, {f"{name}.onnx": model}, name=name)))
    return found
