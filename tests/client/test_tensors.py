import numpy as np
import orjson
import pytest

from hpcfair_kg.client import tensors
from hpcfair_kg.errors import WrongInput


@pytest.mark.parametrize(
    "array",
    [
        np.float32([[1.5, np.nan], [3, 4]]),
        np.float16([0.1]),
        np.int8([-128, 127]),
        np.uint64([2**64 - 1]),
        np.array([True, False]),
        np.array(["a", "ü"], object),
        np.zeros((0, 3)),
        np.float64(2.5),
    ],
)
def test_arrays_travel_as_json(array):
    sent = orjson.loads(orjson.dumps(tensors.to_json("x", array)))
    (back,) = tensors.from_json([sent]).values()
    np.testing.assert_array_equal(back, array)
    assert back.dtype == np.asarray(array).dtype


def test_what_json_cannot_carry_is_refused():
    with pytest.raises(WrongInput, match="x holds infinities"):
        tensors.to_json("x", np.array([np.inf]))
    with pytest.raises(WrongInput, match="unequal length"):
        tensors.to_json("x", [[1, 2], [3]])
    with pytest.raises(WrongInput, match="x is complex128"):
        tensors.to_json("x", np.array([1j]))
