import numpy as np
import pytest

from hpcfair_kg.artifact import TensorSpec
from hpcfair_kg.errors import CorruptFile, NotFound, UnknownFormat, WrongInput
from hpcfair_kg.models import rows

X = TensorSpec("x", "float32", ("batch", 3))
IDS = TensorSpec("ids", "int64", ("batch", "time"))
SERIES = TensorSpec("x", "float32", ("batch", "time", 3))
WORDS = TensorSpec("words", "string", ("n", 1))


@pytest.fixture
def table(tmp_path):
    def make(name, text):
        path = tmp_path / name
        path.write_text(text)
        return rows.read(path)

    return make


def test_numbers_in_a_text_file_are_one_sample_a_row(table):
    feeds = table("in.txt", "1 2 3\n4, 5, 6.5\n\n").feeds([X])
    assert feeds["x"].tolist() == [[1, 2, 3], [4, 5, 6.5]]


def test_whole_numbers_stay_whole(table):
    assert table("in.txt", "1 2\n3 4\n").feeds([IDS])["ids"].dtype == np.int64
    assert table("in.csv", "1,2\n3,4\n").feeds([IDS])["ids"].dtype == np.int64


def test_text_is_one_string_a_line(table):
    assert table("in.txt", "two words\n\nthird\n").feeds([WORDS])["words"].tolist() == [
        ["two words"],
        [""],
        ["third"],
    ]
    assert table("in.txt", "12\n13\n").feeds([WORDS])["words"].tolist() == [["12"], ["13"]]


def test_rows_take_the_shape_of_the_models_samples(table):
    feeds = table("in.txt", "1 2 3 4 5 6\n1 2 3 4 5 6\n").feeds([SERIES])
    assert feeds["x"].shape == (2, 2, 3)
    assert table("in.txt", "5\n6\n").feeds([TensorSpec("x", "int64", ("n",))])["x"].tolist() == [5, 6]


def test_the_columns_of_a_table_feed_one_input_or_several_by_name(table):
    text = "a,b,c,ids[0],ids[1]\n1,2,3,7,8\n4,5,6,9,10\n"
    feeds = table("in.csv", text).feeds([X, IDS])
    assert feeds["x"].tolist() == [[1, 2, 3], [4, 5, 6]]
    assert feeds["ids"].tolist() == [[7, 8], [9, 10]]
    assert table("in.csv", text).names == ("a", "b", "c", "ids")


def test_arrays_by_name(tmp_path, table):
    np.savez(tmp_path / "in.npz", x=np.ones((2, 3)), ids=np.ones((2, 5), int))
    assert rows.read(tmp_path / "in.npz").feeds([X, IDS])["ids"].shape == (2, 5)
    assert table("in.json", '{"x": [[1, 2, 3]], "ids": [[4]]}').feeds([X, IDS])["x"].tolist() == [[1, 2, 3]]
    assert table("in.json", "[[1, 2, 3]]").feeds([X])["x"].shape == (1, 3)
    np.save(tmp_path / "in.npy", np.arange(3))
    assert rows.read(tmp_path / "in.npy").feeds([X])["x"].shape == (1, 3)


def test_parquet_columns(tmp_path):
    pq = pytest.importorskip("pyarrow.parquet", reason="needs pyarrow")
    import pyarrow as pa

    pq.write_table(pa.table({"x": [[1.0, 2.0, 3.0]], "ids": [[1, 2]]}), tmp_path / "in.parquet")
    feeds = rows.read(tmp_path / "in.parquet").feeds([X, IDS])
    assert feeds["x"].tolist() == [[1, 2, 3]]
    assert feeds["ids"].tolist() == [[1, 2]]


@pytest.mark.parametrize(
    ("name", "text", "kind", "said"),
    [
        ("in.txt", "\n", CorruptFile, "empty"),
        ("in.txt", "1 2 3\n1 2\n", WrongInput, "line 2: 2 numbers, where the first has 3"),
        ("in.txt", "1 2 3\n1 2 x\n", WrongInput, "line 2 of the input file holds 'x'; x takes float32"),
        ("in.csv", "", CorruptFile, "empty"),
        ("in.csv", "a,b\n1\n", WrongInput, "row 2: 1 values, where the first has 2"),
        ("in.json", "{", CorruptFile, r"in\.json"),
        ("in.npz", "no", CorruptFile, r"in\.npz"),
        ("in.npy", "no", CorruptFile, r"in\.npy"),
        ("in.png", "no", CorruptFile, r"in\.png is no image"),
        ("in.xlsx", "no", UnknownFormat, r"samples are read from .*\.csv, .*\.png"),
    ],
)
def test_what_cannot_be_read_says_where(table, name, text, kind, said):
    with pytest.raises(kind, match=said):
        table(name, text).feeds([X])


def test_a_file_or_a_column_that_is_not_there(tmp_path, table):
    with pytest.raises(NotFound, match=r"there is no file .*none\.txt"):
        rows.read(tmp_path / "none.txt")
    other = TensorSpec("other", "float32", ("n", 1))
    with pytest.raises(WrongInput, match="no column 'x'; it has: one array without a name"):
        table("in.txt", "1 2 3\n").feeds([X, other])


@pytest.mark.parametrize("suffix", [".txt", ".csv", ".npy", ".npz", ".json", ".jsonl", ".parquet"])
def test_what_is_written_reads_back(tmp_path, suffix):
    array = np.float32([[0.1, 1e-9, 3], [4, 5, np.inf]])
    (path,) = rows.write(tmp_path / f"new/out{suffix}", {"x": array})
    back = rows.read(path).feeds([X])["x"]
    np.testing.assert_array_equal(back.astype(np.float32), array)


def test_the_output_mirrors_the_input_a_sample_a_row(tmp_path):
    rows.write(tmp_path / "out.txt", {"y": np.int64([[[1, 2], [3, 4]], [[5, 6], [7, 8]]])})
    assert (tmp_path / "out.txt").read_text() == "1 2 3 4\n5 6 7 8\n"
    rows.write(tmp_path / "out.txt", {"y": np.array(["yes", "no"], object)})
    assert (tmp_path / "out.txt").read_text() == "yes\nno\n"


def test_several_outputs(tmp_path):
    outputs = {"label": np.int64([1, 0]), "p/q": np.float32([[0.25, 0.75], [1, 0]])}
    paths = rows.write(tmp_path / "out.txt", outputs)
    assert [path.name for path in paths] == ["out.label.txt", "out.p_q.txt"]
    rows.write(tmp_path / "out.csv", outputs)
    assert (tmp_path / "out.csv").read_text().splitlines() == [
        "label,p/q[0],p/q[1]",
        "1,0.25,0.75",
        "0,1.0,0.0",
    ]
    with pytest.raises(WrongInput, match="different numbers of rows"):
        rows.write(tmp_path / "out.csv", {"a": np.ones(2), "b": np.ones(3)})
    with pytest.raises(UnknownFormat, match=r"out\.gif"):
        rows.write(tmp_path / "out.gif", outputs)
