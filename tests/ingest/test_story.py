"""From bytes to an artifact, over a real hub: real stores, real box, real models."""

from __future__ import annotations

import json
import os
import re
import shutil
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from onnx import TensorProto, helper, numpy_helper

from hpcfair_kg.artifact import Artifact
from hpcfair_kg.backends.accounts import ANYONE, Principal
from hpcfair_kg.errors import (
    Conflict,
    CorruptFile,
    Duplicate,
    Forbidden,
    HPCFairError,
    InvalidConfig,
    InvalidMetadata,
    NameTaken,
    NotFound,
    NotRunnable,
    Unauthorized,
    Withdrawn,
)
from hpcfair_kg.hub import Hub, Receipt, Upload
from hpcfair_kg.settings import Settings
from tests.onnx_files import tree

ADA = Principal("ada", frozenset({"read", "write", "run"}))
BOB = Principal("bob", frozenset({"read", "write", "run"}))


def linear(weight: float = 2.0, opset: int = 18) -> bytes:
    """y = weight * x for x of shape [batch, 3]."""
    x = helper.make_tensor_value_info("x", TensorProto.FLOAT, ["batch", 3])
    y = helper.make_tensor_value_info("y", TensorProto.FLOAT, ["batch", 3])
    w = numpy_helper.from_array(np.full(3, weight, np.float32), "w")
    graph = helper.make_graph([helper.make_node("Mul", ["x", "w"], ["y"])], "g", [x], [y], [w])
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", opset)], ir_version=9)
    return bytes(model.SerializeToString())


def upload(hub: Hub, files: Mapping[str, bytes], principal: Principal = ADA, /, **metadata: Any) -> Any:
    uploads = []
    for name, data in files.items():
        writer = hub.blobs.writer()
        writer.write(data)
        uploads.append(Upload(name, writer.finish()))
    return hub.register({"name": "m", "license": "MIT", **metadata}, uploads, principal)


def finished(hub: Hub, receipt: Any) -> Artifact:
    job = hub.wait(receipt.job_id, 60)
    assert job.ended, job
    return hub.find(receipt.artifact.key)


def blobs_kept(hub: Hub) -> int:
    return sum(1 for path in hub.blobs.folder.glob("??/*"))


@pytest.fixture
def start(tmp_path: Path) -> Any:
    """Open hubs on one data folder, one after the other; whatever is open at the end is closed."""
    opened: list[Hub] = []

    def start(**changes: Any) -> Hub:
        hub = Hub.open(replace(Settings(data_dir=tmp_path / "data", base_url="http://hub.test"), **changes))
        opened.append(hub)
        return hub

    yield start
    for hub in opened:
        hub.close()


@pytest.fixture
def hub(start: Callable[..., Hub]) -> Hub:
    return start()


