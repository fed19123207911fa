from __future__ import annotations

from dataclasses import replace

import pytest
from flask.testing import FlaskClient

from hpcfair_kg.artifact import Artifact, Column
from hpcfair_kg.hub import Hub
from tests.pool import Tried
from tests.server.parts import Filled
from tests.server.stock import fill, served


@pytest.fixture
def pool(hub: Hub, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Artifact]:
    """A catalogue that holds the pool and a table, by name."""
    made = Tried(tmp_path_factory.mktemp("pool")).artifacts
    columns = tuple(Column(name, "float64") for name in "abcd")
    made["iris"] = replace(
        made["forest"], key="00000999x", name="iris", kind="dataset", inputs=(), outputs=(), columns=columns,
        rows=150, verdict=None,
    )  # fmt: skip
    base = hub.settings.base
    made = {name: replace(one, id=f"{base}/ark:/99999/{one.key}", license="MIT", identity=one.key) for name, one in made.items()}  # fmt: skip
    fill(hub, list(made.values()))
    return made


@pytest.fixture
def asked(hub: Hub, pool: dict[str, Artifact]) -> FlaskClient:
    return served(hub)


def test_a_model_has_three_lists(asked: FlaskClient, pool: dict[str, Artifact]) -> None:
    found = asked.get(f"/api/artifacts/{pool['forest'].key}/compatible?limit=3").get_json()
    assert set(found) == {"before", "after", "datasets", "total", "next"}
    (table,) = found["datasets"]
    assert (table["name"], table["fit"]["wiring"], table["fit"]["complete"]) == ("iris", {"X": "*"}, True)
    assert found["before"][0]["name"] == "scaler"
    assert len(found["after"]) == 3 < found["total"]["after"]
    assert set(table["fit"]) == {"wiring", "remaining", "complete", "ambiguous", "score", "reasons"}


def test_a_dataset_has_the_models_that_it_feeds(asked: FlaskClient, pool: dict[str, Artifact]) -> None:
    found = asked.get(f"/api/artifacts/{pool['iris'].key}/compatible").get_json()
    assert set(found) == {"models", "total", "next"}
    assert {"forest", "scaler"} <= {one["name"] for one in found["models"]}


def test_one_list_pages_by_link(asked: FlaskClient, pool: dict[str, Artifact], hub: Hub) -> None:
    place = f"/api/artifacts/{pool['encoder'].key}/compatible?role=after&limit=4"
    seen: list[str] = []
    while place:
        page = asked.get(place)
        seen += [one["name"] for one in page.get_json()["after"]]
        link = page.headers.get("Link", "")
        assert bool(link) == bool(page.get_json()["next"]["after"])
        place = link.partition(">")[0].removeprefix(f"<{hub.settings.base}")
    assert len(seen) == len(set(seen)) == page.get_json()["total"]["after"] > 4
    assert seen[0] == "decoder"


def test_what_is_asked_wrongly_is_told_what_there_is(asked: FlaskClient, pool: dict[str, Artifact]) -> None:
    place = f"/api/artifacts/{pool['encoder'].key}/compatible"
    for wrong, known in (("rol=after", "role"), ("role=models", "before"), ("limit=-1", "limit")):
        answer = asked.get(f"{place}?{wrong}")
        assert (answer.status_code, answer.mimetype) == (400, "application/problem+json")
        assert known in answer.get_json()["known"]
    assert asked.get("/api/artifacts/nothing/compatible").status_code == 404


def test_what_cannot_be_run_says_why(filled: Filled) -> None:
    answer = filled.client.get(f"/api/artifacts/{filled.broken.key}/compatible")
    assert (answer.status_code, answer.get_json()["reason"]) == (409, filled.broken.reason)


def test_the_landing_page_leads_to_it(filled: Filled) -> None:
    place = f"/api/artifacts/{filled.model.key}/compatible"
    page = filled.client.get(f"/ark:/99999/{filled.model.key}", headers={"Accept": "text/html"})
    assert place in page.text
    assert filled.client.get(place).status_code == 200
    broken = filled.client.get(f"/ark:/99999/{filled.broken.key}", headers={"Accept": "text/html"})
    assert "/compatible" not in broken.text
