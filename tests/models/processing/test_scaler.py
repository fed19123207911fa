import numpy as np
import pytest

from hpcfair_kg.artifact import TensorSpec
from hpcfair_kg.errors import WrongInput
from hpcfair_kg.models.processing.pipeline import Pipeline
from tests.models.processing.beside_files import note, steps

X, Y = TensorSpec("x", "float32", ("batch", 3)), TensorSpec("y", "float32", ("batch", 1))
ROWS = np.random.default_rng(7).normal(5, 3, (50, 3))
ROWS[:, 2] = 4.0


def pipeline(folder, said, inputs=(X,), outputs=(Y,)):
    return Pipeline.of(steps(folder, scaler__json=said), folder, inputs, outputs)


@pytest.mark.parametrize("limits", [(0, 1), (-1, 1)])
def test_minmax_is_scikit_learns(tmp_path, limits):
    sklearn = pytest.importorskip(
        "sklearn.preprocessing", reason="scikit-learn comes with the extra `sklearn`"
    )
    theirs = sklearn.MinMaxScaler(limits).fit(ROWS)
    said = {
        "kind": "minmax",
        "min": theirs.data_min_.tolist(),
        "max": theirs.data_max_.tolist(),
        "range": limits,
    }
    fed = pipeline(tmp_path, said).before({"features": ROWS})
    np.testing.assert_array_equal(fed["x"], theirs.transform(ROWS).astype(np.float32))


def test_standard_is_scikit_learns_and_undone_after_the_model(tmp_path):
    sklearn = pytest.importorskip(
        "sklearn.preprocessing", reason="scikit-learn comes with the extra `sklearn`"
    )
    theirs, targets = sklearn.StandardScaler().fit(ROWS), sklearn.StandardScaler().fit(ROWS[:, :1])
    said = [
        {"kind": "standard", "mean": theirs.mean_.tolist(), "scale": theirs.scale_.tolist()},
        {
            "kind": "standard",
            "mean": targets.mean_.tolist(),
            "scale": targets.scale_.tolist(),
            "of": "outputs",
        },
    ]
    made = pipeline(tmp_path, said)
    assert [(step.stage, step.takes, step.gives) for step in made.steps] == [
        ("before", ("features",), ("x",)), ("after", ("y",), ("unscaled",)),
    ]  # fmt: skip
    fed = made.before({"features": ROWS})
    np.testing.assert_array_equal(fed["x"], theirs.transform(ROWS).astype(np.float32))
    given = made.after({"y": ROWS[:, 1:2]}, fed)
    np.testing.assert_array_equal(given["unscaled"], targets.inverse_transform(ROWS[:, 1:2]))


def test_minmax_is_undone_too(tmp_path):
    sklearn = pytest.importorskip(
        "sklearn.preprocessing", reason="scikit-learn comes with the extra `sklearn`"
    )
    theirs = sklearn.MinMaxScaler().fit(ROWS[:, :1])
    said = {
        "kind": "minmax",
        "min": theirs.data_min_.tolist(),
        "max": theirs.data_max_.tolist(),
        "of": "outputs",
    }
    given = pipeline(tmp_path, said).after({"y": ROWS[:, 1:2]}, {})
    np.testing.assert_array_equal(given["unscaled"], theirs.inverse_transform(ROWS[:, 1:2]))


def test_which_tensor_may_be_said(tmp_path):
    said = {"kind": "standard", "mean": [1], "scale": [2], "tensor": "b"}
    inputs = (TensorSpec("a", "float32", ("batch", 1)), TensorSpec("b", "float32", ("batch", 1)))
    made = pipeline(tmp_path, said, inputs)
    assert [spec.name for spec in made.inputs] == ["b_features", "a"]
    assert made.before({"b_features": [[5]], "a": [[1.0]]})["b"].tolist() == [[2.0]]
    assert pipeline(tmp_path, {**said, "tensor": "c"}, inputs).steps == ()
    assert pipeline(tmp_path, {"kind": "standard", "mean": [1], "scale": [2]}, inputs).steps == ()


def test_a_model_of_another_width_is_left_alone(tmp_path):
    assert pipeline(tmp_path, {"kind": "standard", "mean": [1, 2], "scale": [2, 2]}).steps == ()


@pytest.mark.parametrize("given", [[[1, 2]], [1, 2, 3], [["a", "b", "c"]], [[1, 2, 3], [1]]])
def test_what_is_no_table_so_wide_is_refused(tmp_path, given):
    with pytest.raises(WrongInput, match="features"):
        pipeline(tmp_path, {"kind": "standard", "mean": [1, 2, 3], "scale": [1, 1, 1]}).before(
            {"features": given}
        )


@pytest.mark.parametrize(
    ("said", "reason"),
    [
        ({}, '"standard" or "minmax"'),
        (7, '"standard" or "minmax"'),
        ({"kind": "standard", "mean": [1, 2], "scale": [1]}, "2 numbers, as many as mean has"),
        ({"kind": "standard", "mean": [1], "scale": [0]}, "without zeros"),
        ({"kind": "standard", "mean": [True], "scale": [1]}, "a finite number"),
        ({"kind": "standard", "mean": [10**400], "scale": [1]}, "a finite number"),
        ({"kind": "minmax", "min": [1], "max": [2], "range": [1, 0]}, "such as [0, 1]"),
        ({"kind": "minmax", "min": [], "max": []}, "1 to 4,096 numbers"),
        ({"kind": "standard", "mean": [1], "scale": [1], "of": "both"}, '"inputs" or "outputs"'),
    ],
)
def test_what_is_malformed_is_a_note(tmp_path, said, reason):
    assert reason in note(tmp_path, scaler__json=said)
