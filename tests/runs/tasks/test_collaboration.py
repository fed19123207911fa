from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import yaml

from hpcfair_kg.artifact import Artifact
from hpcfair_kg.hub import Hub, Upload
from hpcfair_kg.run import Run
from tests.ingest.test_story import ADA, finished, upload
from tests.server.parts import scaler

CSV = b"x[0],x[1],x[2]\n1,2,3\n4,5,6\n"


def kept(hub: Hub, name: str, data: bytes) -> Upload:
    writer = hub.blobs.writer()
    writer.write(data)
    return Upload(name, writer.finish())


def done(hub: Hub, plan: dict[str, Any], *files: Upload, principal: Any = ADA) -> Run:
    run = hub.runs.submit(plan, files, principal)
    return hub.runs.wait(run.id, 120)


def plan(models: list[Artifact], **arguments: Any) -> dict[str, Any]:
    return {
        "general_args": {"task": "inference", "tag": "collaboration"},
        "task_args": {
            "model_name": [model.name for model in models],
            "model_file": [model.key for model in models],
            **arguments,
        },
        "out_args": {"export_file": "out.csv"},
    }


def test_a_chain_is_run_merged_proved_and_kept(hub: Hub, pair: list[Artifact]) -> None:
    run = done(hub, plan(pair, input="in.csv"), kept(hub, "in.csv", CSV))
    assert run.state == "succeeded", run.detail
    result = hub.runs.outcome(run)["result"]
    assert result["verdict"]["outcome"] == "equal"
    assert (result["rows"], result["warnings"]) == (2, [])
    path, _ = hub.runs.file(run.id, "out.csv", ADA)
    assert path.read_text().splitlines()[1:] == ["6.0,12.0,18.0", "24.0,30.0,36.0"]
    assert [step.name for step in run.steps] == ["infer", "merge", "verify:merged"]
    assert {model.id for model in pair} == set(run.used)
    workflow, merged = hub.find(result["workflow"]), hub.find(result["merged"])
    assert [(link.name, link.model) for link in workflow.chain] == [(m.name, m.id) for m in pair]
    assert workflow.chain[1].wires == ("x <- double.y",)
    assert (workflow.kind, merged.kind, merged.status) == ("workflow", "model", "ready")
    assert set(merged.components) == {model.id for model in pair}
    assert merged.workflow == workflow.id
    given = hub.infer(merged.key, {"x": np.ones((1, 3), np.float32)}, None, ADA)
    assert given["y"].tolist() == [[6.0, 6.0, 6.0]]


def test_the_workflow_s_file_runs_the_chain_again(hub: Hub, pair: list[Artifact]) -> None:
    first = hub.runs.outcome(done(hub, plan(pair, input="in.csv"), kept(hub, "in.csv", CSV)))["result"]
    path, _ = hub.open_file(hub.find(first["workflow"]), "collaboration.yaml")
    again = yaml.safe_load(path.read_text())
    again["task_args"]["input"] = "in.csv"
    second = hub.runs.outcome(done(hub, again, kept(hub, "in.csv", CSV)))["result"]
    assert (second["workflow"], second["merged"]) == (first["workflow"], first["merged"])


def test_who_may_not_write_has_the_outcome_and_nothing_is_kept(hub: Hub, pair: list[Artifact]) -> None:
    from dataclasses import replace

    reader = replace(ADA, owner="bob", scopes=frozenset({"read", "run"}))
    before = {artifact.id for artifact in hub.catalogue.all()}
    run = done(hub, plan([pair[1], pair[0]], input="in.csv"), kept(hub, "in.csv", CSV), principal=reader)
    result = hub.runs.outcome(run)["result"]
    assert result["verdict"]["outcome"] == "equal"
    assert "not kept" in result["warnings"][0]
    assert {artifact.id for artifact in hub.catalogue.all()} == before


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"model_file": ["double"], "model_name": ["double"]}, "there is no artifact 'double'"),
        ({"input": "other.csv"}, "other.csv"),
        ({"wiring": {"triple.x": "double.z"}}, "none of the outputs"),
    ],
)
def test_what_cannot_be_done_is_told(
    hub: Hub, pair: list[Artifact], change: dict[str, Any], said: str
) -> None:
    before = set(hub.blobs)
    run = done(hub, plan(pair, **{"input": "in.csv", **change}), kept(hub, "in.csv", CSV))
    assert run.state == "failed"
    assert said in (run.detail or "")
    assert len(set(hub.blobs) - before) <= 2  # the problem, and what it was given


def test_a_file_that_does_not_fit_names_its_column(hub: Hub, pair: list[Artifact]) -> None:
    run = done(hub, plan(pair, input="in.csv"), kept(hub, "in.csv", b"x[0],x[1],x[2]\n1,2,three\n"))
    assert run.state == "failed"
    assert "three" in (run.detail or "")


def test_one_withdrawn_between_is_told(hub: Hub, pair: list[Artifact]) -> None:
    gone = finished(hub, upload(hub, {"gone.onnx": scaler(7.0)}, name="gone"))
    hub.withdraw(gone.key, ADA, "was wrong")
    run = done(hub, plan([pair[0], gone], input="in.csv"), kept(hub, "in.csv", CSV))
    assert "was withdrawn: was wrong" in (run.detail or "")
