"""The pieces of the archive's schema that need no archive to be tried."""

import pytest

from hpcfair_kg.formats import pt2

SYMBOL = {"as_expr": {"expr_str": "Symbol('s7', positive=True, integer=True)", "hint": {"as_int": 4}}}
DOUBLE = {"as_expr": {"expr_str": "Mul(Integer(2), Symbol('s7', positive=True, integer=True))", "hint": None}}


def test_dimensions():
    assert pt2.dimension({"as_int": 8}, {}) == 8
    assert pt2.dimension(SYMBOL, {"s7": "batch"}) == "batch"
    assert pt2.dimension(DOUBLE, {"s7": "batch"}) == "Mul(2, batch)"
    assert (pt2.hint({"as_int": 8}), pt2.hint(SYMBOL), pt2.hint(DOUBLE)) == (8, 4, 2)
    assert (pt2.symbol(SYMBOL), pt2.symbol(DOUBLE), pt2.symbol({"as_int": 8})) == ("s7", None, None)


LEAF = {"type": None, "context": None, "children_spec": []}


def tree(kind, context, *children):
    return {"type": f"builtins.{kind}", "context": context, "children_spec": list(children)}


@pytest.mark.parametrize(
    ("spec", "names"),
    [
        (LEAF, ["output"]),
        (tree("tuple", "null", LEAF, LEAF), ["output_0", "output_1"]),
        (tree("dict", '["a", "b"]', LEAF, tree("list", "null", LEAF)), ["a", "b_0"]),
        (tree("tuple", "null", tree("dict", '["a"]', LEAF), LEAF), ["a", "output_1"]),
    ],
)
def test_outputs_are_named_by_their_keys_else_by_their_places(spec, names):
    assert list(pt2.leaves(spec)) == names


def meta(sizes, strides, offset=0, dtype=7):
    numbers = [[{"as_int": n} for n in row] for row in (sizes, strides)]
    return {"sizes": numbers[0], "strides": numbers[1], "storage_offset": {"as_int": offset}, "dtype": dtype}


def test_the_span_of_strided_tensors():
    assert pt2.span(meta([3, 4], [4, 1])) == 48
    assert pt2.span(meta([3, 4], [0, 1])) == 16, "rows that share their bytes"
    assert pt2.span(meta([2], [1], offset=3, dtype=13)) == 10
    assert pt2.span(meta([0, 4], [4, 1])) == 0
