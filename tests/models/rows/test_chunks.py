"""Every form read in chunks is what it is read whole, whatever the size of the chunks."""

import json

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from hpcfair_kg.artifact import TensorSpec
from hpcfair_kg.errors import CorruptFile, NotFound, TooLarge, UnknownFormat, WrongInput
from hpcfair_kg.models import rows
from hpcfair_kg.models.feeding import checked
from hpcfair_kg.models.rows import delimited, documents, parquet, text

X = TensorSpec("x", "float32", ("batch", 3))
IDS = TensorSpec("ids", "int64", ("batch", 2))
NAME = TensorSpec("name", "string", ("batch",))
SUFFIXES = (".npy", ".npz", ".csv", ".txt", ".json", ".jsonl", ".parquet")


@pytest.fixture(autouse=True)
def _small_batches(monkeypatch):
    """Blocks so small that files of a few rows have several."""
    for module in (delimited, text, documents, parquet):
        monkeypatch.setattr(module, "BATCH", 3)
    monkeypatch.setattr(delimited, "BLOCK", 64)


@pytest.fixture(params=["pyarrow", "csv"])
def either(request, monkeypatch):
    """CSV parsed by pyarrow where that can be, and by Python alone."""
    if request.param == "csv":
        monkeypatch.setattr(delimited, "_by_arrow", lambda width, specs: None)
    else:
        pytest.importorskip("pyarrow", reason="needs pyarrow")


def joined(path, inputs, size):
    parts = [checked(feeds, inputs) for feeds in rows.reader(path).feeds(inputs, size)]
    return {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}


def same(path, inputs, size):
    whole = checked(rows.read(path).feeds(inputs), inputs)
    for name, array in joined(path, inputs, size).items():
        np.testing.assert_array_equal(array, whole[name])
        assert array.dtype == whole[name].dtype
    return whole


@pytest.mark.parametrize("suffix", SUFFIXES)
@settings(
    max_examples=15,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(st.integers(2, 25), st.integers(1, 30), st.integers(0, 9))
def test_chunks_are_the_whole(tmp_path, suffix, count, size, seed):
    array = np.random.default_rng(seed).standard_normal((count, 3)).astype(np.float32)
    array[0, 0], array[-1, 1], array[-1, 2] = 3, np.nan, np.inf
    (path,) = rows.write(tmp_path / f"in{suffix}", {"x": array})
    np.testing.assert_array_equal(same(path, [X], size)["x"], array)
    sizes = [len(feeds["x"]) for feeds in rows.reader(path).feeds([X], size)]
    assert sizes == [size] * (count // size) + [count % size] * bool(count % size) or suffix == ".json"
    assert rows.reader(path).rows in (None, count)


@pytest.mark.usefixtures("either")
@pytest.mark.parametrize(
    "cells",
    [
        ["1", "2", "3", "4.5"] * 5,
        ["16777217", "3", "5", "0.5"],
        ["1", "", "3", " 4 "] * 4,
        ["1_0", "2", "+3", "1e400", "-inf", "nan"] * 3,
        ["1\r", "2\r", "3\r"] * 4,
    ],
    ids=str,
)
@pytest.mark.parametrize("size", [1, 2, 7])
def test_what_looks_whole_in_one_chunk_may_be_a_fraction_in_the_next(tmp_path, cells, size):
    path = tmp_path / "in.csv"
    path.write_bytes("".join(f"{cell},7\n" for cell in ["a", *cells]).replace("\r,7", ",7\r").encode())
    one = TensorSpec("a", "float32", ("batch", 1))
    values = [float(cell) if cell.strip() else np.nan for cell in cells]
    with np.errstate(over="ignore"):
        expected = np.array(values).astype(np.float32)
    np.testing.assert_array_equal(same(path, [one], size)["a"][:, 0], expected)


@pytest.mark.usefixtures("either")
@pytest.mark.parametrize("size", [1, 4, 100])
def test_texts_stay_as_they_are_written(tmp_path, size):
    names = ["007", "", " a ", 'say "hi", twice', "two\nlines", "1.50", "é", "12"] * 3
    (path,) = rows.write(tmp_path / "in.csv", {"name": np.array(names, object), "x": np.ones((24, 3))})
    assert same(path, [NAME, X], size)["name"].tolist() == names


@pytest.mark.usefixtures("either")
def test_a_byte_order_mark_is_no_part_of_the_first_name(tmp_path):
    path = tmp_path / "in.csv"
    path.write_bytes("\ufeffa,b,c\r\n1,2,3\r\n".encode())
    assert rows.reader(path).columns == ("a", "b", "c")
    assert joined(path, [X], 5)["x"].tolist() == [[1, 2, 3]]


@pytest.mark.usefixtures("either")
@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("1,2,3", r"in\.csv, row 12: 3 values, where the first has 2"),
        ("1", r"in\.csv, row 12: 1 values"),
        ("1,x y", r"in\.csv, row 12, column 'ids\[1\]' holds 'x y'; ids takes int64"),
        ("1,", r"row 12, column 'ids\[1\]' holds nothing; ids takes int64"),
        ("1,2.0", r"row 12, column 'ids\[1\]' holds '2\.0'; ids takes int64"),
        ("0x1F,2", r"row 12, column 'ids\[0\]' holds '0x1F'"),
        ("1,99999999999999999999", r"row 12, column 'ids\[1\]' holds '9{20}'"),
    ],
)
def test_a_wrong_row_of_a_table_is_named(tmp_path, line, said):
    path = tmp_path / "in.csv"
    path.write_text("ids[0],ids[1]\n" + "1,2\n" * 10 + f"{line}\n" + "1,2\n" * 3)
    for size in (2, 100):
        with pytest.raises(WrongInput, match=said):
            list(rows.reader(path).feeds([IDS], size))