class TestUpload:
    def test_a_model_is_visible_at_once_and_proved_soon(self, hub: Hub) -> None:
        receipt = upload(hub, {"linear.onnx": linear()}, tags=["tiny"])
        assert receipt.created
        assert hub.find("ada/m").status in ("converting", "ready")
        done = finished(hub, receipt)
        assert done.status == "ready"
        assert done.verdict is not None
        assert done.verdict.outcome == "consistent"
        assert [(t.name, t.dtype, t.shape) for t in done.inputs] == [("x", "float32", ("batch", 3))]
        (job,) = hub.jobs(done)
        assert job.steps[0].name == "recognise"
        assert all(step.state == "succeeded" and step.ended for step in job.steps)
        assert "landlock" in (job.steps[0].box or "")
        assert done.files[0].opset == 18

    def test_found_by_every_spelling_of_its_id(self, hub: Hub) -> None:
        done = upload(hub, {"linear.onnx": linear()}).artifact
        for spoken in (done.id, f"ark:/99999/{done.key}", done.key, "ada/m", "ada/m@1.0"):
            assert hub.find(spoken).key == done.key
        with pytest.raises(NotFound, match="versions of ada/m are"):
            hub.find("ada/m@7")
        with pytest.raises(NotFound, match="mistyped"):
            hub.find(done.key[:-1] + ("0" if done.key[-1] != "0" else "1"))

    def test_it_can_be_run(self, hub: Hub) -> None:
        finished(hub, upload(hub, {"linear.onnx": linear()}))
        out = hub.infer("ada/m", {"x": np.ones((2, 3), np.float32)}, principal=ADA)
        assert out["y"].tolist() == [[2.0] * 3] * 2
        with pytest.raises(Unauthorized):
            hub.infer("ada/m", {"x": np.ones((2, 3), np.float32)}, principal=ANYONE)

    def test_a_readme_does_not_change_what_it_is(self, hub: Hub) -> None:
        first = upload(hub, {"linear.onnx": linear(), "README.md": b"# A"}).artifact
        again = upload(hub, {"linear.onnx": linear(), "README.md": b"# Another"})
        assert not again.created
        assert again.artifact.key == first.key

    def test_another_weight_is_another_artifact(self, hub: Hub) -> None:
        one = upload(hub, {"linear.onnx": linear(2)}, name="a").artifact
        two = upload(hub, {"linear.onnx": linear(3)}, name="b").artifact
        assert one.identity != two.identity

    def test_a_dataset_is_ready_at_once(self, hub: Hub) -> None:
        receipt = upload(hub, {"t.csv": b"a,b\n1,x\n2,y\n"}, name="table")
        assert receipt.artifact.status == "ready"
        assert receipt.artifact.kind == "dataset"
        assert [c.name for c in receipt.artifact.columns] == ["a", "b"]
        assert hub.job(receipt.job_id).state == "succeeded"

    def test_what_nobody_knows_is_stored_and_described(self, hub: Hub) -> None:
        receipt = upload(hub, {"blob.bin": os.urandom(100)}, name="blob")
        assert (receipt.artifact.status, receipt.artifact.kind) == ("ready", "dataset")

    def test_a_pickle_is_stored_with_the_way_out(self, hub: Hub) -> None:
        import pickle

        receipt = upload(hub, {"m.pkl": pickle.dumps({"a": [1, 2, 3]}, protocol=4)}, name="pickled")
        assert receipt.artifact.status == "not-convertible"
        assert "hpcfair export" in (receipt.artifact.reason or "")
        with pytest.raises(NotRunnable, match="hpcfair export"):
            hub.infer("ada/pickled", {}, principal=ADA)


class TestSurroundings:
    """What each step ran in and on, as its provenance says it."""

    def test_each_step_names_the_software_and_the_hardware_around_it(self, start: Callable[..., Hub]) -> None:
        hub = start(machine="https://site.example/frontier")
        done = finished(hub, upload(hub, {"linear.onnx": linear()}))
        (job,) = hub.jobs(done)
        assert [step.name for step in job.steps] == ["recognise", "verify", "smoke"]
        assert len({(step.environment, step.hardware) for step in job.steps}) == 1
        for step in job.steps:
            environment, hardware = hub.surroundings(step)
            assert environment is not None
            assert hardware is not None
            assert f"numpy {np.__version__}" in environment.packages
            assert hardware.cores == len(os.sched_getaffinity(0))
            assert hardware.machine == "https://site.example/frontier"

    def test_the_provenance_leads_to_both_and_names_no_host(self, hub: Hub) -> None:
        done = finished(hub, upload(hub, {"linear.onnx": linear()}))
        triples = [str(triple) for triple in hub.provenance(done)]
        (step,) = [s for s in hub.jobs(done)[0].steps if s.name == "verify"]
        for term, iri in (("ns#environment", step.environment), ("wasAssociatedWithHardware", step.hardware)):
            assert sum(term in triple and str(iri) in triple for triple in triples) == 3
            around = [str(triple) for triple in hub.public.triples(str(iri))]
            assert around
            triples += around
        text = "\n".join(triples)
        for private in (socket.gethostname(), str(Path.home()), sys.prefix):
            assert not re.search(rf"(?<!\w){re.escape(private)}(?!\w)", text)

    def test_equal_surroundings_are_described_once(self, hub: Hub, monkeypatch: pytest.MonkeyPatch) -> None:
        written: list[str] = []
        write = hub.public.write
        monkeypatch.setattr(hub.public, "write", lambda graphs: (written.extend(graphs), write(graphs)))
        for weight in (2.0, 3.0):
            finished(hub, upload(hub, {"linear.onnx": linear(weight)}, name=f"m{weight:.0f}"))
        assert len([iri for iri in written if "/#environment/" in iri]) == 1
        assert len([iri for iri in written if "/#computer/" in iri]) == 1


