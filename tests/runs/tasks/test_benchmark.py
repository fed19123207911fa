from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from hpcfair_kg import config
from hpcfair_kg.hub import Hub
from hpcfair_kg.run import Run
from hpcfair_kg.runs.tasks.benchmark import planned
from hpcfair_kg.settings import Settings
from tests.ingest.test_story import ADA, finished, linear, upload


@pytest.fixture
def hub(tmp_path: Path) -> Iterator[Hub]:
    """A hub whose boxes have two seconds."""
    hub = Hub.open(Settings(data_dir=tmp_path / "data", job_seconds=2))
    yield hub
    hub.close()


def plan(model: Any, **asked: Any) -> dict[str, Any]:
    return {"general_args": {"task": "benchmark"}, "task_args": {"model_file": model, **asked}}


def done(hub: Hub, model: Any, **asked: Any) -> Run:
    run = hub.runs.submit(plan(model, **asked), (), ADA)
    return hub.runs.wait(run.id, 60)


def test_a_case_that_outlasts_its_box_is_told_and_the_next_is_measured(hub: Hub) -> None:
    artifact = finished(hub, upload(hub, {"m.onnx": linear()}))
    run = done(hub, artifact.id, threads=1, batch=[1], repeats=10**9)
    assert run.state == "succeeded"
    (step,) = run.steps
    assert (step.state, step.detail, step.measurements) == ("failed", "used more than 2 s", ())
    assert step.ended is not None
    assert hub.runs.measured(artifact) == []
    assert done(hub, artifact.id, threads=1, batch=[1], repeats=5).steps[0].state == "succeeded"
    assert [r.task for r in hub.runs.measured(artifact)] == ["benchmark"]


def test_one_model_is_measured_at_a_time(hub: Hub) -> None:
    artifact = finished(hub, upload(hub, {"m.onnx": linear()}))
    run = done(hub, [artifact.id, artifact.id])
    assert (run.state, run.detail) == ("failed", "model_file names 2 models; a benchmark is of one")


def test_a_plan_is_what_is_asked_and_else_the_usual() -> None:
    usual = planned(config.load(plan("ada/m")))
    assert (usual.batches, usual.threads, usual.repeats, usual.warm_up) == ((1, 8, 32), (), 100, 10)
    asked = planned(config.load(plan("ada/m", batch=[2, 2], threads=3, repeats=4, warm_up=5)))
    assert (asked.batches, asked.threads, asked.repeats, asked.warm_up) == ((2,), (3,), 4, 5)
