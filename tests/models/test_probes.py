import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hpcfair_kg.artifact import TensorSpec
from hpcfair_kg.models.probes import KINDS, Space, fill, shape_of, trials


def spec(name, dtype, *shape):
    return TensorSpec(name, dtype, shape)


def tried(space, takes=lambda feeds: True, seed=7):
    return [trial for trial, _ in trials(space, seed, lambda feeds: [np.zeros(1)] if takes(feeds) else None)]


def test_every_dynamic_axis_takes_three_sizes_and_one_of_them_is_1():
    space = Space((spec("x", "float32", "batch", "length", 3), spec("y", "float32", "batch", "width")))
    found = tried(space)
    for name, axis in (("x", 0), ("x", 1), ("y", 1)):
        sizes = {trial.feeds[name].shape[axis] for trial in found}
        assert 1 in sizes
        assert len(sizes) >= 3
    assert all(t.feeds["x"].shape[0] == t.feeds["y"].shape[0] for t in found)


def test_every_kind_of_values_is_tried():
    found = tried(Space((spec("x", "float32", "b", 64),)))
    by_kind = {t.kind: t.feeds["x"] for t in found}
    assert set(by_kind) == set(KINDS)
    assert by_kind["normal"].min() < 0 < by_kind["normal"].max()
    assert by_kind["uniform"].min() >= 0
    assert not by_kind["zero"].any()
    assert by_kind["negative"].max() <= 0


def test_a_seed_gives_the_same_inputs_again():
    space = Space((spec("x", "float32", "b", 3),))
    first, second = tried(space), tried(space)
    assert all(np.array_equal(a.feeds["x"], b.feeds["x"]) for a, b in zip(first, second, strict=True))
    assert not np.array_equal(first[0].feeds["x"], tried(space, seed=8)[0].feeds["x"])


def test_integers_stay_below_the_size_of_their_table():
    space = Space((spec("ids", "int64", "b", 500), spec("free", "int32", "b", 9)), bounds={"ids": 5})
    found = tried(space)
    ids = np.concatenate([t.feeds["ids"].ravel() for t in found])
    assert set(ids.tolist()) == {0, 1, 2, 3, 4}
    assert min(t.feeds["free"].min() for t in found) < 0


def test_integers_without_a_known_table_are_tried_small_when_large_ones_are_refused():
    space = Space((spec("ids", "int64", "b", 50),))
    assert tried(space, lambda feeds: feeds["ids"].max() < 2)


def test_sizes_grow_until_the_model_takes_them():
    space = Space((spec("image", "float32", "n", 3, "h", "w"),))
    found = tried(space, lambda feeds: min(feeds["image"].shape[2:]) >= 30)
    assert len({t.shape[2] for t in found}) >= 3
    assert 1 in {t.shape[0] for t in found}
    assert any(t.shape[2] != t.shape[3] for t in found)


def test_axes_that_must_be_equal_vary_together():
    space = Space((spec("a", "float32", "n", "s"), spec("b", "float32", "m", "t")))
    found = tried(space, lambda feeds: feeds["a"].shape == feeds["b"].shape)
    assert len({t.shape[0] for t in found}) >= 3
    assert len({t.shape[1] for t in found}) >= 3


def test_sizes_stay_in_the_ranges_that_the_model_gives():
    space = Space((spec("x", "float32", "b", "t"),), ranges={"b": (2, 4), "t": (5, None)})
    found = tried(space)
    assert {t.shape[0] for t in found} <= {2, 3, 4}
    assert min(t.shape[1] for t in found) == 5


def test_a_mask_that_must_not_be_empty_is_tried_at_length_1():
    space = Space((spec("mask", "int64", "batch", "length"),), bounds={"mask": 2})
    found = tried(space, lambda feeds: feeds["mask"].any(axis=1).all())
    assert {1, 7} < {t.shape[1] for t in found}


def test_a_model_that_takes_nothing_gives_nothing():
    assert tried(Space((spec("x", "float32", "b", 3),)), lambda feeds: False) == []
    assert tried(Space((spec("x", "float32", 2, 3),)), lambda feeds: False) == []


def test_huge_inputs_are_never_made():
    assert tried(Space((spec("x", "float32", 30000, 25000),))) == []


def test_texts_and_truth_values_can_be_fed():
    space = Space((spec("t", "string", "b", 1), spec("m", "bool", "b"), spec("s", "float32")))
    feeds = tried(space)[0].feeds
    assert all(isinstance(text, str) for text in feeds["t"].ravel())
    assert feeds["m"].dtype == bool
    assert feeds["s"].shape == ()


@pytest.mark.parametrize(
    ("dimension", "size"),
    [("n", 6), ("2*n", 12), ("n + 1", 7), ("2*n - 3", 9), ("n//2", 3), ("n*t", 24), (5, 5), ("unk__0", 1)],
)
def test_a_dimension_may_be_an_expression(dimension, size):
    assert shape_of(spec("x", "float32", dimension), {"n": 6, "t": 4}) == (size,)


def test_the_symbols_of_expressions_are_found():
    space = Space((spec("x", "float32", "batch", "2*length"), spec("y", "float32", "batch", "seq-len")))
    assert space.batch == ("batch",)
    assert set(space.others) == {"length", "seq-len"}


@given(
    st.sampled_from(KINDS),
    st.sampled_from(["float16", "float32", "float64", "int8", "uint8", "int64", "bool"]),
)
def test_values_have_the_type_asked_for(kind, dtype):
    feeds = fill(Space((spec("x", dtype, "n"),)), {"n": 4}, kind, np.random.default_rng(0))
    assert feeds["x"].dtype == dtype
