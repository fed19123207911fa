"""scikit-learn's models through the whole path: recognised, converted, proved."""

import importlib.util

import numpy as np
import onnx
import pytest

from hpcfair_kg.errors import CorruptFile
from hpcfair_kg.formats.base import Bundle
from hpcfair_kg.formats.estimators import Estimator
from hpcfair_kg.formats.sklearn import Skops, export, load
from hpcfair_kg.models.verify import prove
from tests.onnx_files import converted, recognised

if any(importlib.util.find_spec(name) is None for name in Skops.needs):
    pytest.skip(
        "scikit-learn, skl2onnx or skops is not installed (the extra `sklearn`)", allow_module_level=True
    )

import skops.io as skops_io
from sklearn import (
    cluster,
    compose,
    datasets,
    decomposition,
    ensemble,
    feature_extraction,
    linear_model,
    mixture,
    neighbors,
    neural_network,
    pipeline,
    preprocessing,
    svm,
    tree,
)

pytestmark = pytest.mark.filterwarnings(
    "ignore:Attribute `prob[AB]_` was deprecated:FutureWarning",  # skl2onnx reads what scikit-learn is to remove
    "ignore:Field onnx.AttributeProto.ints. Expected an int:DeprecationWarning",  # why protobuf is below 7
    "ignore::sklearn.exceptions.ConvergenceWarning",
)

X, Y = datasets.load_iris(return_X_y=True)
XD, YD = datasets.load_diabetes(return_X_y=True)
XB, YB = datasets.load_breast_cancer(return_X_y=True)
NAMES = np.array(["setosa", "versicolor", "virginica"])[Y]


def dumped(tmp_path, estimator):
    path = tmp_path / "m.skops"
    skops_io.dump(estimator, path)
    return path


FITTED = {
    "texts": lambda: linear_model.LogisticRegression(max_iter=1000).fit(X, NAMES),
    "forest": lambda: ensemble.RandomForestClassifier(20, random_state=0).fit(XB, YB),
    "forest of numbers": lambda: ensemble.RandomForestRegressor(10, random_state=0).fit(XD, YD),
    "tree": lambda: tree.DecisionTreeClassifier(random_state=0).fit(X, Y),
    "extra": lambda: ensemble.ExtraTreesClassifier(10, random_state=0).fit(X, Y),
    "gradient": lambda: ensemble.GradientBoostingClassifier(n_estimators=10).fit(X, Y),
    "isolation": lambda: ensemble.IsolationForest(n_estimators=10, random_state=0).fit(X),
    "svc": lambda: svm.SVC().fit(XB, YB),
    "svc of three": lambda: svm.SVC().fit(X, Y),
    "linear svc": lambda: svm.LinearSVC().fit(XB, YB),
    "mlp": lambda: neural_network.MLPClassifier(max_iter=20, random_state=0).fit(X, Y),
    "neighbours": lambda: neighbors.KNeighborsClassifier().fit(X, Y),
    "means": lambda: cluster.KMeans(3, random_state=0).fit(X),
    "mixture": lambda: mixture.GaussianMixture(3, random_state=0).fit(X),
    "pca": lambda: decomposition.PCA(2).fit(X),
    "two targets": lambda: linear_model.Ridge().fit(XD, np.c_[YD, -YD]),
    "pipeline": lambda: pipeline.make_pipeline(
        preprocessing.StandardScaler(), decomposition.PCA(5), linear_model.LogisticRegression()
    ).fit(XB, YB),
    "forest behind a scaler": lambda: pipeline.make_pipeline(
        preprocessing.StandardScaler(), ensemble.RandomForestClassifier(20, random_state=0)
    ).fit(XB, YB),
}


@pytest.mark.parametrize("name", FITTED)
def test_estimators_convert_and_are_equal(tmp_path, name):
    estimator = FITTED[name]()
    answer = converted(tmp_path, dumped(tmp_path, estimator))
    assert (answer["status"], answer["reason"]) == ("ready", None)
    verdict = answer["verdict"]
    assert verdict["outcome"] == "equal"
    assert verdict["normalised"] < 1e-4
    assert verdict["label_mismatches"] == 0
    assert answer["opset"] == 18
    features = estimator.n_features_in_
    assert answer["inputs"] == [{"name": "X", "dtype": "float32", "shape": ["batch", features]}]
    assert all(output["shape"][0] == "batch" for output in answer["outputs"])


