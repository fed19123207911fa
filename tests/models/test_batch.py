import hashlib
import os
import subprocess
import sys
import threading
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from onnx import helper

from hpcfair_kg.artifact import TensorSpec
from hpcfair_kg.backends.sandbox import probe
from hpcfair_kg.backends.work.base import Errand
from hpcfair_kg.backends.work.processes import Processes
from hpcfair_kg.errors import InvalidConfig, MissingExtra, WrongInput
from hpcfair_kg.models import batch, rows
from tests.onnx_files import linear, save, value

X = (TensorSpec("x", "float32", ("batch", 3)),)
FIXED = (TensorSpec("x", "float32", (4, 3)),)


def negated(feeds):
    return {"y": -feeds["x"]}


@pytest.fixture
def file(tmp_path):
    def make(count, suffix=".npy"):
        array = np.random.default_rng(count).standard_normal((count, 3)).astype(np.float32)
        (path,) = rows.write(tmp_path / f"in{suffix}", {"x": array})
        return rows.reader(path), array

    return make


def ran(run_one, reader, inputs, **how):
    parts = []
    done = batch.run(run_one, reader, inputs, parts.append, **how)
    return np.concatenate([part["y"] for part in parts]), done


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.integers(1, 40), st.integers(1, 50), st.integers(1, 5), st.sampled_from([".npy", ".csv"]))
def test_any_chunk_and_number_of_workers_gives_the_same(file, count, chunk, workers, suffix):
    reader, array = file(count, suffix)
    told = []
    found, done = ran(negated, reader, X, chunk=chunk, workers=workers, tell=lambda *t: told.append(t))
    np.testing.assert_array_equal(found.astype(np.float32), -array)
    assert (done.rows, done.calls, done.note) == (count, -(-count // chunk), None)
    assert told[-1] == (count, reader.rows)


@pytest.mark.parametrize("count", [1, 4, 9])
def test_a_fixed_batch_is_filled_up_and_cut(file, count):
    seen = []

    def run_one(feeds):
        seen.append(len(feeds["x"]))
        return negated(feeds)

    reader, array = file(count)
    found, done = ran(run_one, reader, FIXED, chunk=2, workers=2)
    np.testing.assert_array_equal(found, -array)
    assert set(seen) == {4}
    assert done.chunk == 4


def test_a_fixed_batch_whose_rows_depend_on_each_other_is_not_filled_up(file):
    def mean(feeds):
        return {"y": feeds["x"] - feeds["x"].mean(axis=0)}

    with pytest.raises(WrongInput, match=r"the last 1 of the file are fewer, .*a multiple of 4 rows"):
        ran(mean, file(9)[0], FIXED)
    assert len(ran(mean, file(8)[0], FIXED)[0]) == 8


def test_rows_that_depend_on_each_other_go_in_one_call_and_it_is_said(file):
    def running(feeds):
        return {"y": np.cumsum(feeds["x"], axis=0)}

    def summed(feeds):
        return {"y": feeds["x"].sum(axis=0)}

    reader, array = file(20)
    for run_one, expected, why in (
        (running, np.cumsum(array, axis=0), "depends on the other rows"),
        (summed, array.sum(axis=0), "'y' has the shape [3] for 5 rows"),
    ):
        found, done = ran(run_one, reader, X, chunk=5)
        np.testing.assert_array_equal(found, expected)
        assert done.calls == 1
        assert why in done.note


def test_what_has_no_batch_goes_in_one_call(tmp_path):
    np.savez(tmp_path / "in.npz", x=np.ones((9, 3), np.float32), t=np.float32([2]))
    inputs = (*X, TensorSpec("t", "float32", (1,)))
    found, done = ran(lambda f: {"y": f["x"] * f["t"]}, rows.reader(tmp_path / "in.npz"), inputs, chunk=2)
    assert found.tolist() == [[2, 2, 2]] * 9
    assert done.note == "the first dimension of its inputs is no batch"
    assert str(done) == "9 rows in one call: the first dimension of its inputs is no batch"


def test_inputs_of_unequal_length_go_in_one_call(tmp_path):
    np.savez(tmp_path / "in.npz", x=np.ones((9, 3), np.float32), t=np.ones((2, 3), np.float32))
    inputs = (*X, TensorSpec("t", "float32", ("m", 3)))
    found, done = ran(lambda f: {"y": f["x"] @ f["t"].T}, rows.reader(tmp_path / "in.npz"), inputs, chunk=2)
    assert found.shape == (9, 2)
    assert "different numbers of rows" in done.note


def test_few_chunks_are_in_flight_and_in_order(file):
    reader, array = file(60)
    ready, most, running, lock = threading.Event(), 0, 0, threading.Lock()

    def slow(feeds):
        nonlocal most, running
        with lock:
            running += 1
            most = max(most, running)
        ready.wait(0.01 * (feeds["x"][0, 0] > 0))
        with lock:
            running -= 1
        return negated(feeds)

    found, _ = ran(slow, reader, X, chunk=2, workers=3)
    np.testing.assert_array_equal(found, -array)
    assert 2 <= most <= 3


def test_an_error_in_a_later_chunk_ends_all_and_leaves_no_file(tmp_path, file):
    def fails(feeds):
        if (feeds["x"] == 7).any():
            raise WrongInput("seven")
        return negated(feeds)

    array = np.ones((50, 3), np.float32)
    array[40] = 7
    (path,) = rows.write(tmp_path / "in.npy", {"x": array})
    before = threading.active_count()

    def written():
        with rows.writing(tmp_path / "out.csv") as out:
            batch.run(fails, rows.reader(path), X, out.write, 3, chunk=4)

    with pytest.raises(WrongInput, match="seven"):
        written()
    assert [p.name for p in tmp_path.iterdir()] == ["in.npy"]
    assert threading.active_count() == before


def test_the_size_of_chunks_follows_the_weight_of_rows(file):
    reader, _ = file(3)
    reader.weight = 1 << 19
    assert batch.default_chunk(reader) == 2
    reader.weight = 1 << 30
    assert batch.default_chunk(reader) == 1


def chain(folder):
    first = linear(folder / "first.onnx")
    node = helper.make_node("Neg", ["h"], ["z"])
    second = save(folder / "second.onnx", [node], [value("h", shape=("n", 2))], [value("z", shape=("n", 2))])
    return [{"name": path.stem, "path": str(path)} for path in (first, second)]


def test_the_errand_runs_a_chain_over_a_file(tmp_path, file):
    _, array = file(30, ".csv")
    events = []
    answer = batch.infer_file(
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
            batch.infer_file(
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
        "hpcfair_kg.models.batch:infer_file", arguments, reads=(tmp_path,), writes=tmp_path / "out"
    )
    events = []
    answer = work.submit(errand, events.append).result()
    work.close()
    assert answer["rows"] == 500
    assert [path.name for path in (tmp_path / "out").iterdir()] == ["out.csv"]
    assert {e["event"] for e in events} == {"step", "progress"}


MEASURED = """
import sys
from hpcfair_kg.models import batch, rows
from hpcfair_kg.artifact import TensorSpec
import resource
source, target, small = map(__import__("pathlib").Path, sys.argv[1:])
inputs = (TensorSpec("x", "float32", ("batch", 64)),)
def go(path):
    with rows.writing(target) as out:
        return batch.run(lambda f: {"y": -f["x"][:, :32].astype("float32")}, rows.reader(path), inputs, out.write, 2).rows
go(small)
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
count = go(source)
print(count, (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) // 1024)
"""


@pytest.mark.parametrize(
    ("suffix", "target"), [(".npy", ".npy"), (".npz", ".csv"), (".csv", ".npz"), (".parquet", ".parquet")]
)
def test_200_megabytes_take_no_more_memory_than_few(tmp_path, suffix, target):
    if suffix == ".parquet":
        pytest.importorskip("pyarrow", reason="needs pyarrow")
    block = np.random.default_rng(0).standard_normal((4096, 64)).astype(np.float32)
    for name, count in (("small", 40), ("large", 200 if suffix != ".csv" else 80)):
        with rows.writing(tmp_path / f"{name}{suffix}") as out:
            for n in range(count):
                out.write({"x": block + np.float32(n)})
    large = tmp_path / f"large{suffix}"
    assert large.stat().st_size > 190e6
    root = Path(__file__).parents[2]
    command = [sys.executable, "-c", MEASURED, large, tmp_path / f"out{target}", tmp_path / f"small{suffix}"]
    done = subprocess.run(
        list(map(str, command)), cwd=root, env=os.environ, capture_output=True, text=True, check=True
    )
    count, grown = map(int, done.stdout.split())
    assert count == 4096 * (200 if suffix != ".csv" else 80)
    assert grown < 40
