"""`rebase` as an operator gives it: refused while the service runs, finished whatever ended it."""

from __future__ import annotations

import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import httpx
import pyoxigraph as ox
import pytest

from hpcfair_kg.backends.graph.oxigraph import Oxigraph
from hpcfair_kg.knowledge.catalogue import Catalogue
from hpcfair_kg.knowledge.jsonld import canonical_hash
from hpcfair_kg.knowledge.search import Index
from hpcfair_kg.settings import Settings
from tests.running import Live, environ, operator, start, stop
from tests.server.living import send
from tests.server.parts import CSV, scaler
from tests.server.stock import stock

OLD, NEW = "http://127.0.0.1:8080", "http://models.example.org/kg"
MANY = 400


@pytest.fixture
def live(tmp_path: Path) -> Iterator[Live]:
    """A service with a dataset, and two versions of a model that was tested on it."""
    service = start(tmp_path / "data")
    data = send(service, {"name": "people", "license": "MIT"}, ("people.csv", CSV)).json()["id"]
    model = {"name": "scaler", "license": "MIT", "trained_on": [data]}
    first = send(service, model, ("scaler.onnx", scaler()), Prefer="wait=120").json()
    second = model | {"version": "2.0"}
    send(service, second, ("scaler.onnx", scaler(3.0)), path=f"/{first['key']}/versions", Prefer="wait=120")
    yield service
    if service.process.poll() is None:
        stop(service.process)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with a few hundred artifacts that no service ever had open."""
    settings = Settings(data_dir=tmp_path / "many", base_url=OLD)
    with (
        closing(Oxigraph(settings.data_dir / "public")) as graphs,
        closing(Index(settings.data_dir / "index")) as index,
    ):
        settings.keep_base()
        catalogue = Catalogue(graphs, index, OLD, "99999")
        catalogue.commit_all([(artifact, ()) for artifact in stock(OLD, MANY)])
    return settings.data_dir


def hashes(folder: Path, old: str = "", new: str = "") -> dict[str, str]:
    """Return the canonical hash of each public graph by its name, with a base replaced as a text editor would."""
    with closing(Oxigraph(folder / "public")) as graphs:
        texts = {
            name: ox.serialize(graphs.triples(name), format=ox.RdfFormat.N_TRIPLES) for name in graphs.names()
        }
    return {
        name.replace(old, new): canonical_hash(
            [quad.triple for quad in ox.parse(text.decode().replace(old, new), format=ox.RdfFormat.N_TRIPLES)]
        )
        for name, text in texts.items()
    }


def test_it_waits_for_the_service_to_stop_and_everything_answers_under_the_new_base(live: Live) -> None:
    done = operator("rebase", NEW, folder=live.data_dir)
    assert (done.returncode, "is running; stop it" in done.stderr) == (1, True)
    stop(live.process)
    expected = hashes(live.data_dir, live.url, NEW)
    assert operator("rebase", f"{NEW}/", folder=live.data_dir).returncode == 0
    assert "already" in operator("rebase", NEW, folder=live.data_dir).stdout
    assert hashes(live.data_dir) == expected
    assert operator("check", folder=live.data_dir).returncode == 0
    port = free_port()
    served = start(live.data_dir, "--base-url", NEW, "--port", str(port))
    try:
        here = f"http://127.0.0.1:{port}"
        hits = httpx.get(f"{here}/api/search", params={"q": "scaler"}).json()["hits"]
        assert [hit["id"].startswith(f"{NEW}/ark:/") for hit in hits] == [True, True]
        newest = httpx.get(f"{here}/api/artifacts/ada%2Fscaler").json()
        older = httpx.get(f"{here}/api/artifacts/ada%2Fscaler@1.0").json()
        assert newest["previous"] == older["id"]
        assert newest["trained_on"][0].startswith(f"{NEW}/ark:/")
        for path in ("", ".ttl", "/provenance.ttl", "/files/scaler.onnx", "/views/schema.org"):
            answer = httpx.get(f"{here}/ark:/99999/{newest['key']}{path}")
            assert (answer.status_code, live.url in answer.text) == (200, False), path
        query = {"query": "SELECT (COUNT(*) AS ?n) WHERE { ?m hk:handle ?name }"}
        counted = httpx.get(f"{here}/sparql", params=query, headers={"Accept": "text/csv"})
        assert counted.text.split() == ["n", "3"]
    finally:
        stop(served.process)


def test_killed_at_any_moment_it_is_finished_by_giving_it_again(folder: Path) -> None:
    expected = hashes(folder, OLD, NEW)
    command = [sys.executable, "-m", "server", "rebase", NEW, "--data-dir", str(folder)]
    cut = 0
    for patience in (0.0, 0.1, 0.3, 0.6, 1.0):
        process = subprocess.Popen(command, stdout=subprocess.DEVNULL, env=environ())
        while process.poll() is None and not (folder / "rebase").exists():
            time.sleep(0.005)
        time.sleep(patience)
        process.send_signal(signal.SIGKILL)
        cut += process.wait() == -signal.SIGKILL
        if (folder / "rebase").exists():
            refused = operator("rebase", "https://elsewhere.example.org", folder=folder)
            assert "was cut short; finish it first" in refused.stderr
            assert "finish it: hpcfair-server rebase" in operator("check", folder=folder).stderr
    assert cut >= 1
    assert operator("rebase", NEW, folder=folder).returncode == 0
    assert hashes(folder) == expected
    assert (folder / "base-url").read_text() == NEW
    assert not (folder / "rebase").exists()


def test_killed_before_the_last_note_is_gone_it_is_finished_too(folder: Path) -> None:
    assert operator("rebase", NEW, folder=folder).returncode == 0
    (folder / "rebase").write_text(NEW)
    assert "already" in operator("rebase", NEW, folder=folder).stdout
    assert not (folder / "rebase").exists()


def test_one_that_another_process_has_open_is_left_alone(folder: Path) -> None:
    with closing(Oxigraph(folder / "public")):
        done = operator("rebase", NEW, folder=folder)
    assert (done.returncode, "has it open" in done.stderr) == (1, True)
    assert not (folder / "rebase").exists()


def test_what_cannot_be_done_is_told(tmp_path: Path, folder: Path) -> None:
    done = operator("rebase", NEW, folder=tmp_path / "none")
    assert (done.returncode, "there is no catalogue" in done.stderr) == (1, True)
    assert not (tmp_path / "none").exists()
    done = operator("rebase", "models.example.org", folder=folder)
    assert (done.returncode, "is no base address" in done.stderr) == (1, True)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
