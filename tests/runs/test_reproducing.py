"""Reproductions over a real hub: what was recorded is patched, as if it had been otherwise then."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from hpcfair_kg.activity import Environment, Hardware, Measurement, Step
from hpcfair_kg.artifact import Artifact
from hpcfair_kg.backends.accounts import Principal
from hpcfair_kg.backends.blobs.base import Blob
from hpcfair_kg.hub import Hub, Upload
from hpcfair_kg.knowledge.runs import describe_run, run_iri
from hpcfair_kg.plugins import shelf
from hpcfair_kg.run import Run
from hpcfair_kg.runs.base import SHELF, Doer
from hpcfair_kg.runs.desk import Desk
from hpcfair_kg.settings import Settings
from tests.ingest.test_story import ADA, BOB, finished, linear, upload
from tests.models.test_again import regression
from tests.onnx_files import tree


def reproduced(
    hub: Hub, name: str, of: str | None = None, principal: Principal = ADA
) -> tuple[Run, dict[str, Any]]:
    """Reproduce an artifact or run; return the run and its outcome."""
    return asked(hub, "reproduction", principal, model_file=name, **({"of": of} if of else {}))


def asked(hub: Hub, task: str, principal: Principal = ADA, **arguments: Any) -> tuple[Run, dict[str, Any]]:
    run = hub.runs.submit({"general_args": {"task": task}, "task_args": arguments}, (), principal)
    run = hub.runs.wait(run.id, 120)
    return run, hub.runs.outcome(run)


def told(outcome: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """Return what came out by the name of the step, its last one."""
    return {one["step"]: one for one in outcome["result"]["reproductions"]}


@pytest.fixture(scope="module")
def hub(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Hub]:
    """One hub for all: its warm processes take longest to start."""
    hub = Hub.open(Settings(data_dir=tmp_path_factory.mktemp("reproducing") / "data"))
    yield hub
    hub.close()


@pytest.fixture(scope="module")
def converted(hub: Hub, tmp_path_factory: pytest.TempPathFactory) -> Artifact:
    """A converted and proved model of scikit-learn's."""
    path = regression(tmp_path_factory.mktemp("model") / "m.skops")
    found = finished(hub, upload(hub, {"m.skops": path.read_bytes()}))
    assert found.status == "ready"
    return found


@pytest.fixture
def model(hub: Hub, converted: Artifact) -> Iterator[Artifact]:
    """The same, as it was before whatever a test does to it."""
    jobs = hub.jobs(converted)
    files = {file.sha256: hub.blobs.path(file.sha256).read_bytes() for file in converted.files}
    yield converted
    hub.catalogue.commit(converted, jobs)
    for sha256, data in files.items():
        hub.blobs.remove(sha256)
        kept(hub, data)


@pytest.fixture
def patched(hub: Hub, model: Artifact) -> Callable[[Callable[[Step], Step]], None]:
    """A function that changes each step as it is recorded."""

    def patch(change: Callable[[Step], Step]) -> None:
        (job,) = hub.jobs(model)
        hub.catalogue.note(model.id, [replace(job, steps=tuple(map(change, job.steps)))])

    return patch


def kept(hub: Hub, data: bytes) -> Blob:
    writer = hub.blobs.writer()
    writer.write(data)
    return writer.finish()


def edited(hub: Hub, sha256: str, data: bytes) -> None:
    path = hub.blobs.path(sha256)
    path.unlink()  # its bytes may have other names too
    path.write_bytes(data)


def test_a_conversion_and_its_proof_come_out_as_they_were(hub: Hub, model: Artifact) -> None:
    run, outcome = reproduced(hub, model.id)
    assert run.state == "succeeded", run
    again = told(outcome)
    assert list(again) == ["convert", "verify"]
    assert all(one["reproduced"] and one["differences"] == [] for one in again.values())
    assert again["convert"]["outcome"] == "equal"
    assert again["verify"]["said"] == "equal, as then, with the same figures"


