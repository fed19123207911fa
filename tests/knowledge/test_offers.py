"""What a dataset offers, against what inference really takes of the same data."""

import itertools

import numpy as np
import pytest

from hpcfair_kg.artifact import Column, TensorSpec
from hpcfair_kg.errors import HPCFairError
from hpcfair_kg.fitting import array_of
from hpcfair_kg.knowledge.offers import casts, offers
from hpcfair_kg.models.feeding import checked
from hpcfair_kg.models.rows import Table
from hpcfair_kg.tensors import DTYPES, numpy_dtype
from tests.test_fitting import specs, wires

REAL = [dtype for dtype in DTYPES if not dtype.startswith("complex")]


def table(**columns):
    return tuple(Column(name, dtype) for name, dtype in columns.items())


IRIS = table(length="float64", width="float64", height="int64", depth="float64", species="string")


@pytest.mark.parametrize(("have", "want"), list(itertools.product(REAL, REAL)))
def test_a_type_is_changed_where_inference_changes_it(have, want):
    array = np.array(["a"], object) if have == "string" else np.ones(1, numpy_dtype(have))
    try:
        checked({"x": array}, [TensorSpec("x", want, ("n",))])
    except HPCFairError:
        assert not casts(have, want)
    else:
        assert casts(have, want)


@pytest.mark.parametrize("have", ["datetime64[us]", "object", "mixed", "complex64", ""])
def test_what_is_no_number_and_no_text_is_changed_into_nothing(have):
    assert not any(casts(have, want) for want in REAL)


@pytest.mark.parametrize(
    ("columns", "inputs", "wiring"),
    [
        (IRIS, ["X float32 n 4"], {"X": "*"}),
        (IRIS, ["X float32 n 5"], None),
        (IRIS, ["X float32 n 3"], None),
        (IRIS, ["X int64 n 4"], None),
        (IRIS, ["X float32 n k"], {"X": "*"}),
        (IRIS, ["X float32 n 2 2"], {"X": "*"}),
        (IRIS, ["X float32 n 2 k"], {"X": "*"}),
        (IRIS, ["X float32 n 3 k"], None),
        (IRIS, ["species string n 1"], {"species": "species"}),
        (IRIS, ["words string n"], {"words": "*"}),
        (IRIS, ["height float32 n 1", "X float32 n 3"], {"height": "height", "X": "*"}),
        (IRIS, ["height float32 n 1", "X float32 n 4"], None),
        (IRIS, ["height int32 n", "length float64 n"], {"height": "height", "length": "length"}),
        (IRIS, ["species float32 n 1", "X float32 n 4"], None),
        (IRIS, ["height float32 n 1", "mask bool n 3"], None),
        (table(**{"x[0]": "int64", "x[1]": "float64", "y": "int64"}), ["x float32 n 2"], {"x": "x"}),
        (table(**{"x[0]": "int64", "x[1]": "float64", "y": "int64"}), ["x float32 n 3"], None),
        (table(when="datetime64[us]", flow="float64"), ["X float32 n 1"], {"X": "*"}),
    ],
)
def test_a_table_feeds_by_name_and_by_width(columns, inputs, wiring):
    found = offers(columns, 150).feed(specs(*inputs))
    assert (wires(found) if found else None) == wiring


@pytest.mark.parametrize(
    ("arrays", "inputs", "wiring"),
    [
        ({"digits": (1797, 8, 8)}, ["image float32 b 8 8"], {"image": "digits"}),
        ({"digits": (1797, 8, 8)}, ["image float32 b 8 9"], None),
        ({"digits": (1797, 8, 8)}, ["image float32 b h w"], {"image": "digits"}),
        ({"digits": (1797, 64)}, ["image float32 b 1 8 8"], {"image": "digits"}),
        ({"digits": (1797, 64)}, ["image float32 1 1 8 8"], {"image": "digits"}),
        ({"digits": (1797, 8, 8)}, ["image float32 1 8 8"], {"image": "digits"}),
        ({"ids": (9, 128), "mask": (9, 128)}, ["ids int64 b s", "mask int64 b s"], {"ids": "ids", "mask": "mask"}),
        ({"ids": (9, 128), "mask": (9, 64)}, ["ids int64 b s", "mask int64 b s"], None),
        ({"ids": (9, 128), "mask": (8, 128)}, ["ids int64 b s", "mask int64 b s"], None),
    ],
)  # fmt: skip
def test_an_array_feeds_by_the_shape_of_its_samples(arrays, inputs, wiring):
    columns = [Column(name, "int64", shape) for name, shape in arrays.items()]
    found = offers(columns, None).feed(specs(*inputs))
    assert (wires(found) if found else None) == wiring


def test_two_arrays_of_one_shape_are_ambiguous():
    columns = [Column(name, "float32", (n, 784)) for name, n in (("x_train", 60_000), ("x_test", 10_000))]
    assert offers(columns, None).feed(specs("X float32 b 784")).ambiguous


def test_what_the_columns_are_is_what_a_file_of_them_feeds():
    """The columns as the catalogue knows them feed what `hpcfair infer` feeds from the numbers themselves."""
    held = {
        "a": np.arange(6.0),
        "b": np.arange(6),
        "m": np.ones((6, 2, 3)),
        "x[0]": np.ones(6),
        "x[1]": np.ones(6),
    }
    columns = [
        Column(name, array.dtype.name, array.shape if array.ndim > 1 else ()) for name, array in held.items()
    ]
    for names in (["a"], ["b"], ["m"], ["x"], ["a", "b"], ["a", "m"], ["x", "m", "b"]):
        ours = {name: array for name, array in held.items() if array_of(name) in names}
        theirs = [column for column in columns if column.name in ours]
        for tail in ("", " 1", " 2", " 2 3", " 3 2", " k"):
            inputs = specs(*(f"{name} float32 n{tail}" for name in names))
            found = offers(theirs, 6).feed(inputs)
            assert (found is not None) == _runs(ours, inputs), (names, tail)


def _runs(held, inputs):
    try:
        checked(Table(held).feeds(inputs), inputs)
    except HPCFairError:
        return False
    return True


def test_columns_are_offered_by_name():
    (one,) = offers([Column("t", "float32")], None).tensors
    assert one == TensorSpec("t", "float32", ("rows",))
