from __future__ import annotations

from typing import Any

import numpy as np
import orjson
import pytest

from hpcfair_kg.artifact import TensorSpec
from hpcfair_kg.errors import NotRunnable, WrongInput
from server.tensors import DATATYPES, read, written

SPECS = (TensorSpec("x", "float32", ("batch", 2)),)


def tensor(datatype: str, data: Any, shape: Any = (2,), name: str = "x") -> dict[str, Any]:
    """Return one input of a request."""
    return {"name": name, "datatype": datatype, "shape": list(shape), "data": data}


def one(datatype: str, data: Any, shape: Any = (2,)) -> np.ndarray[Any, Any]:
    """Return the one array of a request."""
    return read([tensor(datatype, data, shape)], SPECS)["x"]


@pytest.mark.parametrize("datatype", [d for d in DATATYPES.values() if d not in ("BOOL", "BYTES")])
def test_numbers_keep_their_type(datatype: str) -> None:
    array = one(datatype, [[1], [2]], (2, 1))
    assert array.tolist() == [[1], [2]]
    assert DATATYPES[array.dtype.name] == datatype


def test_flat_and_nested_data_are_the_same() -> None:
    np.testing.assert_array_equal(
        one("FP32", [1, 2.5, 3, 4], (2, 2)), one("FP32", [[1, 2.5], [3, 4]], (2, 2))
    )


def test_booleans_texts_and_not_a_number() -> None:
    assert one("BOOL", [True, False]).tolist() == [True, False]
    assert one("BYTES", ["a", "ü"]).tolist() == ["a", "ü"]
    assert np.isnan(one("FP64", [None, 1.0])).tolist() == [True, False]
    assert one("UINT64", [2**64 - 1, 0]).tolist() == [2**64 - 1, 0]
    assert one("FP32", [], (0, 2)).shape == (0, 2)
    assert one("INT64", [], (0,)).dtype == np.int64


@pytest.mark.parametrize(
    "inputs",
    [
        None,
        [],
        {},
        [1],
        [{"name": "x"}],
        [tensor("FP8", [1, 2])],
        [tensor("FP32", [1, 2], (3,))],
        [tensor("FP32", [1, 2], (-1,))],
        [tensor("FP32", [1, 2], ("2",))],
        [tensor("FP32", [1, 2]) | {"shape": 2}],
        [tensor("FP32", ["a", "b"])],
        [tensor("FP32", [[1], [2, 3]], (3,))],
        [tensor("INT32", [1.5, 2])],
        [tensor("INT32", [None, 2])],
        [tensor("UINT8", [256, 0])],
        [tensor("UINT8", [-1, 0])],
        [tensor("INT64", [2**63, 0])],
        [tensor("BOOL", [1, 0])],
        [tensor("BYTES", [1, 2])],
        [tensor("FP32", {"a": 1})],
        [tensor("FP32", [True, False])],
        [tensor("FP32", ["1.5", None])],
        [tensor("FP32", [1e300, 0])],
        [tensor("UINT64", [1.5, 0])],
    ],
)
def test_what_is_no_tensor_is_told_what_the_model_takes(inputs: Any) -> None:
    with pytest.raises(WrongInput) as caught:
        read(inputs, SPECS)
    assert caught.value.members["expected"] == [{"name": "x", "dtype": "float32", "shape": ["batch", 2]}]


@pytest.mark.parametrize(
    "array",
    [
        np.arange(6, dtype=np.float32).reshape(2, 3).T,
        np.array([True, False]),
        np.array(["a", "b"], object),
        np.array(3, np.int64),
        np.array([1.5], np.float16),
        np.array([1, 2], ">i4"),
    ],
)
def test_what_is_written_is_read_back(array: np.ndarray[Any, Any]) -> None:
    sent = orjson.loads(orjson.dumps(written("x", array), option=orjson.OPT_SERIALIZE_NUMPY))
    np.testing.assert_array_equal(read([sent], SPECS)["x"], array)


def test_what_json_has_no_word_for() -> None:
    with pytest.raises(NotRunnable, match="complex64"):
        written("x", np.zeros(1, np.complex64))