class TestArchitecture:
    """What a model is made of, and who says so."""

    def test_it_is_told_with_its_evidence(self, hub: Hub, tmp_path: Path) -> None:
        data = tree(tmp_path / "stump.onnx", (None, 13)).read_bytes()
        done = finished(hub, upload(hub, {"stump.onnx": data}))
        assert (done.architecture, done.architecture_evidence) == (
            "DecisionTree",
            "1 TreeEnsembleRegressor of one tree among 1 operator of stump.onnx",
        )
        assert done.operators == {"ai.onnx.ml.TreeEnsembleRegressor": 1}

    def test_nothing_is_guessed(self, hub: Hub) -> None:
        done = finished(hub, upload(hub, {"linear.onnx": linear()}))
        assert (done.architecture, done.architecture_evidence) == (None, None)
        assert done.operators == {"Mul": 1}

    def test_the_author_knows_better(self, hub: Hub, tmp_path: Path) -> None:
        data = tree(tmp_path / "stump.onnx", (None, 13)).read_bytes()
        said = {"architecture": "GradientBoosting", "hyperparameters": {"rounds": 1}}
        done = finished(hub, upload(hub, {"stump.onnx": data}, **said))
        assert (done.architecture, done.architecture_evidence) == ("GradientBoosting", "said by its author")
        assert (done.hyperparameters, done.hyperparameter_sources) == ({"rounds": 1}, {})
        again = hub.edit("ada/m", {"architecture": "RandomForest"}, ADA)
        assert (again.architecture, again.architecture_evidence) == ("RandomForest", "said by its author")


class TestProcessing:
    """What comes with a model is found at recognition, and fitted when its form is known."""

    def test_files_beside_a_model_become_its_processing(self, hub: Hub) -> None:
        scaler = {"kind": "standard", "mean": [1.0] * 3, "scale": [2.0] * 3}
        files = {
            "linear.onnx": linear(),
            "scaler.json": json.dumps(scaler).encode(),
            "labels.txt": b"cat\ndog\nfish",
        }
        done = finished(hub, upload(hub, files))
        assert {file.name: file.role for file in done.files} == {
            "linear.onnx": "original", "scaler.json": "auxiliary", "labels.txt": "auxiliary",
        }  # fmt: skip
        assert [(step.kind, step.stage, step.file) for step in done.processing] == [
            ("scaler", "before", "scaler.json"), ("labels", "after", "labels.txt"),
        ]  # fmt: skip
        assert [(step.takes, step.gives) for step in done.processing] == [
            (("features",), ("x",)), (("y",), ("label", "score")),
        ]  # fmt: skip

    def test_they_have_no_part_in_the_identity(self, hub: Hub) -> None:
        first = finished(hub, upload(hub, {"linear.onnx": linear()}))
        with pytest.raises(Duplicate):
            upload(hub, {"linear.onnx": linear(), "labels.txt": b"cat"}, BOB)
        assert first.processing == ()

    def test_what_fits_no_tensor_is_said(self, hub: Hub) -> None:
        done = finished(hub, upload(hub, {"linear.onnx": linear(), "labels.txt": b"cat"}))
        assert done.processing[0].gives == ()
        assert "not applied: labels.txt says labels, and nothing that the model gives fits" in done.notes

    def test_labels_without_a_model_are_data(self, hub: Hub) -> None:
        done = finished(hub, upload(hub, {"rows.csv": b"a,b\n1,2\n", "labels.txt": b"a,b\n1,2\n3,4\n"}))
        assert {file.role for file in done.files} == {"original"}

    @pytest.mark.parametrize(
        "name", ["tokenizer.json", "preprocessor_config.json", "scaler.json", "labels.json"]
    )
    def test_what_is_malformed_is_a_note_and_no_error(self, hub: Hub, name: str) -> None:
        done = finished(hub, upload(hub, {"linear.onnx": linear(), name: b"{nonsense"}))
        assert (done.status, done.processing) == ("ready", ())
        assert [note for note in done.notes if note.startswith(f"not applied: {name} is no JSON")]


