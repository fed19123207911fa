import json

import numpy as np
import onnx
import pytest
from click.testing import CliRunner
from onnx import TensorProto, helper

from hpcfair_kg import Client, modelAPI
from hpcfair_kg.cli import main
from hpcfair_kg.errors import Forbidden, InvalidConfig, NotFound, NotRunnable, UnknownFormat
from tests.api.test_searching import here
from tests.api.test_there import save

__all__ = ["here"]

pd = pytest.importorskip("pandas", reason="load_dataset needs pandas (extra data)")
TABLE = "sepal,count,name\n1.5,1,x\n2.5,,\n"
FEED = {"x": np.float32([[1, 2]])}


def task(kind, files, out=(), **arguments):
    return {
        "general_args": {"task": kind},
        "task_args": {"model_file": files, **arguments},
        "out_args": {"export_file": list(out)},
    }


@pytest.fixture
def api():
    return modelAPI(say=lambda line: None)


@pytest.fixture
def stored(here, api):
    """A model and a table in the catalogue of this folder, with no service at all; their files are gone."""
    save(here / "shift.onnx", "Neg", "x", "h", 0.5)
    (here / "table.csv").write_text(TABLE)
    found = api.store(task("store", ["shift.onnx", "table.csv"], license="MIT"))
    (here / "shift.onnx").unlink()
    (here / "table.csv").unlink()
    return [one.artifact for one in found]


@pytest.fixture(scope="module")
def there(live, tmp_path_factory):
    """The same on a service."""
    folder = tmp_path_factory.mktemp("loading")
    save(folder / "lent.onnx", "Neg", "x", "h", 21.5)
    (folder / "lent.csv").write_text(TABLE + "9,9,lent\n")
    with Client(live.url, live.token) as client:
        return [
            client.upload(folder / name, name=name.replace(".", "-"), license="MIT")
            for name in ("lent.onnx", "lent.csv")
        ]


def test_a_path_to_onnx_is_a_session(here, api):
    save(here / "own.onnx", "Neg", "x", "h", 0.25)
    session = api.load_model(task("load_model", "own.onnx"))
    np.testing.assert_allclose(session.run(None, FEED)[0], [[-0.75, -1.75]])


def test_an_id_is_found_in_the_catalogue_of_this_folder(here, api, stored):
    session = api.load_model(task("load_model", stored[0].id, out=["copies/shift.onnx"]))
    np.testing.assert_allclose(session.run(None, FEED)[0], [[-0.5, -1.5]])
    assert [f.name for f in onnx.load("copies/shift.onnx").graph.input] == ["x"]
    frame = api.load_dataset(task("load_dataset", f"{stored[1].owner}/table"))
    assert frame["sepal"].tolist() == [1.5, 2.5]
    assert frame.arrow().num_rows == 2


def test_what_is_not_in_this_folder_is_asked_of_the_service(here, stored, there, live, monkeypatch):
    monkeypatch.setenv("HPCFAIR_ENDPOINT", live.url)
    lines = []
    models = modelAPI(say=lines.append).load_model(
        task("load_model", [there[0].id, stored[0].key], model_name=["there", "here"])
    )
    np.testing.assert_allclose(models["there"].run(None, FEED)[0], [[20.5, 19.5]])
    np.testing.assert_allclose(models["here"].run(None, FEED)[0], [[-0.5, -1.5]])
    assert [line.split(":")[0] for line in lines] == ["there", "here"]


def test_a_service_s_model_is_loaded_here_and_a_path_beside_it(here, there, live):
    save(here / "own.onnx", "Neg", "x", "h", 0.25)
    lines = []
    api = modelAPI(live.url, live.token, say=lines.append)
    models = api.load_model(task("load_model", ["ada/lent-onnx", "own.onnx"], model_name=["a", "b"]))
    np.testing.assert_allclose(models["a"].run(None, FEED)[0], [[20.5, 19.5]])
    np.testing.assert_allclose(models["b"].run(None, FEED)[0], [[-0.75, -1.75]])
    assert lines[0].splitlines() == [
        f"a: {next((here / 'cache/artifacts').glob('*/lent.onnx'))} (onnxruntime: InferenceSession)",
        "  takes x float32 ['batch', 2]",
        "  gives h float32 ['batch', 2]",
    ]