@pytest.mark.parametrize(
    ("name", "text", "kind", "said"),
    [
        ("in.csv", 'a,b,c\n1,2,"3\n', CorruptFile, "cut off: unexpected end of data"),
        ("in.csv", "\n\n", CorruptFile, "empty"),
        ("in.csv", "x,x,ids[0],ids[1]\n1,2,3,4\n", WrongInput, "two columns 'x'"),
        ("in.csv", "x[0],x[2]\n1,2\n", WrongInput, r"no column 'x\[1\]'; it has: x\[0\], x\[2\]"),
        ("in.txt", "1 2 3\nsome more words here\n", WrongInput, "line 2 of the input file holds 'some'"),
        ("in.jsonl", "", CorruptFile, "empty"),
        ("in.jsonl", "[1,2,3]\n[1,2\n", CorruptFile, r"in\.jsonl, line 2 is no JSON, or is cut off"),
        ("in.jsonl", "[1,2,3]\n[1,2]\n", WrongInput, "unequal length"),
        ("in.jsonl", '{"x": [1,2,3]}\n{"y": 1}\n', WrongInput, "line 2 has no 'x'; it has: y"),
        ("in.json", "[[1,2],[3]]", WrongInput, "unequal length"),
        ("in.parquet", "PAR1", CorruptFile, "no Parquet file"),
        ("in.npy", "", CorruptFile, r"in\.npy"),
        ("in.xls", "", UnknownFormat, "samples are read from"),
    ],
)
def test_what_is_wrong_with_a_file_is_said(tmp_path, name, text, kind, said):
    if name.endswith("parquet"):
        pytest.importorskip("pyarrow", reason="needs pyarrow")
    (tmp_path / name).write_text(text)
    with pytest.raises(kind, match=said):
        list(rows.reader(tmp_path / name).feeds([X], 2))


@pytest.mark.parametrize("suffix", [".npy", ".npz", ".parquet"])
def test_a_file_that_is_cut_off(tmp_path, suffix):
    (path,) = rows.write(tmp_path / f"in{suffix}", {"x": np.ones((500, 3), np.float32)})
    path.write_bytes(path.read_bytes()[:-1000])
    with pytest.raises(CorruptFile, match="cut off"):
        list(rows.reader(path).feeds([X], 50))


def test_pickles_and_what_is_not_there(tmp_path):
    np.save(tmp_path / "in.npy", np.array([{}], object), allow_pickle=True)
    with pytest.raises(CorruptFile, match="pickled Python objects, which are never loaded"):
        rows.reader(tmp_path / "in.npy")
    with pytest.raises(NotFound, match="there is no file"):
        rows.reader(tmp_path / "none.csv")


def test_a_misnamed_column_is_told_the_nearest(tmp_path):
    (tmp_path / "in.csv").write_text("age,hieght\n1,2\n")
    inputs = [TensorSpec(name, "float32", ("n", 1)) for name in ("height", "weight")]
    with pytest.raises(
        WrongInput, match=r"no column 'height' \(did you mean 'hieght'\?\); it has: age, hieght"
    ):
        rows.reader(tmp_path / "in.csv").feeds(inputs).__next__()


