import pickle
from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper

from hpcfair_kg import modelAPI
from hpcfair_kg.errors import InvalidConfig
from hpcfair_kg.models import infer

sklearn = pytest.importorskip("sklearn", reason="needs scikit-learn")
skops = pytest.importorskip("skops.io", reason="needs skops")


@pytest.fixture(autouse=True)
def here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HPCFAIR_ENDPOINT", "http://127.0.0.1:9")
    return tmp_path


@pytest.fixture(scope="module")
def estimator():
    from sklearn.datasets import load_iris
    from sklearn.linear_model import LogisticRegression

    return LogisticRegression(max_iter=500).fit(*load_iris(return_X_y=True))


@pytest.fixture(scope="module")
def api():
    """One for all tests: its processes stay warm."""
    return modelAPI(say=lambda line: None)


def config(files, **arguments):
    names = [files] if isinstance(files, str) else files
    return {
        "general_args": {"task": "conversion", **arguments.pop("general", {})},
        "device_args": arguments.pop("device", {}),
        "model_args": {"model_file": files, **arguments},
        "out_args": {"export_file": [f"out/{Path(name).stem}.onnx" for name in names]},
    }


def identity(path, opset=18):
    node = helper.make_node("Neg", ["x"], ["y"])
    ends = [helper.make_tensor_value_info(n, TensorProto.FLOAT, ["n", 2]) for n in "xy"]
    model = helper.make_model(
        helper.make_graph([node], "g", ends[:1], ends[1:]),
        opset_imports=[helper.make_opsetid("", opset)],
        ir_version=8,
    )
    onnx.save(model, path)


def test_models_of_several_frameworks_are_converted_side_by_side(api, here, estimator):
    skops.dump(estimator, here / "iris.ckpt")
    identity(here / "neg.ckpt")
    task = config(["iris.ckpt", "neg.ckpt"], model_name=["iris", "neg"], device={"worker_num": 2})
    iris, neg = api.conversion(task)
    assert iris.verdict.outcome == "equal"
    assert (iris.framework, iris.format) == ("scikit-learn", "skops")
    assert neg.verdict.outcome == "consistent"
    assert neg.opset == 18
    assert iris.path == Path("out/iris.onnx")
    row = np.float32([[5.1, 3.5, 1.4, 0.2]])
    given = infer.run(
        infer.load(here / "out/iris.onnx"), {infer.signature(here / "out/iris.onnx")[0][0].name: row}
    )
    assert 0 in [array.ravel()[0] for array in given.values()]
    assert str(iris).startswith("iris: out/iris.onnx: the ONNX form")
    assert (here / "out/neg.onnx").read_bytes() == (here / "neg.ckpt").read_bytes()


def test_what_the_configuration_says_of_the_backend_is_held_against_the_content(api, here):
    identity(here / "neg.onnx")
    (result,) = api.conversion(config("neg.onnx", general={"backend": "pt"}))
    assert "the backend is said to be pt; the content is onnx's" in result.warnings


def test_a_model_may_be_converted_onto_itself(api, here):
    identity(here / "neg.onnx")
    before = (here / "neg.onnx").read_bytes()
    (result,) = api.conversion(config("neg.onnx") | {"out_args": {}})
    assert result.path == Path("neg.onnx")
    assert (here / "neg.onnx").read_bytes() == before


def test_a_pickle_is_loaded_only_with_trust(api, here, estimator):
    (here / "model.pkl").write_bytes(pickle.dumps(estimator))
    (refused,) = api.conversion(config("model.pkl"))
    assert refused.path is None
    assert "pickle" in refused.reason
    assert not (here / "out").exists()
    (trusted,) = api.conversion(config("model.pkl", trust=True))
    assert trusted.verdict.outcome == "equal"


def test_a_pickle_of_something_else_is_told_what_it_holds(api, here):
    (here / "model.pkl").write_bytes(pickle.dumps({"weights": [1, 2]}))
    (result,) = api.conversion(config("model.pkl", trust=True))
    assert "holds a builtins.dict, no scikit-learn estimator" in result.reason


def test_a_form_that_fails_its_proof_is_kept_beside_as_evidence(api, here):
    from sklearn.datasets import load_diabetes
    from sklearn.ensemble import HistGradientBoostingRegressor

    x, y = load_diabetes(return_X_y=True)
    skops.dump(HistGradientBoostingRegressor(random_state=0).fit(x, y), here / "hist.skops")
    np.save(here / "rows.npy", x)
    (result,) = api.conversion(config("hist.skops", samples="rows.npy"))
    assert result.path is None
    assert result.verdict.outcome == "different"
    assert result.verdict.normalised > 1e-3
    assert result.evidence == Path("out/hist.evidence.onnx")
    assert result.evidence.is_file()
    assert not Path("out/hist.onnx").exists()


def test_one_that_fails_does_not_stop_the_others(api, here):
    (here / "empty.pt2").touch()
    identity(here / "neg.onnx")
    empty, neg = api.conversion(config(["empty.pt2", "neg.onnx"]))
    assert "empty" in empty.reason
    assert neg.ok


def test_what_is_no_model_is_said(api, here):
    (here / "table.csv").write_text("a,b\n1,2\n")
    (result,) = api.conversion(config("table.csv"))
    assert "no model" in result.reason


def test_a_file_that_is_not_there_and_an_id_that_nobody_knows(api, here):
    with pytest.raises(
        InvalidConfig, match=r"model_file names none\.pt2, which is not there; it was looked for in"
    ):
        api.conversion(config("none.pt2"))
    with pytest.raises(
        InvalidConfig, match="model_file is ada/none, which is no file here; nor is it an ID: no serv"
    ):
        api.conversion(config("ada/none"))


def test_a_gpu_is_refused_clearly_and_the_cpu_runs_on_where_that_is_allowed(api, here):
    identity(here / "neg.onnx")
    with pytest.raises(InvalidConfig, match=r"device is gpu.*allow_cpu: true"):
        api.conversion(config("neg.onnx", device={"device": "gpu"}))
    task = config("neg.onnx", device={"device": "gpu", "allow_cpu": True})
    assert api.conversion(task)[0].ok
