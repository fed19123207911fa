"""What is written chunk by chunk is what is written at once, and half of it is nothing."""

import json

import numpy as np
import pytest

from hpcfair_kg.errors import InvalidConfig, WrongInput
from hpcfair_kg.models import rows

SUFFIXES = (".npy", ".npz", ".csv", ".txt", ".json", ".jsonl", ".parquet")
OUTPUTS = {
    "label": np.arange(7),
    "p": np.float32([[0.1, np.nan], [1e-9, np.inf], [-np.inf, 3], [1e16, 5], [0, -0.0], [7, 8], [9, 10]]),
    "word": np.array(["a", "", "long, longer", "b", "ü", 'say "x"', "c"], object),
    "yes": np.arange(7) > 3,
}


@pytest.mark.parametrize("suffix", SUFFIXES)
@pytest.mark.parametrize("size", [1, 3])
def test_chunks_make_the_file_that_the_whole_makes(tmp_path, suffix, size):
    (tmp_path / "whole").mkdir()
    whole = rows.write(tmp_path / "whole" / f"out{suffix}", OUTPUTS)
    with rows.writing(tmp_path / f"out{suffix}") as out:
        for start in range(0, 7, size):
            out.write({name: array[start : start + size] for name, array in OUTPUTS.items()})
    assert [path.name for path in out.paths] == [path.name for path in whole]
    for one, other in zip(out.paths, whole, strict=True):
        if suffix in (".npz", ".parquet"):  # their bytes tell when they were written, or in which groups
            assert _plain(rows.read(one)) == _plain(rows.read(other))
        else:
            assert one.read_bytes() == other.read_bytes()
    assert {path.name for path in tmp_path.iterdir()} == {"whole", *(path.name for path in whole)}


def _plain(table):
    return {name: array.astype(str).tolist() for name, array in table.columns.items()}


def test_what_others_read(tmp_path):
    (npz,) = rows.write(tmp_path / "out.npz", OUTPUTS)
    with np.load(npz) as archive:
        np.testing.assert_array_equal(archive["p"], OUTPUTS["p"])
        assert archive["word"].tolist() == OUTPUTS["word"].tolist()
    (document,) = rows.write(tmp_path / "out.json", OUTPUTS)
    found = json.loads(document.read_text())
    np.testing.assert_array_equal(np.float32(found["p"]), OUTPUTS["p"])
    assert found["yes"] == OUTPUTS["yes"].tolist()
    (one,) = rows.write(tmp_path / "one.json", {"y": np.float32(2.5), "z": np.zeros((0, 2))})
    assert json.loads(one.read_text()) == {"y": 2.5, "z": []}
    pq = pytest.importorskip("pyarrow.parquet", reason="needs pyarrow")
    (table,) = rows.write(tmp_path / "out.parquet", OUTPUTS)
    assert pq.read_table(table)["word"].to_pylist() == OUTPUTS["word"].tolist()


def _written(path, *chunks):
    with rows.writing(path) as out:
        for chunk in chunks:
            out.write(chunk())


def _break():
    raise KeyError("half way")


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_a_run_that_fails_leaves_nothing(tmp_path, suffix):
    (tmp_path / f"out{suffix}").write_text("before")
    with pytest.raises(KeyError):
        _written(tmp_path / f"out{suffix}", lambda: {"y": np.ones((4, 2))}, _break)
    assert [path.name for path in tmp_path.iterdir()] == [f"out{suffix}"]
    assert (tmp_path / f"out{suffix}").read_text() == "before"


@pytest.mark.parametrize("suffix", [".npy", ".csv", ".parquet"])
def test_rows_that_change_their_shape(tmp_path, suffix):
    with pytest.raises(WrongInput, match=r"rows of different .*write \.json"):
        _written(tmp_path / f"out{suffix}", lambda: {"y": np.ones((4, 2))}, lambda: {"y": np.ones((4, 3))})
    with pytest.raises(WrongInput, match="were y, and now are z"):
        _written(tmp_path / "out.json", lambda: {"y": np.ones(2)}, lambda: {"z": np.ones(2)})


def test_what_cannot_be_written_is_said(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(InvalidConfig, match=r"out\.csv cannot be written"):
        rows.write(tmp_path / "file" / "out.csv", {"y": np.ones(2)})
    with pytest.raises(WrongInput, match="line break"):
        rows.write(tmp_path / "out.txt", {"y": np.array(["a\nb"], object)})