def test_the_original_is_its_framework_s_own_object_for_those_who_trust_it(here, api, stored):
    with pytest.raises(Forbidden, match="trust: true"):
        api.load_model(task("load_model", stored[0].key, original=True))
    found = api.load_model(task("load_model", stored[0].key, original=True, trust=True))
    assert isinstance(found, onnx.ModelProto)
    save(here / "own.onnx", "Neg", "x", "h", 0.25)
    with pytest.raises(Forbidden, match=r"own\.onnx is loaded by its own framework.* say trust: true"):
        api.load_model(task("load_model", "own.onnx", original=True))
    assert isinstance(
        api.load_model(task("load_model", "own.onnx", original=True, trust=True)), onnx.ModelProto
    )


def test_an_original_of_scikit_learn_is_an_estimator(here, api):
    skops = pytest.importorskip("skops.io", reason="needs skops (extra sklearn)")
    from sklearn.linear_model import LogisticRegression

    fitted = LogisticRegression().fit([[0.0], [1.0]], [0, 1])
    skops.dump(fitted, "fitted.skops")
    found = api.load_model(task("load_model", "fitted.skops", original=True, trust=True))
    assert found.predict([[0.0], [1.0]]).tolist() == [0, 1]
    with pytest.raises(InvalidConfig, match=r"fitted\.skops, which is no ONNX; convert it first"):
        api.load_model(task("load_model", "fitted.skops"))


@pytest.mark.parametrize("name", ["out.csv", "out.parquet", "out.npz"])
def test_a_frame_is_written_as_its_name_says(here, api, name):
    (here / "t.csv").write_text(TABLE)
    frame = api.load_dataset(task("load_dataset", "t.csv", out=[name]))
    again = api.load_dataset(task("load_dataset", name))
    assert list(again.columns) == ["sepal", "count", "name"]
    assert again["sepal"].tolist() == [1.5, 2.5]
    assert again["count"][0] == 1
    assert again["count"].isna().tolist() == [False, True]
    assert again["name"].fillna("").tolist() == ["x", ""]
    assert frame.shape == again.shape == (2, 3)


def test_arrays_of_any_name_and_of_several_axes_are_written(here, api):
    np.savez("arrays.npz", x=np.arange(12.0).reshape(2, 3, 2))
    with np.load("arrays.npz") as held:
        np.save("file.npy", held["x"])
    api.load_dataset(task("load_dataset", "file.npy", out=["again.npz"]))
    with np.load("again.npz") as again:
        assert again["file"].tolist() == np.arange(12.0).reshape(2, 3, 2).tolist()
    with pytest.raises(UnknownFormat, match=r"file has 3 axes, and CSV has two; take \.parquet or \.npz"):
        api.load_dataset(task("load_dataset", "file.npy", out=["again.csv"]))
    assert not (here / "again.csv").exists()


def test_several_datasets_one_file_and_some_variables(here, api):
    (here / "d").mkdir()
    (here / "d" / "a.csv").write_text("x,y\n1,2\n")
    (here / "d" / "b.csv").write_text("x,y\n3,4\n")
    both = api.load_dataset(task("load_dataset", ["d", "d"], model_name=["one", "two"], variables="y"))
    assert {name: frame["y"].tolist() for name, frame in both.items()} == {"one": [2, 4], "two": [2, 4]}
    assert api.load_dataset(task("load_dataset", "d", file="b.csv"))["x"].tolist() == [3]