def test_columns_of_one_input_go_by_their_numbers(tmp_path):
    (tmp_path / "in.csv").write_text("x[2],x[0],x[1]\n3,1,2\n")
    assert joined(tmp_path / "in.csv", [X], 1)["x"].tolist() == [[1, 2, 3]]


def test_compressed_and_fortran_ordered_arrays(tmp_path):
    x, ids = np.random.default_rng(1).standard_normal((40, 3)), np.arange(80).reshape(40, 2)
    np.savez_compressed(tmp_path / "in.npz", x=np.asfortranarray(x), ids=ids)
    found = same(tmp_path / "in.npz", [X, IDS], 7)
    np.testing.assert_array_equal(found["x"], x.astype(np.float32))
    np.testing.assert_array_equal(found["ids"], ids)


def test_arrays_of_unequal_length_come_whole(tmp_path):
    np.savez(tmp_path / "in.npz", x=np.ones((4, 3)), ids=np.ones((2, 2), int))
    (feeds,) = rows.reader(tmp_path / "in.npz").feeds([X, IDS], 1)
    assert feeds["x"].shape == (4, 3)
    np.save(tmp_path / "in.npy", np.arange(3))
    (feeds,) = rows.reader(tmp_path / "in.npy").feeds([X], 1)
    assert feeds["x"].shape == (1, 3)


def test_parquet_nulls_lists_and_dictionaries(tmp_path):
    pa = pytest.importorskip("pyarrow", reason="needs pyarrow")
    import pyarrow.parquet as pq

    a = pa.array([1, None, 3, 4, 5, None, 7])
    table = pa.table(
        {
            "a": a,
            "name": pa.array(list("abcabca")).dictionary_encode(),
            "l": [[[1.0, 2.0]]] * 7,
        }
    )
    pq.write_table(table, tmp_path / "in.parquet", row_group_size=2)
    inputs = [
        TensorSpec("a", "float32", ("n", 1)),
        TensorSpec("l", "float32", ("n", 1, 2)),
        TensorSpec("name", "string", ("n",)),
    ]
    found = same(tmp_path / "in.parquet", inputs, 2)
    np.testing.assert_array_equal(found["a"][:, 0], np.float32([1, np.nan, 3, 4, 5, np.nan, 7]))
    assert found["l"].shape == (7, 1, 2)
    assert found["name"].tolist() == list("abcabca")
    with pytest.raises(WrongInput, match=r"rows 1 to 3, column 'a' holds nothing in 1 rows"):
        list(rows.reader(tmp_path / "in.parquet").feeds([TensorSpec("a", "int64", ("n",))], 2))
    pq.write_table(pa.table({"x": [[1.0, 2.0, 3.0], [1.0]]}), tmp_path / "in.parquet")
    with pytest.raises(WrongInput, match="lists of different lengths"):
        list(rows.reader(tmp_path / "in.parquet").feeds([X], 2))


def test_truth_values_are_read_from_text(tmp_path):
    (tmp_path / "in.csv").write_text("m[0],m[1]\ntrue,0\nFalse,1\n")
    mask = TensorSpec("m", "bool", ("n", 2))
    assert joined(tmp_path / "in.csv", [mask], 1)["m"].tolist() == [[True, False], [False, True]]


def test_a_large_document_is_told_to_become_lines(tmp_path, monkeypatch):
    monkeypatch.setattr(documents, "LARGEST", 10)
    (tmp_path / "in.json").write_text(json.dumps([[1, 2, 3]] * 10))
    with pytest.raises(TooLarge, match=r"up to 10: write one sample a line as \.jsonl"):
        rows.reader(tmp_path / "in.json")


def test_the_head_of_a_file(tmp_path):
    (tmp_path / "in.csv").write_text("a,b,c\n" + "1,2,3\n" * 10)
    head = rows.Head(rows.reader(tmp_path / "in.csv"), 4)
    assert [len(feeds["x"]) for feeds in head.feeds([X], 2)] == [2, 2]
    assert head.more
    head = rows.Head(rows.reader(tmp_path / "in.csv"), 10)
    assert len(list(head.feeds([X], 5))) == 2
    assert not head.more