def test_the_attempt_is_provenance(hub: Hub, model: Artifact) -> None:
    before = hub.etag(model), hub.provenance(model)
    run, _ = reproduced(hub, model.id)
    jobs = hub.jobs(model)
    assert [step.name for step in run.steps] == ["reproduce:convert", "reproduce:verify"]
    places = [place for place, step in enumerate(jobs[0].steps) if step.name in ("convert", "verify")]
    job = f"{model.id}/provenance#job-{jobs[0].id}"
    assert [step.reproduces for step in run.steps] == [f"{job}-step-{place}" for place in places]
    assert run.steps[1].verdict == model.verdict
    assert run.steps[0].used == (f"{model.id}#file-m.skops",)
    assert run.steps[0].software == jobs[0].steps[places[0]].software
    assert run.steps[0].hardware == jobs[0].steps[places[0]].hardware
    assert run.used == (model.id,)
    assert (hub.etag(model), hub.provenance(model)) == before


def test_an_edited_input_is_named_and_nothing_is_done_with_it(hub: Hub, model: Artifact) -> None:
    sha256 = model.files[0].sha256
    edited(hub, sha256, b"something else")
    run, outcome = reproduced(hub, model.id)
    now = hashlib.sha256(b"something else").hexdigest()
    for one in told(outcome).values():
        assert (one["outcome"], one["reproduced"]) == ("impossible", False)
        assert one["differences"] == [f"m.skops was edited: sha256 {sha256} then, {now} now"]
    assert {step.state for step in run.steps} == {"failed"}
    assert run.steps[0].differences[0].startswith("m.skops was edited")


def test_bytes_that_are_gone_are_named(hub: Hub, model: Artifact) -> None:
    hub.blobs.remove(model.files[0].sha256)
    _, outcome = reproduced(hub, model.id)
    assert "m.skops is gone: no bytes with sha256" in told(outcome)["convert"]["said"]


def test_an_edited_form_is_named_and_cannot_be_compared(hub: Hub, model: Artifact) -> None:
    form = model.runnable
    assert form is not None
    edited(hub, form.sha256, b"no form")
    _, outcome = reproduced(hub, model.id)
    again = told(outcome)
    assert again["convert"]["outcome"] == "different"
    assert again["convert"]["differences"][0].startswith("m.onnx was edited")
    assert again["verify"]["reproduced"]


def test_another_version_is_named(hub: Hub, model: Artifact, patched: Any) -> None:
    def older(step: Step) -> Step:
        names = [f"{name.partition(' ')[0]} 0.1" for name in step.software[:1]]
        return replace(step, software=(*names, *step.software[1:], "extinct 7"))

    current = {s.name: s.software[0].partition(" ") for s in hub.jobs(model)[0].steps if s.software}
    patched(older)
    _, outcome = reproduced(hub, model.id)
    for name, one in told(outcome).items():
        package, _, version = current[name]
        assert one["differences"] == [
            "extinct 7 then, not installed now",
            f"{package} 0.1 then, {version} now",
        ]
        assert one["reproduced"]


def test_other_surroundings_are_named(hub: Hub, model: Artifact, patched: Any) -> None:
    environment, hardware = hub.surroundings(hub.jobs(model)[0].steps[-1])
    assert environment is not None
    assert hardware is not None
    old = Hardware("POWER9", 44, 256 << 30, ("Tesla V100",))
    places = hub.catalogue.surround(Environment("3.9.1", "Linux ppc64le", environment.packages), old)
    patched(lambda step: replace(step, environment=places[0], hardware=places[1], box="chroot"))
    _, outcome = reproduced(hub, model.id)
    assert set(told(outcome)["convert"]["differences"]) == {
        f"Python 3.9.1 then, {environment.python} now",
        f"Linux ppc64le then, {environment.system} now",
        f"POWER9 then, {hardware.cpu} now",
        f"44 cores then, {hardware.cores} now",
        f"256 GiB of memory then, {hardware.memory / 2**30:.3g} now",
        "GPUs: Tesla V100 then, none now",
        f"in a box of chroot then, of {hub.box} now",
    }


