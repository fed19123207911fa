import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from hpcfair_kg.models.figures import Distance, fault, mismatched, quantiles, ulps, undecided

FLOATS = st.floats(-1e6, 1e6, width=32)
VECTORS = arrays.arrays(np.float32, st.integers(1, 30), elements=FLOATS)


def distance(reference, other, source="generated"):
    found = Distance()
    found.add(np.asarray(reference), np.asarray(other), source)
    return found


@given(VECTORS)
def test_nothing_is_apart_from_itself(values):
    found = distance(values, values)
    assert (found.normalised, found.max_abs, found.max_rel, found.rms) == (0, 0, 0, 0)
    assert found.cosine == pytest.approx(1.0)
    assert quantiles(found.ulps).max == 0


@given(VECTORS, st.floats(0.0078125, 1024, width=32))
def test_the_figures_agree_with_each_other(values, step):
    other = values + np.float32(step)
    found = distance(values, other)
    assert found.rms <= found.max_abs * (1 + 1e-9)
    assert found.max_abs == np.abs(values.astype(float) - other).max()
    if np.abs(values).max() > 0:
        assert found.normalised == pytest.approx(found.max_abs / np.abs(values).max())
    assert -1 <= found.cosine <= 1


@given(VECTORS, VECTORS, st.randoms())
def test_the_order_of_trials_does_not_matter(first, second, random):
    pairs = [(first, first + 1), (second, second * 2)]
    one, two = Distance(), Distance()
    for pair in pairs:
        one.add(*pair)
    for pair in reversed(pairs):
        two.add(*pair)
    assert one.max_abs == two.max_abs
    assert one.normalised == two.normalised
    assert one.rms == pytest.approx(two.rms)


def test_small_outputs_of_one_trial_are_measured_by_the_largest_of_all():
    found = Distance()
    found.add(np.array([100.0]), np.array([100.0]))
    found.add(np.array([1e-6]), np.array([2e-6]))
    assert found.normalised == pytest.approx(1e-8)
    assert found.max_rel == pytest.approx(1.0)


def test_large_rows_of_the_author_hide_no_error_on_generated_inputs():
    found = Distance()
    found.add(np.array([1.0]), np.array([1.1]))
    found.add(np.array([1e6]), np.array([1e6]), "sample")
    assert found.normalised == pytest.approx(0.1)


def test_what_differs_from_zeros_is_off_by_all_of_it():
    assert distance([0.0, 0.0], [0.0, 1e-9]).normalised == 1.0
    assert distance([0.0], [0.0]).cosine == 1.0


@given(FLOATS)
def test_the_next_float_is_one_unit_away(value):
    reference = np.array([value], np.float32)
    assert ulps(reference, np.nextafter(reference, np.float32(np.inf)))[0] == 1


def test_units_are_counted_across_zero_and_in_the_type_of_the_form():
    tiny = np.array([np.finfo(np.float32).smallest_subnormal])
    assert ulps(-tiny, tiny)[0] == 2
    assert ulps(np.array([1.0 + 1e-12]), np.array([1.0], np.float32))[0] == 0
    assert ulps(np.array([1e300]), np.array([1.0], np.float32))[0] > 0
    assert ulps(np.array([-1e308]), np.array([1e308]))[0] == pytest.approx(2**64, rel=0.01)


@pytest.mark.parametrize(
    ("reference", "other", "said"),
    [
        ([1.0], [[1.0]], "has the shape"),
        ([np.nan, 1.0], [1.0, 1.0], "differs in 1 of 2 places in whether it is NaN"),
        ([np.inf], [-np.inf], "infinite"),
        ([np.inf], [1.0], "infinite"),
        ([np.nan, np.inf], [np.nan, np.inf], None),
    ],
)
def test_some_outputs_cannot_be_compared_by_distance(reference, other, said):
    found = fault(np.array(reference), np.array(other))
    assert found is None if said is None else said in found


def test_labels_are_compared_by_value_and_texts_as_texts():
    assert not mismatched(np.array([1, 2]), np.array([1.0, 2.0])).any()
    assert mismatched(np.array(["a", "b"]), np.array(["a", "c"], object)).tolist() == [False, True]


def test_a_label_is_a_toss_up_where_its_scores_are_equal():
    scores = np.array([[0.5, 0.5, 0.0], [0.6, 0.3, 0.1]])
    assert undecided((2,), [scores], 1e-4).tolist() == [True, False]
    assert undecided((2, 1), [np.array([[1e-9], [0.3]])], 1e-4).tolist() == [[True], [False]]
    assert not undecided((2,), [np.zeros((3, 2))], 1e-4).any()
