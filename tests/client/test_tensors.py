import numpy as np
import pytest

from hpcfair_kg.client import tensors
from hpcfair_kg.errors import WrongInput
from hpcfair_kg.protocol import message, parsed, read
from hpcfair_kg.tensors import unpack


@pytest.mark.parametrize("binary", [False, True])
def test_arrays_travel_in_both_directions(binary):
    feeds = {"x": np.float32([[1.5, np.nan], [np.inf, 4]]), "t": ["a", "ü"], "n": 2.5}
    sent = tensors.request(feeds, ["y"], binary)
    assert (sent.header is not None) == binary
    document, tail = parsed(sent.body, sent.header and str(sent.header))
    assert document["outputs"] == [{"name": "y"}]
    assert document.get("parameters", {}).get("binary_data_output", False) == binary
    heads, payload = read(document["inputs"], tail)
    for name, array in unpack(heads, payload).items():
        np.testing.assert_array_equal(array, np.asarray(feeds[name]))
    reply = message({}, "outputs", heads, payload, lambda name: binary)
    back = tensors.arrays(reply.body, reply.header and str(reply.header))
    np.testing.assert_array_equal(back["x"], feeds["x"])
    back["x"][0, 0] = 7  # they are the caller's own


def test_what_cannot_be_sent_is_refused():
    with pytest.raises(WrongInput, match="unequal length"):
        tensors.request({"x": [[1, 2], [3]]}, None, True)
    with pytest.raises(WrongInput, match="x is complex128"):
        tensors.request({"x": np.array([1j])}, None, True)


def test_picture_files_and_arrays_of_unequal_shapes_are_elements():
    png, small, large = b"\x89PNG", np.zeros((2, 2, 3), np.uint8), np.zeros((4, 2, 3), np.uint8)

    def heads(value):
        sent = tensors.request({"x": value}, None, True)
        document, _ = parsed(sent.body, str(sent.header))
        return [(tensor["name"], tensor["datatype"], tensor["shape"]) for tensor in document["inputs"]]

    assert heads(png) == [("x", "UINT8", [4])]
    assert heads([png, small]) == [("x[0]", "UINT8", [4]), ("x[1]", "UINT8", [2, 2, 3])]
    assert heads((small, large)) == [("x[0]", "UINT8", [2, 2, 3]), ("x[1]", "UINT8", [4, 2, 3])]
    assert heads([small, small]) == [("x", "UINT8", [2, 2, 2, 3])]
    assert heads([b"a text", "another"]) == [("x", "BYTES", [2])]
