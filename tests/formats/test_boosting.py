"""XGBoost's and LightGBM's models through the whole path."""

import json

import numpy as np
import pytest

from hpcfair_kg.errors import CorruptFile
from hpcfair_kg.formats.base import Bundle
from hpcfair_kg.formats.boosting import LightGBM, XGBoost
from tests.onnx_files import converted, recognised

RNG = np.random.default_rng(0)
X = RNG.normal(size=(300, 6))
NUMBER = X[:, 0] * 3 + X[:, 1] ** 2 + 5
TWO, THREE = (NUMBER > 5).astype(int), np.digitize(NUMBER, [4, 6])
QUICK = {"eta": 0.3, "max_depth": 3, "seed": 0, "nthread": 1}
LIGHT = {"verbose": -1, "seed": 0, "num_threads": 1, "num_leaves": 7}


def xgboost(path, label=NUMBER, rounds=10, **parameters):
    xgb = pytest.importorskip("xgboost", reason="XGBoost is not installed: make boosting")
    pytest.importorskip("onnxmltools", reason="onnxmltools is not installed: make boosting")
    xgb.train(QUICK | parameters, xgb.DMatrix(X, label), rounds).save_model(path)
    return path


def lightgbm(path, label=NUMBER, rows=X, **parameters):
    lgb = pytest.importorskip("lightgbm", reason="LightGBM is not installed: make boosting")
    pytest.importorskip("onnxmltools", reason="onnxmltools is not installed: make boosting")
    lgb.train(LIGHT | parameters, lgb.Dataset(rows, label), 10).save_model(path)
    return path


CLASSES = [
    {"name": "label", "dtype": "int64", "shape": ["batch"]},
    {"name": "probabilities", "dtype": "float32", "shape": ["batch", 3]},
]
NUMBERS = [{"name": "prediction", "dtype": "float32", "shape": ["batch", 1]}]


def check(answer, outputs=None):
    assert (answer["status"], answer["reason"]) == ("ready", None)
    assert answer["verdict"]["outcome"] == "equal"
    assert answer["verdict"]["normalised"] < 1e-5
    assert answer["inputs"] == [{"name": "X", "dtype": "float32", "shape": ["batch", 6]}]
    assert answer["opset"] == 18
    if outputs:
        assert answer["outputs"] == outputs


@pytest.mark.parametrize("ending", ["json", "ubj"])
def test_xgboost_of_numbers(tmp_path, ending):
    check(converted(tmp_path, xgboost(tmp_path / f"m.{ending}", base_score=4.5)), NUMBERS)


@pytest.mark.parametrize(
    ("label", "parameters", "outputs"),
    [
        (TWO, {"objective": "binary:logistic"}, None),
        (THREE, {"objective": "multi:softprob", "num_class": 3}, CLASSES),
        (THREE, {"objective": "multi:softmax", "num_class": 3}, CLASSES),
        (THREE, {"objective": "count:poisson"}, NUMBERS),
    ],
)
def test_xgboost_objectives(tmp_path, label, parameters, outputs):
    check(converted(tmp_path, xgboost(tmp_path / "m.json", label, **parameters)), outputs)


@pytest.mark.parametrize(
    ("label", "parameters", "outputs"),
    [
        (NUMBER, {"objective": "regression"}, NUMBERS),
        (TWO, {"objective": "binary"}, None),
        (THREE, {"objective": "multiclass", "num_class": 3}, CLASSES),
        (THREE, {"objective": "poisson"}, NUMBERS),
    ],
)
def test_lightgbm_objectives(tmp_path, label, parameters, outputs):
    check(converted(tmp_path, lightgbm(tmp_path / "m.txt", label, **parameters)), outputs)


def test_lightgbms_float64_thresholds_are_caught_and_put_right(tmp_path):
    answer = converted(tmp_path, lightgbm(tmp_path / "m.txt"))
    first, second = (s for s in answer["steps"] if s["name"] == "verify")
    assert first["verdict"]["normalised"] > 0.01
    assert "probe" in first["detail"]
    assert second["verdict"]["outcome"] == "equal"


def test_lightgbm_trained_with_gaps_sends_them_as_it_learned(tmp_path):
    rows = X.copy()
    rows[RNG.random(X.shape) < 0.2] = np.nan
    check(converted(tmp_path, lightgbm(tmp_path / "m.txt", rows=rows)), NUMBERS)


def test_conversions_that_succeed_and_are_wrong_are_caught(tmp_path):
    """onnxmltools sums the trees of LightGBM's forest, which averages them; nothing is raised."""
    answer = converted(
        tmp_path, lightgbm(tmp_path / "m.txt", boosting="rf", bagging_freq=1, bagging_fraction=0.6)
    )
    assert answer["status"] == "failed-proof"
    assert answer["verdict"]["normalised"] > 1
    assert [f["role"] for f in answer["files"]] == ["evidence"]