def test_a_classifier_gives_label_and_probabilities(tmp_path):
    answer = converted(
        tmp_path, dumped(tmp_path, linear_model.LogisticRegression(max_iter=1000).fit(X, NAMES))
    )
    assert answer["outputs"] == [
        {"name": "label", "dtype": "string", "shape": ["batch"]},
        {"name": "probabilities", "dtype": "float32", "shape": ["batch", 3]},
    ]


def test_one_changed_weight_of_an_unscaled_classifier_is_found(tmp_path):
    """Its probabilities are 0 and 1 almost everywhere: only rows between the classes show it."""
    model = linear_model.LogisticRegression(max_iter=10_000).fit(XB, YB)
    export(model, tmp_path / "m.onnx", 18)
    assert prove(Estimator(model), tmp_path / "m.onnx", seed=7).outcome == "equal"
    form = onnx.load(tmp_path / "m.onnx")
    (weights,) = (a for n in form.graph.node for a in n.attribute if a.name == "coefficients")
    weights.floats[3] *= 1.01
    onnx.save(form, tmp_path / "m.onnx")
    assert prove(Estimator(model), tmp_path / "m.onnx", seed=7).outcome == "different"


@pytest.fixture(scope="module")
def boosted():
    """Trained on float64: its thresholds lie between the float32 values."""
    return ensemble.HistGradientBoostingRegressor(random_state=0).fit(XD, YD)


def test_thresholds_between_float32_values_are_caught_and_put_right(tmp_path, boosted):
    """skl2onnx rounds them to the nearest: 16 off on rows at a threshold, and no error raised."""
    answer = converted(tmp_path, dumped(tmp_path, boosted))
    states = [(s["name"], s["state"]) for s in answer["steps"]]
    assert states == [
        ("convert", "succeeded"),
        ("verify", "failed"),
        ("convert", "succeeded"),
        ("verify", "succeeded"),
        ("smoke", "succeeded"),
    ]
    assert answer["steps"][1]["verdict"]["max_abs"] > 10
    assert "probe" in answer["steps"][1]["detail"]
    assert answer["verdict"]["outcome"] == "equal"
    assert answer["verdict"]["normalised"] < 1e-6
    assert "rounded down" in answer["steps"][2]["detail"]


def test_rows_in_float64_show_what_a_float32_input_cannot_do(tmp_path, boosted):
    np.save(tmp_path / "sample.npy", XD)
    answer = converted(tmp_path, dumped(tmp_path, boosted), tmp_path / "sample.npy")
    assert answer["status"] == "failed-proof"
    assert "on sample inputs X [442, 10]" in answer["reason"]
    assert answer["verdict"]["max_abs"] > 1
    assert [f["role"] for f in answer["files"]] == ["evidence"]


def test_trained_on_float32_the_same_rows_are_equal(tmp_path):
    rows = XD.astype(np.float32)
    np.save(tmp_path / "sample.npy", rows)
    model = ensemble.HistGradientBoostingRegressor(random_state=0, max_iter=20).fit(rows, YD)
    answer = converted(tmp_path, dumped(tmp_path, model), tmp_path / "sample.npy")
    assert answer["verdict"]["outcome"] == "equal"


def test_missing_values_go_where_scikit_learn_sends_them(tmp_path):
    gaps = XD.copy()
    gaps[np.random.default_rng(0).random(gaps.shape) < 0.1] = np.nan
    model = ensemble.RandomForestRegressor(5, random_state=0).fit(gaps, YD)
    np.save(tmp_path / "sample.npy", gaps.astype(np.float32))
    answer = converted(tmp_path, dumped(tmp_path, model), tmp_path / "sample.npy")
    assert answer["verdict"]["outcome"] == "equal"


def test_texts_are_taken(tmp_path):
    texts = ["the cat sat", "a dog ran", "Cats and dogs", "birds fly high"] * 5
    model = pipeline.make_pipeline(
        feature_extraction.text.TfidfVectorizer(), linear_model.LogisticRegression()
    )
    answer = converted(tmp_path, dumped(tmp_path, model.fit(texts, [0, 1, 0, 1] * 5)))
    assert (answer["status"], answer["reason"]) == ("ready", None)
    assert answer["inputs"] == [{"name": "X", "dtype": "string", "shape": ["batch", 1]}]