class TestRefusals:
    @pytest.mark.parametrize(
        ("files", "metadata", "error"),
        [
            ({"m.onnx": b""}, {}, CorruptFile),
            ({"m.onnx": linear()[:60]}, {}, CorruptFile),
            ({"m.onnx": linear()}, {"license": "MITT"}, InvalidMetadata),
            ({"m.onnx": linear()}, {"name": "Not A Name"}, InvalidMetadata),
            ({"m.onnx": linear()}, {"colour": "blue"}, InvalidMetadata),
            ({}, {}, InvalidMetadata),
        ],
    )
    def test_nothing_is_kept_of_what_is_refused(
        self, hub: Hub, files: dict[str, bytes], metadata: dict[str, Any], error: type[Exception]
    ) -> None:
        with pytest.raises(error):
            upload(hub, files, **metadata)
        assert blobs_kept(hub) == 0
        assert list(hub.catalogue.all()) == []

    def test_all_faults_are_told_at_once(self, hub: Hub) -> None:
        with pytest.raises(InvalidMetadata) as caught:
            upload(hub, {"m.onnx": linear()}, license="MITT", name="X Y", tags="one", colour=1)
        assert {entry["path"] for entry in caught.value.members["report"]} == {
            "license",
            "name",
            "tags",
            "colour",
        }

    def test_anyone_may_not_write(self, hub: Hub) -> None:
        with pytest.raises(Unauthorized):
            upload(hub, {"m.onnx": linear()}, ANYONE)

    def test_the_same_bytes_under_another_name_or_owner_are_a_duplicate(self, hub: Hub) -> None:
        held = upload(hub, {"m.onnx": linear()}).artifact
        for principal, name in ((ADA, "other"), (BOB, "m")):
            with pytest.raises(Duplicate) as caught:
                upload(hub, {"m.onnx": linear()}, principal, name=name)
            assert caught.value.members["existing"] == held.id
        assert blobs_kept(hub) >= 1

    def test_other_bytes_under_a_name_of_ones_own_are_told_of_versions(self, hub: Hub) -> None:
        upload(hub, {"m.onnx": linear()})
        with pytest.raises(NameTaken, match="/versions"):
            upload(hub, {"m.onnx": linear(3)})
        assert upload(hub, {"m.onnx": linear(4)}, BOB).created


