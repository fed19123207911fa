"""`check` as an operator gives it: while the service runs, and while it does not."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import httpx
import pytest

from hpcfair_kg.backends.graph.oxigraph import Oxigraph
from hpcfair_kg.knowledge import reason
from hpcfair_kg.knowledge.vocabulary import DCTERMS
from tests.running import Live, operator, start, stop
from tests.server.living import send
from tests.server.parts import CSV, scaler

PROVED = {"query": "SELECT ?name WHERE { ?m a hk:ProvedModel ; hk:handle ?name } ORDER BY ?name"}
DERIVED = {"query": "SELECT ?name WHERE { ?m a hk:DerivedModel ; hk:handle ?name } ORDER BY ?name"}
needs_java = pytest.mark.skipif(reason.missing() is not None, reason=reason.missing() or "")


@pytest.fixture
def live(tmp_path: Path) -> Iterator[Live]:
    """A service with a model and a dataset."""
    service = start(tmp_path / "data")
    send(
        service,
        {"name": "scaler", "license": "MIT", "description": "x"},
        ("s.onnx", scaler()),
        Prefer="wait=120",
    )
    send(service, {"name": "people", "license": "MIT", "description": "Two."}, ("people.csv", CSV))
    yield service
    if service.process.poll() is None:
        stop(service.process)


def test_check_works_in_the_service_and_in_the_folder(live: Live) -> None:
    for running in (True, False):
        if not running:
            stop(live.process)
        done = operator("check", folder=live.data_dir)
        assert (done.returncode, done.stdout, done.stderr) == (0, "", "nothing is wrong\n")
        assert json.loads(operator("check", "--json", folder=live.data_dir).stdout) == []


def test_a_violation_is_the_exit_code_1_and_a_warning_is_not(live: Live) -> None:
    stop(live.process)
    with closing(Oxigraph(live.data_dir / "public")) as graphs:
        record = next(name for name in graphs.names() if name.rpartition("/")[0].endswith("/99999"))
        whole = graphs.triples(record)
        graphs.write({"urn:x:stray": whole})
    done = operator("check", folder=live.data_dir)
    assert (done.returncode, done.stderr) == (0, "1 warning\n")
    assert done.stdout == "warning   urn:x:stray: this graph belongs to nothing in the catalogue\n"
    with closing(Oxigraph(live.data_dir / "public")) as graphs:
        graphs.write({"urn:x:stray": [], record: [t for t in whole if t.predicate != DCTERMS.license]})
    done = operator("check", folder=live.data_dir)
    assert (done.returncode, done.stderr) == (1, "1 violation\n")
    assert f"violation {record} license: " in done.stdout


@pytest.mark.reasoner
@needs_java
@pytest.mark.parametrize("running", [True, False])
def test_check_reason_finds_what_the_ontology_defines(live: Live, running: bool) -> None:
    first = send(live, described("forest"), ("forest.skops", forest(0)), Prefer="wait=180").json()
    assert first["verdict"]["outcome"] == "equal"
    tuned = described("tuned") | {"derived_from": [first["id"]]}
    send(live, tuned, ("tuned.skops", forest(1)), Prefer="wait=180")
    for number in range(3):
        made = described(f"made-{number}") | {"derived_from": [first["id"]] if number else []}
        send(live, made, (f"{number}.onnx", scaler(number + 3.0)), Prefer="wait=120")
        send(live, described(f"data-{number}"), ("d.csv", CSV + f"Eve,{number}\n".encode()))
    before = facets(live)
    if not running:
        stop(live.process)
    done = operator("check", "--reason", folder=live.data_dir)
    assert done.returncode == 0, done.stderr
    served = live if running else start(live.data_dir, "--port", live.url.rpartition(":")[2])
    try:
        assert asked(served, DERIVED) == ["ada/made-1", "ada/made-2", "ada/tuned"]
        # what came as ONNX is consistent in itself; there was nothing to prove it equal to
        assert asked(served, PROVED) == ["ada/forest", "ada/tuned"]
        assert httpx.get(f"{served.url}/ark:/99999/{first['key']}").status_code == 200
        assert facets(served) == before
    finally:
        if not running:
            stop(served.process)


def test_without_java_it_is_told_before_anything_is_done(live: Live) -> None:
    stop(live.process)
    done = operator("check", "--reason", folder=live.data_dir, PATH="/nonexistent")
    assert (done.returncode, done.stdout) == (1, "")
    assert "brings it" in done.stderr or "apt install default-jre-headless" in done.stderr


def test_there_must_be_a_catalogue(tmp_path: Path) -> None:
    done = operator("check", folder=tmp_path)
    assert (done.returncode, "there is no catalogue" in done.stderr) == (1, True)
    assert list(tmp_path.iterdir()) == []


def described(name: str) -> dict[str, Any]:
    return {"name": name, "license": "MIT", "description": "Of a test."}


def forest(seed: int) -> bytes:
    """Return a small forest that scikit-learn made."""
    skops = pytest.importorskip("skops.io", reason="skops is not installed: pip install '.[sklearn]'")
    ensemble = pytest.importorskip("sklearn.ensemble")
    model = ensemble.RandomForestClassifier(n_estimators=3, random_state=seed)
    return bytes(skops.dumps(model.fit([[0.0, 1.0], [1.0, 0.0], [0.5, 2.0], [2.0, 0.5]], [0, 1, 0, 1])))


def facets(live: Live) -> Any:
    return httpx.get(f"{live.url}/api/search", params={"facets": "architecture"}).json()["facets"]


def asked(live: Live, query: dict[str, str]) -> list[str]:
    """Return the one column that a query answers with."""
    answer = httpx.get(f"{live.url}/sparql", params=query, headers={"Accept": "text/csv"}, timeout=30)
    return answer.text.split()[1:]
