from __future__ import annotations

from typing import Any

import pytest

from hpcfair_kg.artifact import Artifact
from hpcfair_kg.hub import Hub
from tests.ingest.test_story import ADA, finished, upload
from tests.runs.tasks.test_collaboration import CSV, done
from tests.server.parts import scaler


def plan(task: str, *names: str, **arguments: Any) -> dict[str, Any]:
    return {"general_args": {"task": task}, "task_args": {"model_file": list(names)} | arguments}


def result(hub: Hub, plan: dict[str, Any]) -> Any:
    run = done(hub, plan)
    assert run.state == "succeeded", run.detail
    return hub.runs.outcome(run)["result"]


def test_a_model_is_told_with_its_files_and_its_signature(hub: Hub, pair: list[Artifact]) -> None:
    names = [model.key for model in pair]
    first, second = result(hub, plan("load_model", *names, model_name=["a", "b"]))["models"]
    assert (first["name"], first["record"]["id"]) == ("a", pair[0].id)
    (file,) = second["files"]
    held = pair[1].files[0]
    assert (file["sha256"], file["size"]) == (held.sha256, held.size)
    assert file["url"] == f"{pair[1].id}/files/triple.onnx"
    assert first["inputs"] == [{"name": "x", "dtype": "float32", "shape": ["batch", 3]}]
    assert first["outputs"][0]["name"] == "y"
    (again,) = result(hub, plan("load_model", pair[0].key, original=True))["models"]
    assert [file["role"] for file in again["files"]] == ["original"]


def test_a_dataset_is_told_with_its_files_and_its_columns(hub: Hub) -> None:
    data = finished(hub, upload(hub, {"one.csv": CSV, "two.csv": CSV + b"7,8,9\n"}, name="halves"))
    (told,) = result(hub, plan("load_dataset", data.key))["datasets"]
    assert [file["name"] for file in told["files"]] == ["one.csv", "two.csv"]
    assert [column["name"] for column in told["columns"]] == ["x[0]", "x[1]", "x[2]"]
    (told,) = result(hub, plan("load_dataset", data.key, file="two.csv", variables="x[1]"))["datasets"]
    assert [file["url"] for file in told["files"]] == [f"{data.id}/files/two.csv"]
    assert [column["name"] for column in told["columns"]] == ["x[1]"]


@pytest.mark.parametrize(
    ("task", "change", "said"),
    [
        ("load_dataset", {}, "which is a model, no dataset"),
        ("load_model", {"model_file": "nobody/nothing"}, "there is no 'nobody/nothing'"),
        ("load_model", {"model_file": []}, "model_file is missing"),
    ],
)
def test_what_cannot_be_loaded_is_told(
    hub: Hub, pair: list[Artifact], task: str, change: dict[str, Any], said: str
) -> None:
    run = done(hub, plan(task, **{"model_file": pair[0].key, **change}))
    assert run.state == "failed"
    assert said in (run.detail or "")


def test_a_file_that_a_dataset_has_not_is_told_those_it_has(hub: Hub) -> None:
    data = finished(hub, upload(hub, {"rows.csv": CSV + b"0,0,1\n"}, name="more-rows"))
    run = done(hub, plan("load_dataset", data.key, file="other.csv"))
    assert "no data file 'other.csv'; there are: rows.csv" in (run.detail or "")


def test_one_that_was_withdrawn_is_told(hub: Hub) -> None:
    gone = finished(hub, upload(hub, {"gone.onnx": scaler(11.0)}, name="gone-too"))
    hub.withdraw(gone.key, ADA, "was wrong")
    assert "was withdrawn: was wrong" in (done(hub, plan("load_model", gone.key)).detail or "")
