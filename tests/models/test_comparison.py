import numpy as np
import pytest

from hpcfair_kg.artifact import TensorSpec
from hpcfair_kg.formats.base import Reference
from hpcfair_kg.models import infer
from hpcfair_kg.models.comparison import Comparison, cast
from hpcfair_kg.models.probes import Trial
from tests.onnx_files import linear

X = np.ones((2, 3), np.float32)


class Product(Reference):
    inputs = (TensorSpec("x", "float32", ("batch", 3)),)
    outputs = ("y",)

    def __call__(self, feeds):
        return [feeds["x"] @ np.arange(1, 7, dtype=np.float32).reshape(3, 2)]


@pytest.fixture
def comparison(tmp_path):
    return Comparison(Product(), infer.load(linear(tmp_path / "m.onnx")), 1e-4)


def added(comparison, outputs, kind="normal"):
    comparison.add(Trial({"x": X}, kind), [np.asarray(outputs, np.float32)])
    return comparison.verdict(7, 18, None)


def test_nothing_compared_is_no_verdict(comparison):
    verdict = comparison.verdict(7, 18, "needs a GPU")
    assert verdict.outcome == "none"
    assert "needs a GPU" in verdict.reason
    assert verdict.normalised is None


def test_the_worst_output_and_trial_are_named(comparison):
    assert added(comparison, [[9, 12], [9, 12]]).outcome == "equal"
    verdict = added(comparison, [[9, 12], [9, 6]], "sample")
    assert verdict.outcome == "different"
    assert verdict.reason == (
        "output 'y' on sample inputs x [2, 3] is off by 0.5 of its largest value; 0.0001 is allowed"
    )
    assert verdict.max_abs == 6


def test_another_shape_ends_the_comparison(comparison):
    verdict = added(comparison, [9, 12])
    assert comparison.broken
    assert "has the shape [2, 2] where the original gives [2]" in verdict.reason
    assert added(comparison, [[9, 12], [9, 12]]) == verdict


def test_texts_and_numbers_are_cast_to_what_a_form_declares():
    assert cast(np.array([1.0]), "float32").dtype == np.float32
    assert cast(np.array(["a"]), "string").dtype == object
