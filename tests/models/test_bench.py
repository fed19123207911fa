from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from onnx import helper, numpy_helper

from hpcfair_kg.activity import Step
from hpcfair_kg.artifact import build
from hpcfair_kg.errors import NotRunnable
from hpcfair_kg.models import bench, infer
from tests.onnx_files import INT64, STRING, linear, save, value


def measured(path: Path, batch: int = 2, events: list[Any] | None = None, **more: Any) -> Step:
    told: list[Any] = [] if events is None else events
    fitting = bench.fit(str(path), 7, told.append)
    asked = {"threads": 1, "repeats": 20, "warm_up": 3, "seconds": 60.0, "seed": 7, "remarks": ()} | more
    answer = bench.bench(str(path), "urn:model", fitting, batch, used=(path.name,), emit=told.append, **asked)
    return build(Step, answer)


def embedding(path: Path, rows: int = 5) -> Path:
    """y [batch, length, 2]: the rows of a table."""
    table = numpy_helper.from_array(np.zeros((rows, 2), np.float32), "table")
    node = helper.make_node("Gather", ["table", "ids"], ["y"])
    return save(
        path,
        [node],
        [value("ids", INT64, ("batch", "length"))],
        [value("y", shape=("batch", "length", 2))],
        [table],
    )


def test_a_case_has_its_figures(tmp_path: Path) -> None:
    step = measured(linear(tmp_path / "m.onnx"), 8)
    assert (step.state, step.batch, step.threads, step.repeats) == ("succeeded", 8, 1, 20)
    found = {m.metric: (m.value, m.unit, m.of) for m in step.measurements}
    assert [unit for _, unit, _ in found.values()] == ["MilliSEC", "MilliSEC", "PER-SEC", "BYTE"]
    assert 0 < found["latencyP50"][0] <= found["latencyP99"][0]
    assert found["peakMemory"][0] > 10e6
    assert step.detail is not None
    assert step.detail.startswith("x [8, 3], seed 7; after 3 runs")
    assert any(name.startswith("onnxruntime ") for name in step.software)


def test_figures_are_of_all_runs_outliers_too() -> None:
    p50, p99, rate, _ = bench.figures([1_000_000] * 98 + [2_000_000, 900_000_000], 10, "urn:m")
    assert (p50.value, p99.value) == (1.0, 2.0)
    assert rate.value == pytest.approx(10 * 100 / 1.0)


def test_time_ends_a_case_after_the_least_number_of_runs(tmp_path: Path) -> None:
    assert measured(linear(tmp_path / "m.onnx"), seconds=0.0, repeats=50).repeats == bench.LEAST


def test_progress_is_told_between_the_runs(tmp_path: Path) -> None:
    events: list[Any] = []
    measured(linear(tmp_path / "m.onnx"), events=events)
    said = [e["detail"] for e in events if e["event"] == "progress"]
    assert len(said) == 10
    assert said[-1] == "batch 2, 1 threads: 20 of 20 runs"
    assert [e["state"] for e in events if e["event"] == "step"] == ["running", "succeeded"]


def test_integers_stay_inside_the_table_and_other_dimensions_are_the_smallest(tmp_path: Path) -> None:
    path = embedding(tmp_path / "m.onnx", rows=3)
    feeds = bench.inputs(bench.fit(str(path), 7, lambda event: None), 4096, 7)
    assert feeds["ids"].shape == (4096, 1)
    assert 0 <= feeds["ids"].min() <= feeds["ids"].max() == 2


def test_the_same_seed_makes_the_same_inputs(tmp_path: Path) -> None:
    fitting = bench.fit(str(linear(tmp_path / "m.onnx")), 7, lambda event: None)
    one, two, other = (bench.inputs(fitting, 3, seed)["x"] for seed in (5, 5, 6))
    assert np.array_equal(one, two)
    assert not np.array_equal(one, other)


def test_texts_are_made_too(tmp_path: Path) -> None:
    node = helper.make_node("Identity", ["x"], ["y"])
    path = save(tmp_path / "m.onnx", [node], [value("x", STRING)], [value("y", STRING)])
    assert measured(path).state == "succeeded"


def test_a_batch_that_the_graph_refuses_is_a_case_that_failed(tmp_path: Path) -> None:
    shape = numpy_helper.from_array(np.array([1, 3], np.int64), "shape")
    node = helper.make_node("Reshape", ["x", "shape"], ["y"])
    path = save(tmp_path / "m.onnx", [node], [value("x")], [value("y", shape=(1, 3))], [shape])
    assert measured(path, 1).state == "succeeded"
    step = measured(path, 2)
    assert (step.state, step.measurements, step.repeats) == ("failed", (), None)
    assert step.detail is not None
    assert "x [2, 3]" in step.detail


def test_inputs_that_are_too_large_are_refused(tmp_path: Path) -> None:
    step = measured(linear(tmp_path / "m.onnx"), 1 << 28)
    assert step.state == "failed"
    assert step.detail == "inputs for a batch of 268435456 take 3.2 GB; at most 0.27 are made"


def test_a_model_that_runs_on_nothing_is_refused_with_what_it_says(tmp_path: Path) -> None:
    node = helper.make_node("MatMul", ["x", "w"], ["y"])
    w = numpy_helper.from_array(np.ones((4, 2), np.float32), "w")
    path = save(
        tmp_path / "m.onnx", [node], [value("x", shape=("a", "b", "a"))], [value("y", shape=None)], [w]
    )
    with pytest.raises(NotRunnable, match="runs on no input that was made here"):
        bench.fit(str(path), 7, lambda event: None)


def test_the_session_has_the_threads_asked_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asked = []
    real = infer.load
    monkeypatch.setattr(infer, "load", lambda path, threads=0: asked.append(threads) or real(path, threads))
    measured(linear(tmp_path / "m.onnx"), threads=2)
    assert asked == [0, 2]
