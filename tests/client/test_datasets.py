"""Files as the catalogue recognises them, read as frames: types as catalogued, and Arrow and NumPy of them."""

import sys
import warnings
from pathlib import Path

import numpy as np
import pytest

from hpcfair_kg.artifact import Artifact, Column, File, build
from hpcfair_kg.client import datasets
from hpcfair_kg.errors import CorruptFile, MissingExtra, NotFound, UnknownFormat
from hpcfair_kg.models.recognition import recognise

pd = pytest.importorskip("pandas", reason="needs pandas (the extra `data`)")
pa = pytest.importorskip("pyarrow", reason="needs pyarrow (the extra `data`)")
pq = pytest.importorskip("pyarrow.parquet", reason="needs pyarrow (the extra `data`)")


@pytest.fixture
def load(tmp_path):
    """Load files of the test's folder as the catalogue would describe them."""

    def loaded(*names, file=None, variables=None):
        seen = recognise(str(tmp_path), list(names), lambda event: None)
        files = tuple(File(n, seen["formats"][n], "original", 1, "") for n in names)
        columns = tuple(build(Column, column) for column in seen["inspection"]["columns"])
        artifact = Artifact("iri", "key", "ada", "data", kind=seen["kind"], files=files, columns=columns)
        return datasets.read(artifact, datasets.chosen(artifact, file), tmp_path, variables)

    return loaded


def dtypes(frame):
    return {name: str(dtype) for name, dtype in frame.dtypes.items()}


CSV = 'id;place;x;when;ok\n7;NA;1.5;2024-01-02;True\n8;"b;c";nan;2024-01-02T03:04:05;false\n'


def test_a_csv_has_the_types_that_are_catalogued(tmp_path, load):
    (tmp_path / "a.csv").write_text(CSV)
    frame = load("a.csv")
    assert dtypes(frame) == {
        "id": "int64",
        "place": "str",
        "x": "float64",
        "when": "datetime64[us]",
        "ok": "bool",
    }
    assert frame["place"].tolist() == ["NA", "b;c"]  # Namibia is no gap
    assert frame["x"].isna().tolist() == [False, True]
    assert str(frame["when"][1]) == "2024-01-02 03:04:05"


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("# a b c\n1 2 3\n4 5 6\n", "abc"),
        ("1,2.5,3\n4,5,6\n", ["column_1", "column_2", "column_3"]),
        ("a\tb\tb\n1\t2\t3\n", ["a", "b", "b_3"]),
        ("# by Ada\n# 2024\na, b, c\n1, 2, 3\n", "abc"),
        ("a|b|c\r\n1|2|3\r\n", "abc"),
    ],
)
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_dialects(tmp_path, load, text, names, encoding):
    (tmp_path / "a.csv").write_bytes(text.encode(encoding))
    frame = load("a.csv")
    assert list(frame.columns) == list(names)
    assert frame.iloc[-1].tolist() in ([4, 5, 6], [1, 2, 3])
    assert all(np.issubdtype(dtype, np.number) for dtype in frame.dtypes)


def test_what_the_sample_did_not_show_loses_no_value(tmp_path, load):
    rows = ["i,j,t"] + ["1,1,a"] * 10_000
    (tmp_path / "a.csv").write_text("\n".join([*rows, f"{2**60 + 1},,b", ",2,c"]))
    frame = load("a.csv")
    assert dtypes(frame) == {"i": "Int64", "j": "Int64", "t": "str"}
    assert frame["i"].iloc[-2] == 2**60 + 1
    (tmp_path / "a.csv").write_text("\n".join([*rows, "many,2,b"]))
    with pytest.warns(
        UserWarning, match=r"a\.csv: i is catalogued as int64, from a sample, and does not hold that"
    ):
        frame = load("a.csv")
    assert frame["i"].iloc[-1] == "many"
    assert dtypes(frame)["j"] == "int64"


def test_numbers_are_read_to_the_last_bit(tmp_path, load):
    values = np.random.default_rng(0).random(2000) * 10.0 ** np.random.default_rng(1).integers(-20, 20, 2000)
    (tmp_path / "a.csv").write_text("x\n" + "\n".join(repr(float(v)) for v in values))
    np.testing.assert_array_equal(load("a.csv")["x"], values)


def test_a_csv_that_became_another_is_said(tmp_path, load):
    columns = (Column("a", "int64"), Column("b", "int64"))
    (tmp_path / "a.csv").write_text("x,y\n1,2\n")
    artifact = Artifact(
        "i", "k", "o", "n", kind="dataset", files=(File("a.csv", "csv", "original", 1, ""),), columns=columns
    )
    with pytest.raises(CorruptFile, match=r"a\.csv has none of the columns that the catalogue knows: a, b"):
        datasets.read(artifact, artifact.files, tmp_path)


