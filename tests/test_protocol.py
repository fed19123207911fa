from __future__ import annotations

from typing import Any

import ml_dtypes
import numpy as np
import orjson
import pytest

from hpcfair_kg import protocol
from hpcfair_kg.errors import NotRunnable, WrongInput
from hpcfair_kg.protocol import DATATYPES, DTYPES, message, parsed, read
from hpcfair_kg.tensors import numpy_dtype, pack, unpack

Array = np.ndarray[Any, Any]


def tensor(datatype: str, data: Any, shape: Any = (2,), name: str = "x") -> dict[str, Any]:
    """Return one tensor as JSON has it."""
    return {"name": name, "datatype": datatype, "shape": list(shape), "data": data}


def one(datatype: str, data: Any, shape: Any = (2,)) -> Array:
    """Return the one array of a request."""
    return unpack(*read([tensor(datatype, data, shape)], memoryview(b"")))["x"]


def travelled(arrays: dict[str, Array], *binary: str) -> dict[str, Array]:
    """Return arrays as the other side has them, those named as bytes."""
    sent = message({"id": "7"}, "outputs", *pack(arrays), lambda name: name in binary)
    document, tail = parsed(sent.body, None if sent.header is None else str(sent.header))
    assert document["id"] == "7"
    return unpack(*read(document["outputs"], tail))


@pytest.mark.parametrize("datatype", [d for d in DTYPES if d not in ("BOOL", "BYTES")])
def test_numbers_keep_their_type(datatype: str) -> None:
    array = one(datatype, [[1], [2]], (2, 1))
    assert array.tolist() == [[1], [2]]
    assert DATATYPES[array.dtype.name] == datatype


def test_flat_and_nested_data_are_the_same() -> None:
    np.testing.assert_array_equal(
        one("FP32", [1, 2.5, 3, 4], (2, 2)), one("FP32", [[1, 2.5], [3, 4]], (2, 2))
    )


def test_booleans_texts_and_what_json_has_no_word_for() -> None:
    assert one("BOOL", [True, False]).tolist() == [True, False]
    assert one("BYTES", ["a", "ü"]).tolist() == ["a", "ü"]
    assert np.isnan(one("FP64", [None, 1.0])).tolist() == [True, False]
    assert one("FP32", ["-Infinity", "Infinity"]).tolist() == [-np.inf, np.inf]
    assert one("UINT64", [2**64 - 1, 0]).tolist() == [2**64 - 1, 0]
    assert one("FP32", [], (0, 2)).shape == (0, 2)
    assert one("FP32", 1.5, ()).shape == ()
    assert one("INT64", [], (0,)).dtype == np.int64


@pytest.mark.parametrize(
    "inputs",
    [
        None,
        {},
        [1],
        [{"name": "x"}],
        [{"name": "x", "shape": [1], "datatype": "FP32"}],
        [tensor("FP8", [1, 2])],
        [tensor("FP32", [1, 2]) | {"datatype": ["FP32"]}],
        [tensor("FP32", [1, 2], (3,))],
        [tensor("FP32", [1, 2], (-1,))],
        [tensor("FP32", [1, 2], ("2",))],
        [tensor("FP32", [1, 2], (True, 2))],
        [tensor("FP32", [1, 2]) | {"shape": 2}],
        [tensor("FP32", ["a", "b"])],
        [tensor("FP32", ["NaN", 1])],
        [tensor("FP32", [[1], [2, 3]], (3,))],
        [tensor("INT32", [1.5, 2])],
        [tensor("INT32", [None, 2])],
        [tensor("INT32", ["Infinity", 2])],
        [tensor("UINT8", [256, 0])],
        [tensor("UINT8", [-1, 0])],
        [tensor("INT64", [2**63, 0])],
        [tensor("BOOL", [1, 0])],
        [tensor("BYTES", [1, 2])],
        [tensor("FP32", {"a": 1})],
        [tensor("FP32", [True, False])],
        [tensor("FP32", ["1.5", None])],
        [tensor("FP32", [1e300, 0])],
        [tensor("FP16", ["Infinity", 1e300])],
        [tensor("UINT64", [1.5, 0])],
    ],
)
def test_what_is_no_tensor_is_told(inputs: Any) -> None:
    with pytest.raises(WrongInput):
        read(inputs, memoryview(b""))


