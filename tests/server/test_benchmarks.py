"""Benchmarks on a service that really runs: kept in the graph, found by SPARQL, shown, and refused where they must be."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import httpx
import pytest

from hpcfair_kg import Client
from hpcfair_kg.backends import machine
from hpcfair_kg.errors import InvalidConfig, NotFound, NotRunnable, Unauthorized, Withdrawn
from tests.onnx_files import tree
from tests.running import Live
from tests.server.measuring import measured

QUERIES = Path(__file__).resolve().parents[2] / "server" / "queries" / "3-running"


def asked(live: Live, name: str, **changes: str) -> list[dict[str, Any]]:
    """Ask one of the example queries with this machine's processor in it."""
    text = (QUERIES / f"{name}.rq").read_text()
    for old, new in {"EPYC": machine.processor() or "", **changes}.items():
        text = text.replace(f'"{old}"', f'"{new}"')
    with Client(live.url) as client:
        rows = client.sparql(text)
    assert isinstance(rows, list)
    return rows


def test_a_model_is_found_by_what_it_takes_here_and_what_its_author_says(live: Live, tmp_path: Path) -> None:
    good = {"metrics": [{"name": "accuracy", "value": 0.95}], "task": "tabular-classification"}
    poor = {"metrics": [{"name": "accuracy", "value": 0.85}], "task": "tabular-classification"}
    iri, found = measured(live, tmp_path, "swift", 101, **good)
    measured(live, tmp_path, "swift-but-wrong", 102, **poor)
    assert found.ok
    assert [(case["batch"], case["threads"], case["repeats"]) for case in found.cases] == [
        (1, 1, 10),
        (4, 1, 10),
    ]
    rows = asked(live, "5-fast-and-accurate")
    assert {str(row["model"]) for row in rows} == {iri}
    assert sorted(row["milliseconds"] for row in rows) == sorted(c["latency_p50_ms"] for c in found.cases)
    names = {row["name"] for row in asked(live, "1-fastest")}
    assert {"ada/swift", "ada/swift-but-wrong"} <= names
    assert asked(live, "1-fastest", **{"tabular-classification": "translation"}) == []


def test_its_run_and_its_page_tell_the_figures(live: Live, tmp_path: Path) -> None:
    iri, found = measured(live, tmp_path, "shown-figures", 103)
    run = httpx.get(f"{live.url}/api/jobs/{found.run.rpartition('/')[2]}").json()
    assert [step["name"] for step in run["steps"]] == ["benchmark", "benchmark"]
    assert run["steps"][0]["used"] == [f"{iri}#file-shown-figures.onnx"]
    assert run["steps"][0]["measurements"][0]["of"] == iri
    assert run["used"] == [iri]
    page = httpx.get(iri, headers={"Accept": "text/html"}).text
    section = page[page.index('id="measured"') :]
    assert found.run.removeprefix(live.url) in section
    assert len(re.findall(r"<tr><td>\d", section)) == 2
    assert "hpcfair reproduce ada/shown-figures" in section


def test_a_page_shows_the_newest_figures_only(live: Live, tmp_path: Path) -> None:
    iri, old = measured(live, tmp_path, "again", 104)
    with Client(live.url, live.token) as client:
        new = client.bench(iri, batch=(2,), threads=(1,), repeats=3)
    page = httpx.get(iri, headers={"Accept": "text/html"}).text
    assert new.run.rpartition("/")[2] in page
    assert old.run.rpartition("/")[2] not in page


def test_who_may_not_see_or_run_it_measures_nothing(live: Live, tmp_path: Path) -> None:
    iri, _ = measured(live, tmp_path, "to-go", 105)
    with Client(live.url, "") as nobody, pytest.raises(Unauthorized):
        nobody.bench(iri)
    with Client(live.url, live.token) as client:
        with pytest.raises(NotFound, match="ada/none"):
            client.bench("ada/none")
        httpx.delete(
            f"{live.url}/api/artifacts/{iri.rpartition('/')[2]}",
            headers={"Authorization": f"Bearer {live.token}"},
        ).raise_for_status()
        with pytest.raises(Withdrawn):
            client.bench(iri)
    page = httpx.get(iri, headers={"Accept": "text/html"}).text
    assert 'id="measured"' not in page


def test_what_cannot_be_run_cannot_be_measured(live: Live, tmp_path: Path) -> None:
    with Client(live.url, live.token) as client:
        bad = client.upload(tree(tmp_path / "bad.onnx", ("n", 4)), name="bad-tree", license="MIT")
        with pytest.raises(NotRunnable, match="declare 13"):
            client.bench(bad.id)
        with pytest.raises(InvalidConfig, match="batch"):
            client.bench(bad.id, batch=(0,))
