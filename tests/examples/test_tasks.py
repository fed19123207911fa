"""The examples of single tasks, run as their reader does: by `hpcfair run`, on this machine and on a service."""

from __future__ import annotations

import csv
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.running import Live, start, stop

pytest.importorskip("skops", reason="needs scikit-learn and skops")
ROOT = Path(__file__).parents[2]
EXAMPLES = ROOT / "examples"


def run(folder: Path, *words: str, **environ: str) -> str:
    """Give a command as its reader does, in a folder of its own, and return what it prints."""
    plain = {k: v for k, v in os.environ.items() if not k.startswith("HPCFAIR_")}
    told = {"PYTHONPATH": str(ROOT), "HPCFAIR_CACHE": str(folder / "cache"), "HPCFAIR_HOME": str(folder)}
    done = subprocess.run(
        [sys.executable, *words],
        cwd=folder,
        env=plain | told | environ,
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the irises and the forest are."""
    folder = tmp_path_factory.mktemp("tasks")
    run(folder, str(EXAMPLES / "iris.py"))
    return folder


@pytest.fixture(scope="module")
def live(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Live]:
    """A service of its own: the README's session stores a forest of the same name."""
    found = start(tmp_path_factory.mktemp("service") / "data")
    yield found
    stop(found.process)


def task(folder: Path, name: str, **environ: str) -> Any:
    command = ("-m", "hpcfair_kg.cli", "run", str(EXAMPLES / name), "--json")
    return json.loads(run(folder, *command, **environ))


def test_inference_here_writes_labels_and_how_they_came_about(folder: Path) -> None:
    (result,) = task(folder, "inference.yaml")
    assert result["ok"]
    with (folder / "iris-labels.csv").open(newline="") as stream:
        assert [row["label"] for row in csv.DictReader(stream)] == ["0", "1", "2"]
    assert "InferenceRun" in (folder / "iris-labels.csv.prov.ttl").read_text()


def test_a_model_is_stored_here_and_there(folder: Path, live: Live) -> None:
    (here,) = task(folder, "store.yaml", HPCFAIR_DATA_DIR=str(folder / "data"))
    assert here["artifact"]["verdict"]["outcome"] == "equal"
    (there,) = task(folder, "store.yaml", HPCFAIR_ENDPOINT=live.url, HPCFAIR_TOKEN=live.token)
    assert there["artifact"]["id"].startswith(live.url)
    assert there["artifact"]["verdict"] == here["artifact"]["verdict"]


def test_inference_there_gives_the_same_and_is_a_run_of_the_service(folder: Path, live: Live) -> None:
    (here,) = task(folder, "inference.yaml")
    (there,) = task(folder, "inference.yaml", HPCFAIR_ENDPOINT=live.url, HPCFAIR_TOKEN=live.token)
    assert there["outputs"] == here["outputs"]
    assert there["run"].startswith(f"{live.url}/runs/run-")


def test_a_model_is_measured_and_its_records_are_reproduced_there(folder: Path, live: Live) -> None:
    there = {"HPCFAIR_ENDPOINT": live.url, "HPCFAIR_TOKEN": live.token}
    task(folder, "store.yaml", **there)
    (measured,) = task(folder, "benchmark.yaml", **there)
    assert {step["batch"] for step in measured["result"]["steps"]} == {1, 32}
    (again,) = task(folder, "reproduction.yaml", **there)
    assert again["run"].startswith(f"{live.url}/runs/run-")
    proved = [one for one in again["result"]["reproductions"] if one["step"] in ("convert", "verify")]
    assert [(one["step"], one["outcome"]) for one in proved] == [("convert", "equal"), ("verify", "equal")]
