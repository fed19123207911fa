import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from hpcfair_kg.formats.trees import gathered, rounded_down, rows, with_gaps


@given(st.floats(-(2.0**100), 2.0**100), st.floats(-(2.0**100), 2.0**100, width=32))
def test_a_threshold_rounded_down_decides_as_before_for_every_float32(threshold, x):
    (rounded,) = rounded_down(np.array([threshold]))
    assert (x <= threshold) == (x <= rounded)
    assert np.float32(rounded) == rounded


@given(st.floats(-(2.0**100), 2.0**100))
def test_the_floats_at_and_beside_a_threshold_decide_as_before(threshold):
    (rounded,) = rounded_down(np.array([threshold]))
    near = np.float32(threshold)
    for x in (near, np.nextafter(near, np.float32(np.inf)), np.nextafter(near, np.float32(-np.inf))):
        assert (float(x) <= threshold) == (float(x) <= rounded)


def test_thresholds_of_many_trees_are_gathered_by_feature():
    found = gathered([([0, 2], [0.5, 1.5]), ([2, 2], [1.5, np.inf])])
    assert {f: list(v) for f, v in found.items()} == {0: [0.5], 2: [1.5]}
    assert gathered([]) == {}


def test_rows_lie_at_thresholds_and_one_float_beside_them():
    table = rows({1: np.array([0.1, 0.7])}, 3, seed=5)
    assert table.dtype == np.float32
    near = np.float32([0.1, 0.7])
    wanted = {
        float(v) for n in near for v in (n, np.nextafter(n, np.float32(2)), np.nextafter(n, np.float32(-2)))
    }
    assert {float(v) for v in table[:, 1]} == wanted
    assert np.array_equal(table, rows({1: np.array([0.1, 0.7])}, 3, seed=5))


def test_gaps_are_nan_and_the_rest_stays():
    table = rows({}, 4, seed=5)
    gaps = with_gaps(table, seed=5)
    missing = np.isnan(gaps)
    assert 0.1 < missing.mean() < 0.3
    assert np.array_equal(gaps[~missing], table[~missing])
