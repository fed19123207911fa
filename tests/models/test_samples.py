import numpy as np
import pytest

from hpcfair_kg.artifact import TensorSpec
from hpcfair_kg.errors import WrongInput
from hpcfair_kg.models.samples import MOST, MOST_CALLS, read

TABLE = (TensorSpec("x", "float32", ("batch", 3)),)
ROWS = np.arange(12.0).reshape(4, 3) / 7


def test_one_array_feeds_one_input_in_its_own_precision(tmp_path):
    np.save(tmp_path / "sample.npy", ROWS)
    (feeds,) = read(tmp_path / "sample.npy", TABLE)
    assert feeds["x"].dtype == np.float64
    assert np.array_equal(feeds["x"], ROWS)


@pytest.mark.parametrize("names", [{}, {"header": "a,b,c", "comments": ""}])
def test_a_csv_feeds_its_columns_side_by_side(tmp_path, names):
    np.savetxt(tmp_path / "samples.csv", ROWS, delimiter=",", fmt="%.17g", **names)
    (feeds,) = read(tmp_path / "samples.csv", TABLE)
    assert np.array_equal(feeds["x"], ROWS)


def test_several_inputs_go_by_name(tmp_path):
    inputs = (TensorSpec("age", "float32", ("batch", 1)), TensorSpec("town", "string", ("batch", 1)))
    (tmp_path / "sample.csv").write_text("town,age\nUlm,3\nJena,4\n")
    (feeds,) = read(tmp_path / "sample.csv", inputs)
    assert feeds["age"].tolist() == [[3], [4]]
    assert feeds["town"].tolist() == [["Ulm"], ["Jena"]]


def test_arrays_of_one_archive_go_by_name(tmp_path):
    inputs = (*TABLE, TensorSpec("s", "int64", ()))
    np.savez(tmp_path / "sample.npz", x=ROWS, s=np.array(5))
    (feeds,) = read(tmp_path / "sample.npz", inputs)
    assert feeds["s"] == 5


def test_one_row_gets_a_batch_axis(tmp_path):
    np.save(tmp_path / "sample.npy", ROWS[0])
    assert read(tmp_path / "sample.npy", TABLE)[0]["x"].shape == (1, 3)


def test_rows_are_cut_for_a_fixed_batch_and_limited(tmp_path):
    np.save(tmp_path / "sample.npy", np.zeros((100, 3)))
    found = read(tmp_path / "sample.npy", (TensorSpec("x", "float32", (2, 3)),))
    assert len(found) == MOST_CALLS
    assert all(feeds["x"].shape == (2, 3) for feeds in found)
    np.save(tmp_path / "sample.npy", np.zeros((MOST + 5, 3)))
    assert len(read(tmp_path / "sample.npy", TABLE)[0]["x"]) == MOST


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("sample.npy", np.zeros((4, 5)), r"has the shape \[4, 5\] for x"),
        ("sample.npy", np.array([{"a": 1}]), "cannot be read"),
        ("sample.csv", "a,b\n1,2\n", r"has the shape \[1, 2\]"),
        ("sample.csv", "a,b\n1\n", "cannot be read"),
        ("sample.npz", {"a": np.zeros((2, 2)), "b": np.zeros((2, 2))}, "2 arrays for one input: a, b"),
    ],
)
def test_what_does_not_fit_is_said(tmp_path, name, content, said):
    path = tmp_path / name
    if isinstance(content, str):
        path.write_text(content)
    elif isinstance(content, dict):
        np.savez(path, **content)
    else:
        np.save(path, content, allow_pickle=True)
    with pytest.raises(WrongInput, match=said):
        read(path, TABLE)


def test_a_missing_name_is_said(tmp_path):
    np.savez(tmp_path / "sample.npz", x=ROWS)
    with pytest.raises(WrongInput, match="no 'y'; it has: x"):
        read(tmp_path / "sample.npz", (*TABLE, TensorSpec("y", "float32", ("batch", 3))))
