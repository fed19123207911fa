import importlib.util

import numpy as np
import pytest

from hpcfair_kg.formats.estimators import Estimator, faces, parts, thresholds

if importlib.util.find_spec("sklearn") is None:
    pytest.skip("scikit-learn is not installed (the extra `sklearn`)", allow_module_level=True)

from sklearn import ensemble, linear_model, pipeline, preprocessing, svm, tree

RNG = np.random.default_rng(0)
X, Y = RNG.normal(size=(60, 4)), RNG.integers(0, 2, 60)


def test_parts_are_found_inside_pipelines_and_ensembles():
    forest = ensemble.RandomForestClassifier(3).fit(X, Y)
    stack = ensemble.VotingClassifier([("f", forest), ("l", linear_model.LogisticRegression())]).fit(X, Y)
    whole = pipeline.make_pipeline(preprocessing.StandardScaler(), stack)
    names = [type(part).__name__ for part in parts(whole)]
    assert names.count("DecisionTreeClassifier") >= 3
    assert {"StandardScaler", "LogisticRegression"} <= set(names)


def test_thresholds_are_those_of_the_trees():
    model = tree.DecisionTreeClassifier(max_depth=3).fit(X, Y)
    inner = model.tree_.feature >= 0
    found = thresholds(model)
    assert sorted(v for values in found.values() for v in values) == sorted(set(model.tree_.threshold[inner]))


def test_probes_lie_at_thresholds_have_gaps_and_look_like_the_training_rows():
    boosted = Estimator(ensemble.HistGradientBoostingClassifier(max_iter=3).fit(X, Y))
    at, gaps = boosted.probes(3)
    assert at["X"].dtype == np.float32
    assert np.isnan(gaps["X"]).any()
    scaled = Estimator(
        pipeline.make_pipeline(preprocessing.StandardScaler(), linear_model.LogisticRegression()).fit(
            X * 1e4, Y
        )
    )
    (alike,) = scaled.probes(3)
    assert alike["X"].std() > 1e3
    (near,) = Estimator(svm.SVC().fit(X, Y)).probes(3)
    assert np.abs(near["X"]).max() < 2 * np.abs(X).max()


def test_outputs_are_columns_but_for_labels_of_classes():
    feeds = {"X": X[:5].astype(np.float32)}
    label, scores = Estimator(svm.LinearSVC().fit(X, Y))(feeds)
    assert (label.shape, scores.shape) == ((5,), (5, 2))
    assert np.array_equal(scores[:, 0], -scores[:, 1])
    (prediction,) = Estimator(linear_model.Ridge().fit(X, Y))(feeds)
    assert prediction.shape == (5, 1)
    outlier = Estimator(ensemble.IsolationForest(n_estimators=3).fit(X))
    assert [array.shape for array in outlier(feeds)] == [(5, 1), (5, 1)]


def test_faces_name_the_outputs():
    assert [name for name, _ in faces(linear_model.LogisticRegression().fit(X, Y))] == [
        "label",
        "probabilities",
    ]
    assert [name for name, _ in faces(preprocessing.StandardScaler().fit(X))] == ["transformed"]


def test_rows_lie_where_a_linear_classifier_is_undecided():
    """On unscaled data almost all rows have the probabilities 0 and 1, which any weights would give."""
    model = linear_model.LogisticRegression(C=1e6).fit(X * 100 + 500, Y)
    (between,) = Estimator(model).probes(3)
    likely = model.predict_proba(between["X"])[:, 0]
    assert np.mean((likely > 0.02) & (likely < 0.98)) > 0.2
    three = linear_model.LogisticRegression().fit(X, np.arange(60) % 3)
    (between,) = Estimator(three).probes(3)
    assert between["X"].shape == (256, 4)