class TestAtOnce:
    """Uploads that race: what is acknowledged keeps its bytes, what is refused leaves none."""

    def race(self, hub: Hub, *names: str, weight: Callable[[int], float] = lambda _: 2.0) -> list[Any]:
        start = threading.Barrier(len(names))

        def send(number: int) -> Any:
            data = linear(weight(number))
            start.wait()
            try:
                return upload(hub, {"m.onnx": data}, name=names[number])
            except HPCFairError as exc:
                return exc

        with ThreadPoolExecutor(len(names)) as threads:
            return list(threads.map(send, range(len(names))))

    def test_the_same_under_one_name_is_made_once(self, hub: Hub) -> None:
        receipts = self.race(hub, "m", "m", "m")
        assert sorted(receipt.created for receipt in receipts) == [False, False, True]
        assert len({receipt.artifact.key for receipt in receipts}) == 1

    def test_the_same_under_two_names_leaves_the_winner_its_bytes(self, hub: Hub) -> None:
        told = self.race(hub, "a", "b")
        (won,) = [one for one in told if isinstance(one, Receipt)]
        (lost,) = [one for one in told if isinstance(one, HPCFairError)]
        assert isinstance(lost, Duplicate)
        done = finished(hub, won)
        assert done.status == "ready"
        assert set(hub.blobs) == {file.sha256 for file in done.files}

    def test_many_at_once_are_all_there(self, hub: Hub) -> None:
        names = [f"m{number}" for number in range(6)]
        receipts = self.race(hub, *names, weight=lambda number: 2.0 + number)
        done = [finished(hub, receipt) for receipt in receipts]
        assert {artifact.status for artifact in done} == {"ready"}
        assert set(hub.blobs) == {file.sha256 for artifact in done for file in artifact.files}
        assert hub.index.count == len(names)

    def test_an_edit_and_a_withdrawal_amid_the_conversion_stay(self, hub: Hub) -> None:
        receipt = upload(hub, {"m.onnx": linear()})
        hub.edit("ada/m", {"title": "Edited"}, ADA)
        hub.withdraw("ada/m", ADA, "a mistake")
        gone = finished(hub, receipt)
        assert (gone.status, gone.title, gone.reason) == ("withdrawn", "Edited", "a mistake")
        assert set(hub.blobs) == {file.sha256 for file in gone.files}


class TestLife:
    def test_versions_follow_each_other(self, hub: Hub) -> None:
        first = upload(hub, {"m.onnx": linear()}).artifact
        writer = hub.blobs.writer()
        writer.write(linear(3))
        receipt = hub.new_version(first.key, {"version": "2.0"}, [Upload("m.onnx", writer.finish())], ADA)
        assert receipt.artifact.previous == first.id
        assert hub.find("ada/m").version == "2.0"
        assert hub.find("ada/m@1.0").key == first.key
        assert receipt.artifact.license == "MIT"

    def test_an_edit_moves_the_etag_and_a_job_does_not(self, hub: Hub) -> None:
        done = finished(hub, upload(hub, {"m.onnx": linear()}))
        before = hub.etag(done)
        hub.catalogue.note(done.id, hub.jobs(done))
        assert hub.etag(done) == before
        edited = hub.edit("ada/m", {"title": "A line", "tags": ["x", "y"]}, ADA, before)
        assert (edited.title, edited.tags) == ("A line", ("x", "y"))
        assert hub.etag(edited) != before
        assert hub.find("ada/m").verdict == done.verdict

    def test_what_it_names_in_the_catalogue_is_had_by_iri(self, hub: Hub) -> None:
        table = upload(hub, {"t.csv": b"a,b\n1,2\n3,4\n"}, name="table").artifact
        metrics = [{"name": "accuracy", "value": 0.9, "on": table.key}]
        made = upload(hub, {"m.onnx": linear()}, trained_on=["ada/table"], metrics=metrics).artifact
        assert made.trained_on == (table.id,)
        assert made.metrics[0].on == table.id
        with pytest.raises(InvalidMetadata, match="ada/nothing"):
            upload(hub, {"m.onnx": linear(5)}, name="other", derived_from=["ada/nothing"])

    def test_only_the_owner_edits(self, hub: Hub) -> None:
        upload(hub, {"m.onnx": linear()})
        with pytest.raises(Forbidden, match="belongs to ada"):
            hub.edit("ada/m", {"title": "mine"}, BOB)
        with pytest.raises(InvalidMetadata, match="status"):
            hub.edit("ada/m", {"status": "ready"}, ADA)

    def test_a_withdrawn_one_keeps_its_description_and_no_files(self, hub: Hub) -> None:
        done = finished(hub, upload(hub, {"m.onnx": linear()}))
        hub.withdraw("ada/m", ADA, "wrong weights")
        gone = hub.find("ada/m")
        assert (gone.status, gone.reason) == ("withdrawn", "wrong weights")
        for call in (
            lambda: hub.open_file(gone, "m.onnx"),
            lambda: hub.infer("ada/m", {"x": np.ones((1, 3), np.float32)}, principal=ADA),
            lambda: hub.edit("ada/m", {"title": "t"}, ADA),
        ):
            with pytest.raises(Withdrawn, match="wrong weights"):
                call()
        with pytest.raises(Duplicate, match="withdrawn"):
            upload(hub, {"m.onnx": linear()}, name="again")
        assert done.id == gone.id


