"""How large an index may be."""

import numpy as np

from hpcfair_kg.artifact import TensorSpec
from hpcfair_kg.formats.base import Reference
from hpcfair_kg.formats.bounds import find_bounds


class Lookup(Reference):
    """A table of ten rows; shorter sequences than 16 are refused."""

    inputs = (TensorSpec("ids", "int64", ("batch", "length")), TensorSpec("x", "float32", (2,)))
    outputs = ("rows",)
    table = np.eye(10)

    def __call__(self, feeds):
        """Return the rows."""
        if feeds["ids"].shape[1] < 16:
            raise ValueError("too short")
        return [self.table[feeds["ids"]]]


def test_the_highest_table_that_the_original_takes():
    assert find_bounds(Lookup(), [4, 64, 10, 1], (IndexError, ValueError)) == {"ids": 10}


def test_nothing_is_said_where_nothing_is_found():
    assert find_bounds(Lookup(), [64], (IndexError, ValueError)) == {}

    class Plain(Lookup):
        inputs = (TensorSpec("x", "float32", (2,)),)

    assert find_bounds(Plain(), [64], (IndexError, ValueError)) == {}