@pytest.mark.parametrize(
    ("config", "error", "said"),
    [
        (task("load_model", []), InvalidConfig, "model_file is missing"),
        (task("load_model", "none.onnx"), InvalidConfig, r"model_file names none\.onnx, which is not there"),
        (
            task("load_model", "no/thing"),
            InvalidConfig,
            "is no file here; nor is it an ID: no service answers",
        ),
        (task("load_model", "d"), InvalidConfig, "names the folder d; it should name the .onnx file in it"),
        (task("load_model", ["t.csv", "d/t.csv"]), InvalidConfig, "gives two the name t; say which"),
        (task("load_model", "t.csv", original=True, trust=True), NotRunnable, "it is a dataset|no file that"),
        (
            task("load_model", "t.csv", original=True, trust=True, out=["a.onnx"]),
            InvalidConfig,
            "export_file takes the ONNX form",
        ),
        (task("load_dataset", "t.csv", out=["a.xlsx"]), InvalidConfig, r"one of: \.csv, \.parquet, \.npz"),
        (task("load_dataset", "t.csv", variables="z"), NotFound, "no variable 'z'; there are: sepal"),
        (task("load_dataset", "t.csv", file="z.csv"), NotFound, r"no data file 'z\.csv'; there are: t\.csv"),
    ],
)
def test_what_cannot_be_loaded_is_told_with_what_would_be_right(here, api, monkeypatch, config, error, said):
    monkeypatch.setenv("HPCFAIR_ENDPOINT", "http://127.0.0.1:9")
    (here / "d").mkdir()
    for name in ("t.csv", "d/t.csv"):
        (here / name).write_text(TABLE)
    with pytest.raises(error, match=said):
        api.run(config)
    assert {path.name for path in here.iterdir()} <= {"d", "t.csv", "cache"}


def test_an_onnx_file_is_copied_with_the_data_that_it_names(here, api):
    weights = helper.make_tensor("w", TensorProto.FLOAT, [2], [3.0, 4.0])
    ends = [helper.make_tensor_value_info(n, TensorProto.FLOAT, ["batch", 2]) for n in "xy"]
    graph = helper.make_graph(
        [helper.make_node("Mul", ["x", "w"], ["y"])], "g", ends[:1], ends[1:], [weights]
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=8)
    (here / "split").mkdir()
    onnx.save(model, "split/m.onnx", save_as_external_data=True, location="m.onnx.data", size_threshold=0)
    (stored,) = api.store(task("store", "split", license="MIT"))
    api.load_model(task("load_model", stored.artifact.key, out=["out/copy.onnx"]))
    session = api.load_model(task("load_model", "out/copy.onnx"))
    assert session.run(None, FEED)[0].tolist() == [[3, 8]]


def test_the_command_line_says_where_a_model_lies_and_what_is_in_a_table(here, there, live):
    (here / "m.yaml").write_text("general_args: {task: load_model}\ntask_args: {model_file: ada/lent-onnx}\n")
    (here / "d.yaml").write_text(
        "general_args: {task: load_dataset}\ntask_args: {model_file: ada/lent-csv}\n"
    )

    def call(*words):
        result = CliRunner().invoke(main, [*words, "--on", live.url])
        assert result.exit_code == 0, result.output
        return result.stdout

    assert "takes x float32 ['batch', 2]" in call("run", "m.yaml")
    (document,) = json.loads(call("run", "m.yaml", "--json"))
    assert (document["ok"], document["id"]) == (True, there[0].id)
    assert document["path"].endswith("lent.onnx")
    assert document["outputs"] == [{"name": "h", "dtype": "float32", "shape": ["batch", 2]}]
    shown = call("run", "d.yaml").splitlines()
    assert shown[0].startswith("lent-csv: 3 rows, 3 columns: sepal float64, count ")
    assert shown[-1].split()[1:] == ["9.0", "9.0", "lent"]
    (document,) = json.loads(call("run", "d.yaml", "--json"))
    assert (document["shape"], document["columns"][0]) == ([3, 3], {"name": "sepal", "dtype": "float64"})
    assert document["rows"][2] == {"sepal": 9.0, "count": 9.0, "name": "lent"}