def test_a_proof_whose_figures_differ_is_told(hub: Hub, model: Artifact, patched: Any) -> None:
    assert model.verdict is not None
    other = replace(model.verdict, rms=0.5, normalised=3e-7)
    hub.catalogue.commit(replace(model, verdict=other), hub.jobs(model))
    patched(lambda step: replace(step, verdict=other) if step.verdict else step)
    _, outcome = reproduced(hub, model.id)
    proof = told(outcome)["verify"]
    assert proof["outcome"] == "within"
    assert f"rms 0.5 then, {model.verdict.rms:.3g} now" in proof["said"]


def test_a_proof_that_claimed_another_outcome_is_not_reproduced(
    hub: Hub, model: Artifact, patched: Any
) -> None:
    assert model.verdict is not None
    other = replace(model.verdict, outcome="different", normalised=0.5, reason="far off")
    patched(lambda step: replace(step, verdict=other) if step.verdict else step)
    run, outcome = reproduced(hub, model.id)
    assert told(outcome)["verify"]["said"] == "the outcome was different and is equal"
    assert run.steps[-1].state == "failed"


def test_one_step_or_one_job_can_be_named(hub: Hub, model: Artifact) -> None:
    (job,) = hub.jobs(model)
    place = next(n for n, step in enumerate(job.steps) if step.name == "verify")
    step = f"job-{job.id}-step-{place}"
    for of in (step, f"{model.id}/provenance#{step}"):
        assert list(told(reproduced(hub, model.id, of)[1])) == ["verify"]
    assert list(told(reproduced(hub, model.id, job.id)[1])) == ["convert", "verify"]
    run, _ = reproduced(hub, model.id, "job-nonsense")
    assert run.detail is not None
    assert run.detail.startswith("no step 'job-nonsense'")
    assert step in run.detail


def test_what_could_not_be_converted_still_cannot(hub: Hub, tmp_path: Path) -> None:
    bad = finished(
        hub, upload(hub, {"bad.onnx": tree(tmp_path / "bad.onnx", ("n", 4)).read_bytes()}, name="bad")
    )
    assert bad.status == "failed-proof"
    _, outcome = reproduced(hub, bad.id)
    assert told(outcome)["verify"]["said"] == "inconsistent, as then, with the same figures"


def test_a_dataset_has_nothing_to_be_done_again(hub: Hub) -> None:
    table = finished(hub, upload(hub, {"t.csv": b"a,b\n1,2\n"}, name="table"))
    run, outcome = reproduced(hub, table.id)
    assert outcome["problem"]["type"].endswith("not-runnable")
    assert "nothing is recorded" in (run.detail or "")


def test_a_measurement_is_repeated_and_its_ratio_judged_on_the_same_hardware_only(hub: Hub) -> None:
    artifact = finished(hub, upload(hub, {"m.onnx": linear()}, name="linear"))
    run, _ = asked(hub, "benchmark", model_file=artifact.id, batch=[1], threads=[1], repeats=5)

    def noted(median: float, hardware: str | None) -> None:
        slow = Measurement("latencyP50", median, "MilliSEC", artifact.id)
        step = replace(run.steps[0], measurements=(slow,), hardware=hardware)
        iri = run_iri(hub.settings.base, run.id)
        hub.public.write({iri: describe_run(iri, replace(run, steps=(step,)))})

    noted(1e6, run.steps[0].hardware)
    again, outcome = reproduced(hub, run.id)
    assert told(outcome)["benchmark"]["outcome"] == "different"
    assert "beyond a factor of 2" in told(outcome)["benchmark"]["said"]
    assert [step.name for step in again.steps] == ["benchmark", "reproduce:benchmark"]
    assert again.steps[1].reproduces == f"{run_iri(hub.settings.base, run.id)}#step-0"
    assert again.steps[0].measurements
    _, elsewhere = hub.catalogue.surround(Environment("3", "x"), Hardware("POWER9", 2))
    noted(1e6, elsewhere)
    found = told(reproduced(hub, artifact.id, run.id)[1])["benchmark"]
    assert (found["outcome"], found["reproduced"]) == ("reported", True)
    assert any(said.startswith("POWER9 then") for said in found["differences"])