def test_columns_of_a_table_become_inputs_of_their_names(tmp_path):
    pandas = pytest.importorskip("pandas", reason="pandas is not installed: make data")
    table = pandas.DataFrame({"age": np.arange(40.0) % 7, "town": ["Ulm", "Jena"] * 20})
    chosen = compose.ColumnTransformer(
        [("n", preprocessing.StandardScaler(), ["age"]), ("c", preprocessing.OneHotEncoder(), ["town"])]
    )
    model = pipeline.make_pipeline(chosen, linear_model.LogisticRegression()).fit(table, table.age > 3)
    answer = converted(tmp_path, dumped(tmp_path, model))
    assert (answer["status"], answer["reason"]) == ("ready", None)
    assert [(i["name"], i["dtype"]) for i in answer["inputs"]] == [("age", "float32"), ("town", "string")]


def test_what_skl2onnx_cannot_convert_gives_its_reason(tmp_path):
    model = pipeline.make_pipeline(preprocessing.FunctionTransformer(np.log1p), linear_model.Ridge())
    answer = converted(tmp_path, dumped(tmp_path, model.fit(np.abs(XD), YD)))
    assert answer["status"] == "not-convertible"
    assert answer["reason"].startswith("skl2onnx: FunctionTransformer is not supported")


def test_what_predicts_nothing_says_so(tmp_path):
    answer = converted(tmp_path, dumped(tmp_path, cluster.DBSCAN().fit(X)))
    assert "DBSCAN neither predicts nor transforms" in answer["reason"]


def test_an_unfitted_estimator_says_so(tmp_path):
    answer = converted(tmp_path, dumped(tmp_path, linear_model.Ridge()))
    assert "is it fitted?" in answer["reason"]


class Stranger(linear_model.Ridge):
    """Not scikit-learn's own."""


def test_code_of_others_is_not_loaded(tmp_path):
    path = dumped(tmp_path, Stranger().fit(XD, YD))
    with pytest.raises(ValueError, match=r"Stranger is no part of scikit-learn"):
        load(path)
    answer = converted(tmp_path, path)
    assert answer["status"] == "not-convertible"
    assert "hpcfair export" in answer["reason"]


def test_recognition_reads_class_parameters_and_features(tmp_path):
    model = pipeline.make_pipeline(preprocessing.StandardScaler(), svm.SVC(C=3.0, kernel="rbf")).fit(X, Y)
    found = recognised(tmp_path, dumped(tmp_path, model))
    assert (found["format"], found["framework"], found["family"]) == ("skops", "scikit-learn", "sklearn")
    inspection = found["inspection"]
    assert inspection["inputs"] == [{"name": "X", "dtype": "float32", "shape": ["batch", 4]}]
    assert (inspection["architecture"], inspection["evidence"]) == ("SupportVectorMachine", "SVC in m.skops")
    assert inspection["hyperparameters_from"] == "m.skops"
    assert inspection["hyperparameters"]["svc__C"] == 3.0
    assert inspection["hyperparameters"]["svc__kernel"] == "rbf"
    assert inspection["notes"][0].startswith("fitted with scikit-learn 1.")


def test_a_damaged_file_is_corrupt(tmp_path):
    path = dumped(tmp_path, linear_model.Ridge().fit(XD, YD))
    data = bytearray(path.read_bytes())
    data[200] ^= 0xFF
    path.write_bytes(data)
    with pytest.raises(CorruptFile, match="damaged skops file"):
        Skops().claims(Bundle(tmp_path, ("m.skops",)))


@pytest.mark.parametrize(("asked", "made"), [(15, 15), (18, 18), (99, 22)])
def test_the_opset_asked_for_is_honoured_or_the_nearest_is_told(tmp_path, asked, made):
    answer = converted(tmp_path, dumped(tmp_path, decomposition.PCA(2).fit(X)), opset=asked)
    assert (answer["status"], answer["opset"]) == ("ready", made)
    note = f"opset {asked} was asked for; skl2onnx made opset {made}"
    assert answer["notes"] == ([] if asked == made else [note])