class TestInPlace:
    def test_a_file_of_the_site_is_registered_where_it_lies(
        self, start: Callable[..., Hub], tmp_path: Path
    ) -> None:
        import hashlib

        site = tmp_path / "site"
        site.mkdir()
        (site / "t.csv").write_bytes(b"a,b\n1,2\n3,4\n")
        digest = hashlib.sha256((site / "t.csv").read_bytes()).hexdigest()
        hub = start(register_dirs=(site,))
        entry = {"path": str(site / "t.csv"), "sha256": digest}
        receipt = upload(hub, {}, name="placed", files=[entry])
        path, _ = hub.open_file(receipt.artifact, "t.csv")
        assert path == site / "t.csv"
        with pytest.raises(InvalidMetadata, match="sha256"):
            upload(hub, {}, name="wrong", files=[{**entry, "sha256": "0" * 64}])
        with pytest.raises(Forbidden, match="operator"):
            upload(hub, {}, name="outside", files=[{"path": "/etc/hostname", "sha256": digest}])


class TestRestart:
    def test_an_unfinished_job_is_taken_up_again(self, start: Callable[..., Hub]) -> None:
        hub = start()
        done = finished(hub, upload(hub, {"m.onnx": linear()}))
        job = replace(hub.jobs(done)[0], state="running", ended=None)
        hub.catalogue.commit(replace(done, status="converting", verdict=None), [job])
        hub.close()
        again = start()
        again.wait(job.id, 60)
        assert again.find("ada/m").status == "ready"
        assert again.job(job.id).state == "succeeded"

    @pytest.mark.parametrize("pause", [0.0, 0.05, 0.3])
    def test_a_service_that_stops_amid_a_job_goes_on_at_the_next_start(
        self, start: Callable[..., Hub], pause: float
    ) -> None:
        hub = start()
        receipt = upload(hub, {"m.onnx": linear()})
        time.sleep(pause)
        hub.close()
        again = start()
        again.wait(receipt.job_id, 60)
        assert again.find("ada/m").status == "ready"
        assert [job.id for job in again.jobs(again.find("ada/m"))] == [receipt.job_id]

    def test_a_cancelled_job_leaves_the_artifact_registered(self, hub: Hub) -> None:
        receipt = upload(hub, {"m.onnx": linear()})
        try:
            job = hub.cancel(receipt.job_id, ADA)
        except Conflict:
            pytest.skip("the conversion was faster than the cancellation")
        assert job.state == "cancelled"
        assert hub.find("ada/m").status == "registered"
        again = upload(hub, {"m.onnx": linear()})
        assert not again.created
        assert again.job_id != receipt.job_id
        assert finished(hub, again).status == "ready"

    def test_an_index_lost_is_built_anew(self, start: Callable[..., Hub], tmp_path: Path) -> None:
        hub = start()
        upload(hub, {"t.csv": b"a,b\n1,2\n"}, name="table")
        hub.close()
        shutil.rmtree(tmp_path / "data" / "index")
        assert start().index.count == 1

    def test_bytes_that_no_artifact_has_go_after_an_unclean_end(
        self, start: Callable[..., Hub], tmp_path: Path
    ) -> None:
        hub = start()
        kept = finished(hub, upload(hub, {"m.onnx": linear()}))
        writer = hub.blobs.writer()
        writer.write(b"sent whole, then the service was killed")
        orphan = writer.finish().sha256
        hub.close()
        (tmp_path / "data" / "clean").unlink()
        again = start()
        assert orphan not in again.blobs
        assert set(again.blobs) == {file.sha256 for file in kept.files}

    def test_another_base_address_is_told(self, start: Callable[..., Hub]) -> None:
        start().close()
        with pytest.raises(InvalidConfig, match="http://hub"):
            start(base_url="http://elsewhere.test")


