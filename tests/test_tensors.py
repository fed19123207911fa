import struct

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as npst

from hpcfair_kg import tensors as wire
from hpcfair_kg.errors import WrongInput

ARRAYS = npst.arrays(
    st.sampled_from(["bool", "int8", "uint16", "int64", "float16", "float32", "float64"]),
    npst.array_shapes(min_dims=0, max_dims=3, min_side=0, max_side=4),
)
TEXTS = st.lists(st.text(), max_size=4).map(lambda texts: np.array(texts, object))


@settings(max_examples=60, deadline=None)
@given(st.dictionaries(st.text(max_size=5), ARRAYS | TEXTS, max_size=4))
def test_unpack_is_the_inverse_of_pack(tensors):
    heads, payload = wire.pack(tensors)
    back = wire.unpack(heads, payload)
    assert list(back) == list(tensors)
    for name, array in tensors.items():
        assert back[name].dtype == array.dtype
        np.testing.assert_array_equal(back[name], array)


@pytest.mark.parametrize(
    ("head", "payload"),
    [
        ({"dtype": "float32", "shape": [2]}, b"1234"),
        ({"dtype": "float32", "shape": [1]}, b"12345678"),
        ({"dtype": "float32", "shape": [-1]}, b"1234"),
        ({"dtype": "object", "shape": [1]}, b"12345678"),
        ({"dtype": "string", "shape": [1]}, struct.pack("<I", 9) + b"short"),
        ({"dtype": "string", "shape": [1]}, struct.pack("<I", 1) + b"\xff"),
    ],
)
def test_bytes_that_are_not_what_the_head_says_are_refused(head, payload):
    with pytest.raises(WrongInput):
        wire.unpack([{"name": "x", **head}], payload)
