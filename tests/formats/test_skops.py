import json
import zipfile

import pytest

from hpcfair_kg.errors import CorruptFile
from hpcfair_kg.formats.skops import read


def plain(value):
    return {"__class__": "str", "__module__": "builtins", "content": json.dumps(value), "is_json": True}


def instance(name, **attributes):
    nodes = {key: v if isinstance(v, dict) else plain(v) for key, v in attributes.items()}
    return {"__class__": name, "__module__": "sklearn.x", "content": {"content": nodes}}


def steps(*pairs):
    return {"content": [{"content": [plain(name), node]} for name, node in pairs]}


def written(tmp_path, schema):
    path = tmp_path / "m.skops"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("schema.json", json.dumps(schema) if isinstance(schema, dict) else schema)
    return path


def test_an_estimator_is_described_without_scikit_learn(tmp_path):
    ridge = instance("Ridge", alpha=0.5, coef_=1.0, _private=3, n_features_in_=10, _sklearn_version="1.9.1")
    found = read(written(tmp_path, ridge), "m.skops")
    assert (found.name, found.version, found.features) == ("Ridge", "1.9.1", 10)
    assert found.parameters == {"estimator": "Ridge", "alpha": 0.5}
    assert found.architecture == "LinearRegressionModel"


def test_the_steps_of_pipelines_in_pipelines_are_named_as_scikit_learn_does(tmp_path):
    inner = instance(
        "Pipeline", steps=steps(("scale", instance("StandardScaler", copy=True, n_features_in_=4)))
    )
    outer = instance("Pipeline", steps=steps(("pre", inner), ("svc", instance("SVC", C=2.0))))
    found = read(written(tmp_path, outer), "m.skops")
    assert found.name == "SVC"
    assert found.features == 4
    assert found.parameters == {"estimator": "SVC", "pre__scale__copy": True, "svc__C": 2.0}


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("HistGradientBoostingClassifier", "GradientBoosting"),
        ("ExtraTreesRegressor", "RandomForest"),
        ("ExtraTreeClassifier", "DecisionTree"),
        ("NuSVR", "SupportVectorMachine"),
        ("LinearSVC", "SupportVectorMachine"),
        ("LogisticRegressionCV", "LogisticRegressionModel"),
        ("BayesianRidge", "LinearRegressionModel"),
        ("GammaRegressor", "GeneralizedLinearModel"),
        ("MLPRegressor", "MultilayerPerceptron"),
        ("KernelRidge", None),
        ("RidgeClassifier", None),
        ("IsolationForest", None),
        ("AdaBoostClassifier", None),
        ("SGDClassifier", None),
    ],
)
def test_a_class_is_told_by_its_whole_name(tmp_path, name, kind):
    assert read(written(tmp_path, instance(name)), "m.skops").architecture == kind


@pytest.mark.parametrize(
    "schema", ["", "[1, 2]", "{", '{"content": {"content": {"steps": {"content": [3]}}}}', "[" * 100_000]
)
def test_a_schema_that_is_none_is_corrupt(tmp_path, schema):
    with pytest.raises(CorruptFile, match="cannot be read"):
        read(written(tmp_path, schema), "m.skops")