def test_parquet_keeps_whole_numbers_and_truth_values_with_gaps(tmp_path, load):
    table = pa.table(
        {
            "i": pa.array([1, None, 2**60 + 1]),
            "j": pa.array([1, 2, 3], pa.int32()),
            "s": pa.array(["a", None, "c"]),
            "b": pa.array([True, None, False]),
            "d": pa.array([1, 2, 3], pa.date32()),
        }
    )
    pq.write_table(table, tmp_path / "t.parquet")
    frame = load("t.parquet")
    assert dtypes(frame) == {"i": "Int64", "j": "int32", "s": "str", "b": "boolean", "d": "datetime64[ms]"}
    assert frame["i"].tolist()[2] == 2**60 + 1
    arrays = frame.numpy()
    assert arrays["j"].dtype == np.int32
    np.testing.assert_array_equal(arrays["b"], [1, np.nan, 0])
    arrow = frame.arrow()
    assert arrow.schema.field("i").type == pa.int64()
    assert arrow["i"].to_pylist() == [1, None, 2**60 + 1]


def test_tables_of_the_same_columns_follow_one_another(tmp_path, load):
    for n in (0, 1):
        (tmp_path / f"part-{n}.csv").write_text(f"a,b\n{n},x\n{n},y\n")
    assert load("part-0.csv", "part-1.csv")["a"].tolist() == [0, 0, 1, 1]
    assert load("part-0.csv", "part-1.csv", file="part-1.csv")["a"].tolist() == [1, 1]
    (tmp_path / "other.csv").write_text("c,d\n1,2\n3,4\n")
    with pytest.raises(UnknownFormat, match=r"name one by file= \(other\.csv: c, d; part-0\.csv: a, b\)"):
        load("other.csv", "part-0.csv")
    assert load("other.csv", "part-0.csv", file="other.csv")["d"].tolist() == [2, 4]
    with pytest.raises(NotFound, match=r"ada/data has no data file 'none'; there are: part-0\.csv \(csv\)"):
        load("part-0.csv", file="none")


def test_arrays_stand_side_by_side(tmp_path, load):
    np.save(tmp_path / "x.npy", np.arange(12, dtype=">f4").reshape(4, 3))
    np.save(tmp_path / "y.npy", np.arange(4))
    frame = load("x.npy", "y.npy")
    assert dtypes(frame) == {"x[0]": "float32", "x[1]": "float32", "x[2]": "float32", "y": "int64"}
    assert frame.numpy()["x"].tolist() == np.arange(12).reshape(4, 3).tolist()
    assert frame.numpy()["x"].dtype == np.dtype("float32")
    assert load("x.npy", "y.npy", variables="y").numpy().keys() == {"y"}
    with pytest.raises(NotFound, match="there is no variable 'z'; there are: x, y"):
        load("x.npy", "y.npy", variables=["y", "z"])


def test_what_is_done_to_a_frame_is_in_its_arrays(tmp_path, load):
    np.savez(
        tmp_path / "z.npz", x=np.arange(8).reshape(4, 2), image=np.zeros((4, 2, 3), "uint8"), s=list("abcd")
    )
    frame = load("z.npz")
    some = frame[frame["x[0]"] > 2]
    assert some.numpy()["x"].tolist() == [[4, 5], [6, 7]]
    assert some.numpy()["image"].shape == (2, 2, 3)
    assert frame.iloc[:0].numpy()["image"].shape == (0, 2, 3)
    frame["twice"] = frame["x[1]"] * 2
    assert frame.numpy()["twice"].tolist() == [2, 6, 10, 14]
    del frame["x[0]"]
    assert list(frame.numpy()) == ["x[1]", "image", "s", "twice"]
    arrow = some.arrow()
    assert arrow["x"].combine_chunks().to_numpy_ndarray().tolist() == [[4, 5], [6, 7]]
    assert arrow["image"].type == pa.fixed_shape_tensor(pa.uint8(), (2, 3))
    assert arrow["s"].to_pylist() == ["c", "d"]


def test_arrays_of_different_lengths_make_no_frame_and_are_named(tmp_path, load):
    np.savez(tmp_path / "z.npz", x=np.zeros((3, 2)), names=np.array(["a", "b"]))
    with pytest.raises(UnknownFormat, match=r"name those of one by variables= \(x \[3, 2\], names \[2\]\)"):
        load("z.npz")
    assert load("z.npz", variables="names").numpy()["names"].tolist() == ["a", "b"]


