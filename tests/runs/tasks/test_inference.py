from __future__ import annotations

import json
from typing import Any

import numpy as np

from hpcfair_kg.artifact import Artifact
from hpcfair_kg.hub import Hub
from tests.ingest.test_story import ADA, finished, upload
from tests.runs.tasks.test_collaboration import CSV, done, kept


def plan(*models: Artifact, **groups: Any) -> dict[str, Any]:
    arguments = {"model_file": [model.key for model in models], "input": "in.csv"}
    return {"general_args": {"task": "inference"}, "task_args": arguments, **groups}


def test_each_model_runs_over_the_file(hub: Hub, pair: list[Artifact]) -> None:
    run = done(
        hub,
        plan(*pair, out_args={"export_file": ["a.txt", "b.npz"]}, device_args={"worker_num": 2}),
        kept(hub, "in.csv", CSV),
    )
    assert run.state == "succeeded", run.detail
    found = hub.runs.outcome(run)["result"]["models"]
    assert [(m["rows"], m["files"], m["exact"]) for m in found] == [
        (2, ["a.txt"], "a.exact.npz"),
        (2, ["b.npz"], "b.npz"),
    ]
    exact = np.load(hub.runs.file(run.id, "a.exact.npz", ADA)[0])["y"]
    assert (exact.dtype, exact.tolist()) == (np.float32, [[2, 4, 6], [8, 10, 12]])
    assert [step.name for step in run.steps] == ["infer", "infer"]
    assert all(step.hardware and step.environment and step.software for step in run.steps)
    assert f"{pair[0].id}#file-{pair[0].files[0].name}" in run.steps[0].used


def test_a_dataset_of_the_catalogue_is_an_input(hub: Hub, pair: list[Artifact]) -> None:
    data = finished(hub, upload(hub, {"rows.csv": CSV}, name="rows"))
    run = done(hub, plan(pair[0]) | {"task_args": {"model_file": pair[0].key, "input": data.key}})
    assert run.state == "succeeded", run.detail
    assert data.id in run.used


def test_two_outputs_of_one_name_are_refused(hub: Hub, pair: list[Artifact]) -> None:
    run = done(hub, plan(*pair, out_args={"export_file": ["a.txt", "a.txt"]}), kept(hub, "in.csv", CSV))
    assert "one of its own" in (run.detail or "")


def test_a_restart_takes_up_what_was_not_finished(hub: Hub, pair: list[Artifact]) -> None:
    run = done(hub, plan(pair[0]), kept(hub, "in.csv", CSV))
    from dataclasses import replace

    records = hub.runs._rooms.records
    given = tuple(file for file in run.files if file.role == "input")
    records.note(replace(run, state="running", files=given, steps=()))
    hub.runs.resume()
    again = hub.runs.wait(run.id, 60)
    assert (again.state, json.loads(again.plan)) == ("succeeded", json.loads(run.plan))
    assert [file.name for file in again.files] == [file.name for file in run.files]