class TestHooks:
    def test_a_hook_is_a_step_and_a_failing_one_harms_nothing(
        self, hub: Hub, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        from importlib.metadata import EntryPoint

        def greet(artifact: Artifact, files: Mapping[str, Path]) -> str:
            return f"{artifact.name} has {len(files)} file, {files['t.csv'].stat().st_size} bytes"

        def fail(artifact: Artifact, files: Mapping[str, Path]) -> str:
            raise RuntimeError("the site's disk is full")

        monkeypatch.setattr(sys.modules[__name__], "greet", greet, raising=False)
        monkeypatch.setattr(sys.modules[__name__], "fail", fail, raising=False)
        hub._ingest._hooks._entries = tuple(
            EntryPoint(name, f"{__name__}:{name}", "hpcfair_kg.hooks") for name in ("fail", "greet")
        )
        receipt = upload(hub, {"t.csv": b"a,b\n1,2\n"}, name="table")
        for _ in range(100):
            (job,) = hub.jobs(receipt.artifact)
            if len(job.steps) == 3:
                break
            time.sleep(0.05)
        assert [(s.name, s.state, s.detail) for s in job.steps[1:]] == [
            ("hook:fail", "failed", "RuntimeError: the site's disk is full"),
            ("hook:greet", "succeeded", "table has 1 file, 8 bytes"),
        ]
        assert hub.find("ada/table").status == "ready"


@pytest.mark.skipif(shutil.which("strace") is None, reason="strace is not installed; .ci/run installs it")
def test_durable_before_it_is_acknowledged(tmp_path: Path) -> None:
    """Every acknowledged upload has its bytes and its record fsynced first (seen by strace)."""
    script = tmp_path / "one.py"
    script.write_text(
        "import os, sys\n"
        "from pathlib import Path\n"
        "from hpcfair_kg.hub import Hub, Upload\n"
        "from hpcfair_kg.backends.accounts import Principal\n"
        "from hpcfair_kg.settings import Settings\n"
        "hub = Hub.open(Settings(data_dir=Path(sys.argv[1])))\n"
        "w = hub.blobs.writer(); w.write(b'a,b\\n1,2\\n')\n"
        "os.write(1, b'BEGIN'); blob = w.finish(); os.write(1, b'BYTES')\n"
        "hub.register({'name': 't', 'license': 'MIT'}, [Upload('t.csv', blob)],"
        " Principal('ada', frozenset({'write'})))\n"
        "os.write(1, b'ANSWER'); hub.close()\n"
    )
    log = tmp_path / "strace"
    command = [
        "strace",
        "-f",
        "-y",
        "-e",
        "trace=write,fsync,fdatasync",
        "-o",
        str(log),
        sys.executable,
        str(script),
    ]
    subprocess.run(
        [*command, str(tmp_path / "data")], check=True, timeout=120, capture_output=True, cwd=Path.cwd()
    )
    text = log.read_text(errors="replace")
    begin, middle, answer = (text.index(word) for word in ('"BEGIN"', '"BYTES"', '"ANSWER"'))
    assert "sync(" in text[begin:middle]
    record = [line for line in text[middle:answer].splitlines() if "sync(" in line and "/public" in line]
    assert record, "no fsync of the graph store between the bytes and the answer"
