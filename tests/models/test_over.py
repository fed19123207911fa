import hashlib

import numpy as np
import pytest
from onnx import helper

from hpcfair_kg.artifact import plain
from hpcfair_kg.backends.sandbox import probe
from hpcfair_kg.backends.work.base import Errand
from hpcfair_kg.backends.work.processes import Processes
from hpcfair_kg.errors import InvalidConfig, MissingExtra
from hpcfair_kg.formats.base import Bundle
from hpcfair_kg.models import infer, over
from hpcfair_kg.models.processing.pipeline import fitted, found
from tests import processed
from tests.onnx_files import linear, save, value


def chain(folder):
    first = linear(folder / "first.onnx")
    node = helper.make_node("Neg", ["h"], ["z"])
    second = save(folder / "second.onnx", [node], [value("h", shape=("n", 2))], [value("z", shape=("n", 2))])
    return [{"name": path.stem, "path": str(path)} for path in (first, second)]


def test_the_errand_runs_a_chain_over_a_file(tmp_path, file):
    _, array = file(30, ".csv")
    events = []
    answer = over.infer_file(
        chain(tmp_path), str(tmp_path / "in.csv"), str(tmp_path / "out.npy"), events.append, 2, 7
    )
    expected = -(array @ np.float32([[1, 2], [3, 4], [5, 6]]))
    np.testing.assert_allclose(np.load(tmp_path / "out.npy"), expected, rtol=1e-5)
    assert (answer["rows"], answer["calls"], answer["note"]) == (30, 5, None)
    assert answer["wiring"] == "input x -> first.x, first.y -> second.h"
    assert answer["outputs"] == [{"name": "z", "dtype": "float32", "shape": ["n", 2]}]
    digest = hashlib.sha256((tmp_path / "out.npy").read_bytes()).hexdigest()
    assert answer["files"] == [{"name": "out.npy", "size": 368, "sha256": digest}]
    assert [e.get("state") for e in events if e["event"] == "step"] == ["running", "succeeded"]
    assert events[-1]["used"] == ["in.csv", "first.onnx", "second.onnx"]
    assert events[-1]["detail"] == "30 rows in 5 calls of up to 7, 2 workers on the CPU"
    assert any(s.startswith("onnxruntime ") for s in events[-1]["software"])
    assert {"event": "progress", "name": "infer", "done": 7, "total": None} in events


def test_an_errand_that_fails_says_so_in_its_step_and_leaves_nothing(tmp_path, file):
    file(3, ".csv")
    before = {path.name for path in tmp_path.iterdir()} | {"first.onnx", "second.onnx"}
    for how, kind in (
        ({"input": str(tmp_path / "in.csv"), "device": "gpu"}, (MissingExtra, InvalidConfig)),
        ({"input": str(tmp_path / "none.csv")}, Exception),
    ):
        events = []
        with pytest.raises(kind):
            over.infer_file(
                chain(tmp_path), **{"output": str(tmp_path / "out.csv"), "emit": events.append} | how
            )
        assert events[-1]["state"] == "failed"
        assert events[-1]["detail"]
        assert {path.name for path in tmp_path.iterdir()} == before


def test_the_errand_runs_in_a_box(tmp_path, file):
    file(500, ".csv")
    (tmp_path / "out").mkdir()
    work = Processes(tmp_path / "work", probe(), allow_unboxed=True)
    arguments = {
        "parts": chain(tmp_path)[:1],
        "input": str(tmp_path / "in.csv"),
        "output": str(tmp_path / "out" / "out.csv"),
        "workers": 2,
        "chunk": 100,
    }
    errand = Errand(
        "hpcfair_kg.models.over:infer_file", arguments, reads=(tmp_path,), writes=tmp_path / "out"
    )
    events = []
    answer = work.submit(errand, events.append).result()
    work.close()
    assert answer["rows"] == 500
    assert [path.name for path in (tmp_path / "out").iterdir()] == ["out.csv"]
    assert {e["event"] for e in events} == {"step", "progress"}


def test_a_small_output_is_kept_in_its_own_types_too(tmp_path, file, monkeypatch):
    file(30, ".csv")
    exact, given = tmp_path / "exact.npz", (chain(tmp_path), str(tmp_path / "in.csv"))
    over.infer_file(*given, str(tmp_path / "out.txt"), lambda event: None, chunk=7, exact=str(exact))
    assert np.load(exact)["z"].dtype == np.float32
    assert np.load(exact)["z"].shape == (30, 2)
    exact.unlink()
    monkeypatch.setattr(over, "SMALL", 100)
    over.infer_file(*given, str(tmp_path / "out.txt"), lambda event: None, exact=str(exact))
    assert not exact.exists()


def test_a_wiring_that_is_said_is_followed(tmp_path, file):
    file(3, ".csv")
    with pytest.raises(InvalidConfig, match="none of the outputs"):
        over.infer_file(
            chain(tmp_path),
            str(tmp_path / "in.csv"),
            str(tmp_path / "out.txt"),
            lambda event: None,
            wiring={"second.h": "first.z"},
        )


def test_a_model_alone_runs_between_its_steps(tmp_path):
    pytest.importorskip("tokenizers", reason="tokenizers comes with the extra `text`")
    folder = processed.written(processed.texts(), tmp_path / "moods")
    path = folder / "model.onnx"
    steps = fitted(found(Bundle.of(folder))[0], *infer.signature(path))
    part = {"name": "moods", "path": str(path), "processing": plain(steps), "folder": str(folder)}
    (tmp_path / "in.txt").write_text("so so good\nbad\n")
    events = []
    answer = over.infer_file([part], str(tmp_path / "in.txt"), str(tmp_path / "out.csv"), events.append, 2, 1)
    assert [line.split(",")[0] for line in (tmp_path / "out.csv").read_text().splitlines()] == [
        "label", "neutral", "bad",
    ]  # fmt: skip
    assert [spec["name"] for spec in answer["outputs"]] == ["label", "score", "logits"]
    assert events[-1]["used"] == ["in.txt", "model.onnx", "tokenizer.json"]