def test_a_booster_that_is_not_of_trees_says_so(tmp_path):
    path = xgboost(tmp_path / "m.json", booster="gblinear", max_depth=None)
    answer = converted(tmp_path, path)
    assert answer["status"] == "not-convertible"
    assert "this one is gblinear" in answer["reason"]


def test_recognition_reads_features_objective_and_trees(tmp_path):
    found = recognised(tmp_path, xgboost(tmp_path / "m.ubj", rounds=4).rename(tmp_path / "whatever.bin"))
    assert (found["format"], found["framework"], found["family"]) == ("xgboost-json", "xgboost", "boosting")
    inspection = found["inspection"]
    assert inspection["inputs"] == [{"name": "X", "dtype": "float32", "shape": ["batch", 6]}]
    assert inspection["hyperparameters"] == {"objective": "reg:squarederror", "booster": "gbtree", "trees": 4}
    assert inspection["hyperparameters_from"] == "whatever.bin"
    assert (inspection["architecture"], inspection["by_names"]) == ("GradientBoosting", False)
    assert inspection["evidence"] == "gbtree of 4 trees in whatever.bin"
    assert inspection["notes"][0].startswith("written by XGBoost ")
    found = recognised(tmp_path, lightgbm(tmp_path / "m.dat", learning_rate=0.25))
    assert (found["format"], found["framework"]) == ("lightgbm-txt", "lightgbm")
    assert found["inspection"]["hyperparameters"]["learning_rate"] == 0.25
    assert found["inspection"]["hyperparameters"]["trees"] == 10
    assert found["inspection"]["hyperparameters_from"] == "m.dat"
    assert found["inspection"]["evidence"] == "LightGBM of 10 trees in m.dat"
    assert found["inspection"]["inputs"][0]["shape"] == ["batch", 6]


def test_trees_that_correct_nothing_are_a_forest(tmp_path):
    parallel = xgboost(tmp_path / "m.json", rounds=1, num_parallel_tree=4, subsample=0.8)
    found = recognised(tmp_path, parallel)["inspection"]
    assert (found["architecture"], found["evidence"]) == (
        "RandomForest",
        "gbtree of 4 trees and one round in m.json",
    )
    again = recognised(tmp_path, xgboost(tmp_path / "n.json", rounds=2, num_parallel_tree=4, subsample=0.8))
    assert again["inspection"]["architecture"] == "GradientBoosting"
    averaged = lightgbm(tmp_path / "m.txt", boosting="rf", bagging_freq=1, bagging_fraction=0.6)
    found = recognised(tmp_path, averaged)["inspection"]
    assert (found["architecture"], found["evidence"]) == (
        "RandomForest",
        "10 trees with average_output in m.txt",
    )


def test_what_the_file_says_is_kept_beside_what_the_graph_of_its_form_would_say(tmp_path):
    """A forest of XGBoost is summed and passed through a link, like any boosting."""
    parallel = xgboost(tmp_path / "m.json", rounds=1, num_parallel_tree=4, subsample=0.8)
    answer = converted(tmp_path, parallel)
    assert (answer["status"], answer["architecture"]) == ("ready", "RandomForest")
    assert answer["operators"]["ai.onnx.ml.TreeEnsembleRegressor"] == 1


@pytest.mark.parametrize("ending", ["json", "ubj"])
def test_a_cut_xgboost_file_is_corrupt(tmp_path, ending):
    path = xgboost(tmp_path / f"m.{ending}")
    path.write_bytes(path.read_bytes()[:-100])
    with pytest.raises(CorruptFile, match="begins as an XGBoost model and is cut off"):
        XGBoost().claims(Bundle(tmp_path, (path.name,)))


def test_a_cut_lightgbm_file_is_corrupt(tmp_path):
    path = lightgbm(tmp_path / "m.txt")
    path.write_text(path.read_text().partition("end of trees")[0])
    with pytest.raises(CorruptFile, match="no 'end of trees'"):
        LightGBM().claims(Bundle(tmp_path, ("m.txt",)))


def test_an_xgboost_file_with_parts_missing_is_corrupt(tmp_path):
    (tmp_path / "m.json").write_text(json.dumps({"learner": {}, "version": [3, 2, 0]}))
    bundle = Bundle(tmp_path, ("m.json",))
    assert XGBoost().claims(bundle) == ("m.json",)
    with pytest.raises(CorruptFile, match="parts missing"):
        XGBoost().inspect(bundle, ["m.json"])


@pytest.mark.parametrize(
    "text", ['{"version": 3}\n{"version": 4}\n', '{"learner": "someone"}', "tree\nhouse\n", "", "[1]", "{}"]
)
def test_other_texts_are_neither(tmp_path, text):
    (tmp_path / "m").write_text(text)
    bundle = Bundle(tmp_path, ("m",))
    assert XGBoost().claims(bundle) == ()
    assert LightGBM().claims(bundle) == ()