@pytest.fixture
def inference(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> dict[str, bytes]:
    """Inference that gives the bytes in this mapping, whatever it is given."""
    gives = {"out.txt": b"1\n"}

    def perform(desk: Desk) -> dict[str, Any]:
        desk.models()
        desk.step(Step("infer", "succeeded", started=f"2026-01-01T00:00:0{len(desk.run.steps)}Z"))
        for name, data in gives.items():
            (tmp_path / name).write_bytes(data)
            desk.keep(tmp_path / name, name)
        return {}

    monkeypatch.setitem(shelf(SHELF), "inference", Doer("inference", perform))
    return gives


def test_a_run_gives_the_same_files_again(hub: Hub, inference: dict[str, bytes]) -> None:
    artifact = finished(hub, upload(hub, {"m.onnx": linear()}, name="linear"))
    run, _ = asked(hub, "inference", model_file=artifact.id)
    again, outcome = reproduced(hub, run.id)
    assert told(outcome)["infer"]["said"] == "out.txt, bit for bit"
    assert [step.name for step in again.steps] == ["infer", "reproduce:infer"]
    inference["out.txt"] = b"2\n"
    assert told(reproduced(hub, run.id)[1])["infer"]["said"] == "another out.txt: its bytes differ"
    inference.clear()
    assert told(reproduced(hub, run.id)[1])["infer"]["said"] == "out.txt did not come out"


def test_an_inference_gives_the_same_bytes_again(hub: Hub) -> None:
    artifact = finished(hub, upload(hub, {"m.onnx": linear()}, name="linear"))
    table = Upload("in.csv", kept(hub, b"x0,x1,x2\n1,2,3\n4,5,6\n"))
    plan = {
        "general_args": {"task": "inference"},
        "task_args": {"model_file": artifact.id, "input": "in.csv"},
        "out_args": {"export_file": "out.npz"},
    }
    run = hub.runs.wait(hub.runs.submit(plan, (table,), ADA).id, 60)
    assert run.state == "succeeded", run.detail
    again, outcome = reproduced(hub, run.id)
    found = told(outcome)["infer"]
    assert (found["outcome"], found["differences"]) == ("equal", [])
    assert [(f.name, f.sha256) for f in again.files if f.role == "input"] == [("in.csv", table.blob.sha256)]
    edited(hub, table.blob.sha256, b"x0,x1,x2\n9,9,9\n")
    found = told(reproduced(hub, run.id)[1])["infer"]
    assert found["outcome"] == "impossible"
    assert found["differences"][0].startswith("in.csv was edited")


def test_the_inputs_of_a_run_are_for_who_sent_them(hub: Hub, inference: dict[str, bytes]) -> None:
    artifact = finished(hub, upload(hub, {"m.onnx": linear()}, name="linear"))
    run, _ = asked(hub, "inference", model_file=artifact.id)
    failed, outcome = reproduced(hub, run.id, principal=BOB)
    assert outcome["problem"]["type"].endswith("forbidden")
    assert failed.state == "failed"


@pytest.mark.torch
def test_a_conversion_of_torch_comes_out_as_it_was(hub: Hub, tmp_path: Path) -> None:
    torch = pytest.importorskip("torch")
    net = torch.nn.Sequential(torch.nn.Linear(3, 4), torch.nn.ReLU(), torch.nn.Linear(4, 2)).eval()
    batch = torch.export.Dim("batch")
    program = torch.export.export(net, (torch.zeros(2, 3),), dynamic_shapes=({0: batch},))
    torch.export.save(program, tmp_path / "m.pt2")
    found = finished(hub, upload(hub, {"m.pt2": (tmp_path / "m.pt2").read_bytes()}, name="net"))
    again = told(reproduced(hub, found.id)[1])
    assert all(one["reproduced"] for one in again.values()), json.dumps(again)
