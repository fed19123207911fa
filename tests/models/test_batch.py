import os
import subprocess
import sys
import threading
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from hpcfair_kg.artifact import TensorSpec
from hpcfair_kg.errors import WrongInput
from hpcfair_kg.models import batch, rows

X = (TensorSpec("x", "float32", ("batch", 3)),)
FIXED = (TensorSpec("x", "float32", (4, 3)),)


def negated(feeds):
    return {"y": -feeds["x"]}


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


MEASURED = """
import sys
from hpcfair_kg.models import batch, rows
from hpcfair_kg.artifact import TensorSpec
def peak():  # getrusage would count what the parent had before exec
    return int(next(line for line in open("/proc/self/status") if line.startswith("VmHWM")).split()[1])
source, target, small = map(__import__("pathlib").Path, sys.argv[1:])
inputs = (TensorSpec("x", "float32", ("batch", 64)),)
def go(path):
    with rows.writing(target) as out:
        return batch.run(lambda f: {"y": -f["x"][:, :32].astype("float32")}, rows.reader(path), inputs, out.write, 2).rows
go(small)
before = peak()
count = go(source)
print(count, (peak() - before) // 1024)
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
