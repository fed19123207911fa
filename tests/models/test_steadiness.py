"""An original that is not steady itself: forms of it are held to what it can be held to, and to no less."""

import numpy as np
import pytest
from onnx import helper, numpy_helper

from hpcfair_kg.artifact import TensorSpec
from hpcfair_kg.formats.base import Reference
from hpcfair_kg.models.steadiness import FACTOR, apart, movement
from hpcfair_kg.models.verify import TOLERANCE, proof
from tests.onnx_files import save, value


class Function(Reference):
    """A NumPy function of rows of four numbers, as an original."""

    inputs = (TensorSpec("x", "float32", ("batch", 4)),)
    outputs = ("y",)

    def __init__(self, function):
        self.function = function

    def __call__(self, feeds):
        return [self.function(feeds["x"])]


def waves(x):
    """A function whose condition is 1e5, in double precision."""
    return np.sin(1e5 * x.astype("float64")).astype("float32")


@pytest.fixture
def form(tmp_path):
    """Return a maker of the ONNX form sin(x * scale) + shift, in single precision."""

    def make(scale=1e5, shift=0.0):
        nodes = [
            helper.make_node("Mul", ["x", "scale"], ["angle"]),
            helper.make_node("Sin", ["angle"], ["wave"]),
            helper.make_node("Add", ["wave", "shift"], ["y"]),
        ]
        weights = [numpy_helper.from_array(np.float32(v), n) for n, v in (("scale", scale), ("shift", shift))]
        rows = {"shape": ("batch", 4)}
        return save(tmp_path / "form.onnx", nodes, [value("x", **rows)], [value("y", **rows)], weights)

    return make


def test_a_good_function_moves_by_no_more_than_rounding():
    x = np.linspace(-2, 2, 12, dtype="float32").reshape(3, 4)
    reference = Function(np.tanh)
    assert 0 < movement(reference, {"x": x}, reference({"x": x})) < 1e-6


def test_rows_that_change_when_sent_twice_are_movement():
    reference = Function(lambda x: x + np.float32(len(x) == 3))
    x = np.zeros((3, 4), "float32")
    assert movement(reference, {"x": x}, reference({"x": x})) == 1.0


def test_what_is_refused_moves_by_nothing():
    def only_zeros(x):
        if x.any() or len(x) != 3:
            raise ValueError("no")
        return x

    x = np.zeros((3, 4), "float32")
    assert movement(Function(only_zeros), {"x": x}, [x]) == 0.0
    assert apart(np.zeros(3, "int64"), np.ones(3, "int64")) == 0.0


def test_a_form_as_good_as_the_original_allows_is_equal_and_it_is_said(form):
    found = proof(Function(waves), form(), seed=7)
    assert found.verdict.outcome == "equal"
    assert found.verdict.normalised <= TOLERANCE
    assert "own answer moves" in found.notes[0]


def test_a_form_that_is_wrong_by_more_than_that_is_different(form):
    x = np.random.default_rng(7).normal(size=(3, 4)).astype("float32")
    reference = Function(waves)
    assert FACTOR * movement(reference, {"x": x}, reference({"x": x})) < 0.5
    assert proof(reference, form(shift=0.5), seed=7).verdict.outcome == "different"
    assert proof(reference, form(scale=1.1e5), seed=7).verdict.outcome == "different"


def test_rows_that_know_of_each_other_excuse_nothing(tmp_path):
    """Sent twice, a sum over the rows doubles: that is the function itself and no unsteadiness."""
    weight = numpy_helper.from_array(np.float32(1.3), "w")
    nodes = [
        helper.make_node("ReduceSum", ["x", "first"], ["sum"]),
        helper.make_node("Mul", ["sum", "w"], ["part"]),
        helper.make_node("Add", ["x", "part"], ["y"]),
    ]
    first, rows = numpy_helper.from_array(np.array([0]), "first"), {"shape": ("batch", 4)}
    path = save(tmp_path / "m.onnx", nodes, [value("x", **rows)], [value("y", **rows)], [weight, first])
    good = Function(lambda x: x + np.float32(1.3) * x.sum(axis=0))
    wrong = Function(lambda x: x + np.float32(1.2) * x.sum(axis=0))
    assert proof(good, path, seed=7).verdict.outcome == "equal"
    assert proof(wrong, path, seed=7).verdict.outcome == "different"


def test_a_branch_that_was_baked_is_still_caught(form):
    reference = Function(lambda x: np.sin(x) if x.sum() > 0 else np.sin(x) + np.float32(2.49))
    assert proof(reference, form(scale=1.0), seed=7).verdict.outcome == "different"


def test_an_original_that_is_never_twice_the_same_proves_nothing(form):
    rng = np.random.default_rng(7)
    noise = Function(lambda x: np.sin(x) * rng.choice([0.0, 2.0], x.shape).astype("float32") + rng.normal())
    assert proof(noise, form(scale=1.0), seed=7).verdict.outcome == "different"