def test_hdf5(tmp_path, load):
    h5py = pytest.importorskip("h5py", reason="needs h5py (the extra `data`)")
    with h5py.File(tmp_path / "h.h5", "w") as file:
        file["g/x"] = np.ones((3, 2), ">f4")
        file["text"] = ["a", "b", "ü"]
        file["fixed"] = np.array([b"a", b"b", b"c"])
        file["both"] = np.array([(1, 2.0)] * 3, [("a", "i4"), ("b", "f8")])
    arrays = load("h.h5").numpy()
    assert {name: (str(a.dtype), a.shape) for name, a in arrays.items()} == {
        "both/a": ("int32", (3,)),
        "both/b": ("float64", (3,)),
        "fixed": ("object", (3,)),
        "g/x": ("float32", (3, 2)),
        "text": ("object", (3,)),
    }
    assert arrays["text"].tolist() == ["a", "b", "ü"]


@pytest.mark.parametrize("kind", ["NETCDF4", "NETCDF3_CLASSIC", "NETCDF3_64BIT_OFFSET"])
def test_netcdf(tmp_path, load, kind):
    netcdf = pytest.importorskip("netCDF4", reason="needs netCDF4, which writes what is read here")
    pytest.importorskip("scipy", reason="needs SciPy, which reads classic NetCDF")
    with netcdf.Dataset(tmp_path / "n.nc", "w", format=kind) as file:
        file.createDimension("time", None)
        file.createDimension("place", 2)
        file.createVariable("t", "f8", ("time",))[:] = [1, 2, 3]
        file.createVariable("temperature", "f4", ("time", "place"))[:] = np.arange(6).reshape(3, 2)
    arrays = load("n.nc").numpy()
    assert arrays["t"].tolist() == [1, 2, 3]
    assert arrays["temperature"].dtype == np.float32
    assert arrays["temperature"].tolist() == [[0, 1], [2, 3], [4, 5]]


def test_cdf_5_is_told_what_reads_it(tmp_path):
    (tmp_path / "n.nc").write_bytes(b"CDF\5" + b"\0" * 64)
    with pytest.raises(UnknownFormat, match="open it with netCDF4"):
        datasets.ARRAYS["netcdf"](tmp_path / "n.nc")


@pytest.mark.parametrize("form", ["npy", "npz", "hdf5", "netcdf", "parquet"])
def test_what_is_damaged_is_said(tmp_path, form):
    path = tmp_path / "x"
    path.write_bytes(b"CDF\1" if form == "netcdf" else b"PK\3\4 no such thing")
    with pytest.raises(CorruptFile, match="x cannot be read"):
        datasets.ARRAYS[form](path) if form in datasets.ARRAYS else datasets.TABLES[form](path, ())


def test_a_pickle_inside_an_array_is_not_loaded(tmp_path, load):
    np.save(tmp_path / "o.npy", np.array([{}, {}], object), allow_pickle=True)
    with pytest.raises(CorruptFile, match="Object arrays cannot be loaded"):
        load("o.npy")


def test_what_is_no_dataset_or_not_readable_is_said():
    files = (File("m.onnx", "onnx", "original", 1, ""), File("notes", "other", "original", 1, ""))
    with pytest.raises(UnknownFormat, match="ada/x is a model, no dataset"):
        datasets.chosen(Artifact("i", "k", "ada", "x", files=files))
    with pytest.raises(
        UnknownFormat, match=r"no file that can be loaded \(notes \(other\)\); such are: csv, parquet"
    ):
        datasets.chosen(Artifact("i", "k", "ada", "x", kind="dataset", files=files[1:]))


def test_without_pandas_its_command_is_told(tmp_path, load, monkeypatch):
    (tmp_path / "a.csv").write_text(CSV)
    monkeypatch.setitem(sys.modules, "pandas", None)
    monkeypatch.delitem(sys.modules, "hpcfair_kg.client.frames", raising=False)
    monkeypatch.delattr("hpcfair_kg.client.frames", raising=False)
    with pytest.raises(MissingExtra, match=r"pandas is not installed.*pip install -e '\.\[data\]'"):
        load("a.csv")


def test_on_a_service_and_offline(live, hub, tmp_path):
    from hpcfair_kg import Client

    (tmp_path / "on-a-service.csv").write_text(CSV)
    hub.upload(tmp_path / "on-a-service.csv", license="MIT")
    frame = hub.load_dataset("ada/on-a-service")
    assert isinstance(frame, pd.DataFrame)
    assert dtypes(frame)["id"] == "int64"
    with warnings.catch_warnings(), Client(live.url, offline=True) as away:
        assert away.load_dataset("ada/on-a-service@1.0").equals(frame)
    assert not Path("on-a-service.csv").exists()
