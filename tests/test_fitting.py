from itertools import product

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import given as supposing
from hypothesis import strategies as st

from hpcfair_kg.artifact import TensorSpec
from hpcfair_kg.fitting import array_of, feed, fits


def spec(text):
    """ "x float32 batch 13" as a tensor."""
    name, dtype, *shape = text.split()
    return TensorSpec(name, dtype, tuple(int(n) if n.isdigit() else n for n in shape))


def specs(*texts):
    return tuple(map(spec, texts))


def wires(found):
    return {wire.taken.name: wire.given.name for wire in found.wires}


@pytest.mark.parametrize(
    ("given", "taken", "fitting"),
    [
        ("y float32 batch 5", "x float32 n 5", True),
        ("y float32 batch 5", "x float64 n 5", False),
        ("y float32 batch 5", "x float32 n 5 5", False),
        ("y float32 batch 5", "x float32 n 7", False),
        ("y float32 batch time", "x float32 n 7", True),
        ("y float32 batch 5", "x float32 1 m", True),
        ("y float32", "x float32 n 7", True),
        ("y float32 batch 5", "x float32", True),
    ],
)
def test_an_output_fits_by_type_rank_and_fixed_dimensions(given, taken, fitting):
    assert fits(spec(given), spec(taken)) is fitting


def test_equal_names_come_first_then_what_fits():
    found = feed(
        specs("memory float32 b t 32", "state float32 b 32"), specs("h float32 n 32", "memory float32 n t 32")
    )
    assert wires(found) == {"memory": "memory", "h": "state"}
    assert (found.remaining, found.ambiguous) == ((), False)


def test_an_equal_name_that_does_not_fit_is_no_reason():
    found = feed(specs("x float32 b 13", "h float32 b 32"), specs("x float32 n 32"))
    assert wires(found) == {"x": "h"}


def test_what_nothing_feeds_remains():
    found = feed(specs("y float32 b 4"), specs("x float32 n 4", "mask bool n 4"))
    assert wires(found) == {"x": "y"}
    assert [one.name for one in found.remaining] == ["mask"]
    assert feed(specs("y float32 b 4"), specs("mask bool n 4")) is None


def test_several_ways_are_ambiguous_and_the_one_with_more_equal_dimensions_is_shown():
    one = feed(specs("mean float32 b 8", "spread float32 b 8"), specs("z float32 n 8"))
    assert one.ambiguous
    two = feed(specs("any float32 b k", "eight float32 b 8"), specs("z float32 n 8"))
    assert (wires(two), two.ambiguous) == ({"z": "eight"}, True)
    three = feed(specs("h float32 b 8"), specs("query float32 n 8", "key float32 n 8"))
    assert (len(three.wires), three.ambiguous) == (1, True)


@pytest.mark.parametrize(
    ("given", "taken", "fed"),
    [
        (["p float32 batch 5", "q float32 batch 7"], ["a float32 n d", "b float32 n d"], 1),
        (["p float32 batch 5", "q float32 batch 5"], ["a float32 n d", "b float32 n d"], 2),
        (["p float32 batch 5", "q float32 batch 7"], ["a float32 n d", "b float32 n e"], 2),
        (["p float32 k k"], ["a float32 2 3"], 0),
        (["p float32 k k"], ["a float32 3 3"], 1),
        (["p float32 k", "q float32 k"], ["a float32 2", "b float32 3"], 1),
        (["p float32 k", "q float32 k"], ["a float32 d", "b float32 3"], 2),
    ],
)
def test_a_symbol_has_one_size_within_a_wiring(given, taken, fed):
    found = feed(specs(*given), specs(*taken))
    assert (len(found.wires) if found else 0) == fed


def test_a_symbol_of_one_model_is_not_that_of_the_other():
    assert feed(specs("p float32 n 5"), specs("a float32 b n")) is not None


def test_models_of_very_many_equal_tensors_are_wired_all_the_same():
    names = [f"{side}{number}" for side in "kv" for number in range(32)]
    given = specs(*(f"present.{name} float32 b 12 t 64" for name in names))
    found = feed(given, specs(*(f"past.{name} float32 n 12 s 64" for name in names)))
    assert (len(found.wires), found.ambiguous) == (64, True)


DIMENSION = st.one_of(st.sampled_from([1, 2, 3]), st.sampled_from(["n", "m"]))
TENSORS = st.lists(
    st.tuples(st.sampled_from(["float32", "int64"]), st.lists(DIMENSION, min_size=1, max_size=2)), max_size=3
)


@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])  # the machine may be busy
@supposing(TENSORS, TENSORS)
def test_as_many_inputs_are_fed_as_sizes_for_the_symbols_allow(given, taken):
    """Against brute force: every size that the symbols could have, and every way to feed."""
    given = tuple(TensorSpec(f"g{n}", dtype, tuple(shape)) for n, (dtype, shape) in enumerate(given))
    taken = tuple(TensorSpec(f"t{n}", dtype, tuple(shape)) for n, (dtype, shape) in enumerate(taken))
    found = feed(given, taken)
    assert (len(found.wires) if found else 0) == most(given, taken)


def most(given, taken):
    best = 0
    for sizes in product((1, 2, 3, 4), repeat=4):
        ours, theirs = dict(zip("nm", sizes[:2], strict=True)), dict(zip("nm", sizes[2:], strict=True))
        offered = [(one.dtype, tuple(ours.get(n, n) for n in one.shape)) for one in given]
        count = 0
        for one in taken:
            wanted = (one.dtype, tuple(theirs.get(n, n) for n in one.shape))
            if wanted in offered:
                offered.remove(wanted)
                count += 1
        best = max(best, count)
    return best


def test_columns_with_a_number_are_part_of_an_array():
    assert [array_of(name) for name in ("x[0]", "x[12]", "x", "x[a]", "x[1", "[0]")] == [
        "x", "x", "x", "x[a]", "x[1", "",
    ]  # fmt: skip