@pytest.mark.parametrize("binary", [(), ("x",)])
@pytest.mark.parametrize(
    "array",
    [
        np.arange(6, dtype=np.float32).reshape(2, 3).T,
        np.array([True, False]),
        np.array(["a", "ü", ""], object),
        np.array("a", object),
        np.array(3, np.int64),
        np.array([1.5, np.nan, np.inf, -np.inf], np.float16),
        np.array([0.1, -np.inf, np.nan]),
        np.array([1.5, -np.inf, np.nan], ml_dtypes.bfloat16),
        np.array([-128, 127], np.int8),
        np.array([1, 2], ">i4"),
        np.zeros((0, 3), np.uint16),
        np.zeros((2, 0), object),
    ],
)
def test_what_is_sent_arrives(array: Array, binary: tuple[str, ...]) -> None:
    arrived = travelled({"x": array}, *binary)["x"]
    assert arrived.dtype.name == array.dtype.name
    if array.dtype.name == "bfloat16":  # of which NumPy does not know that a NaN may be equal to another
        arrived, array = arrived.astype(np.float32), array.astype(np.float32)
    np.testing.assert_array_equal(arrived, array)
    assert arrived.shape == array.shape


def test_bytes_and_json_may_stand_beside_each_other() -> None:
    arrays = {name: np.full(2, number, np.float32) for number, name in enumerate("abcd")}
    for binary in ("", "b", "ad", "abcd"):
        arrived = travelled(arrays, *binary)
        assert {name: array.tolist() for name, array in arrived.items()} == {
            name: [number, number] for number, name in enumerate("abcd")
        }


def test_what_is_all_bytes_is_handed_on_as_it_came() -> None:
    sent = message({}, "inputs", *pack({"x": np.ones(3), "y": np.ones(2)}), lambda name: True)
    document, tail = parsed(sent.body, str(sent.header))
    assert read(document["inputs"], tail)[1] is tail


@pytest.mark.parametrize(
    ("size", "tail"),
    [(7, 8), (8, 7), (8, 9), (-8, 8), ("8", 8), (True, 8), (1 << 70, 8)],
)
def test_bytes_that_are_not_as_many_as_told(size: Any, tail: int) -> None:
    told = {"name": "x", "datatype": "FP32", "shape": [2], "parameters": {"binary_data_size": size}}
    with pytest.raises(WrongInput):
        read([told], memoryview(bytes(tail)))


@pytest.mark.parametrize(
    ("body", "header"),
    [
        (b"", None),
        (b"[]", None),
        (b"{}", "3"),
        (b"{}", "-1"),
        (b"{}", "two"),
        (b"{}x", None),
        (b'{"x": NaN}', None),
        (b"\xff", None),
        (b"[" * 100_000, None),
    ],
)
def test_a_body_that_is_no_message(body: bytes, header: str | None) -> None:
    with pytest.raises(WrongInput):
        parsed(body, header)


def test_what_the_protocol_has_no_word_for() -> None:
    with pytest.raises(NotRunnable, match="complex64"):
        message({}, "outputs", *pack({"x": np.zeros(1, np.complex64)}), lambda name: False)


def test_json_is_strict_json() -> None:
    sent = message({}, "outputs", *pack({"x": np.array([np.nan, np.inf, 1])}), lambda name: False)
    assert orjson.loads(sent.body)["outputs"][0]["data"] == [None, "Infinity", 1.0]
    assert sent.headers == {"Content-Type": "application/json"}


def test_every_datatype_is_one_of_numpys() -> None:
    assert {numpy_dtype(dtype).name for dtype in DATATYPES if dtype != "string"} == DATATYPES.keys() - {
        "string"
    }
    assert protocol.HEADER == "Inference-Header-Content-Length"
