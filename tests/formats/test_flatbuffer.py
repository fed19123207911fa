"""FlatBuffers, one laid out by hand."""

import struct

import pytest

from hpcfair_kg.formats.flatbuffer import Table

VTABLE = struct.pack("<6H", 12, 20, 4, 8, 0, 16)
"""Size of the vtable, of the table, and where the fields 0 to 3 lie in it; 2 is absent."""
VECTOR = struct.pack("<IIi", 2, 5, -6)
TEXT = struct.pack("<I", 5) + b"hello\0\0\0"


def laid_out():
    """A file whose root has an integer, a text and a vector of integers."""
    root_at = 4 + len(VTABLE)
    vector_at = root_at + 20
    text_at = vector_at + len(VECTOR)
    # The distance back to the vtable; field 0; how far the text is from field 1, the vector from field 3.
    root = struct.pack("<iiIII", len(VTABLE), -7, text_at - root_at - 8, 0, vector_at - root_at - 16)
    return struct.pack("<I", root_at) + VTABLE + root + VECTOR + TEXT


def test_fields():
    table = Table.root(laid_out())
    assert table.integer(0) == -7
    assert table.string(1) == "hello"
    assert (table.integer(2), table.string(2), table.integers(2), table.tables(2)) == (0, "", (), ())
    assert table.integers(3) == (5, -6)
    assert table.integer(9) == 0, "a field that this version of the file does not have"


@pytest.mark.parametrize("kept", [3, 10, 20, 30, 41])
def test_past_the_end(kept):
    with pytest.raises(struct.error):
        Table.root(laid_out()[:kept]).integers(3)
