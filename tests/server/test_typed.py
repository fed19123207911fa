from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from hpcfair_kg.artifact import TensorSpec
from hpcfair_kg.errors import WrongInput
from hpcfair_kg.models.feeding import checked
from server import typed

TABLE = TensorSpec("x", "float32", ("batch", 3))
CASES: list[tuple[str, TensorSpec, Any]] = [
    ("1 2 3\n4,5, 6\n\n", TABLE, [[1, 2, 3], [4, 5, 6]]),
    ("1;2;3", TABLE, [[1, 2, 3]]),
    (" [[1, 2.5, 3]]", TABLE, [[1, 2.5, 3]]),
    ("1e-3 -2 nan", TABLE, [[0.001, -2, np.nan]]),
    ("5.5", TensorSpec("x", "float32", ("batch", 1)), [[5.5]]),
    ("1\n2\n3", TensorSpec("x", "int64", ("batch",)), [1, 2, 3]),
    ("1 2 3", TensorSpec("x", "int8", (3,)), [1, 2, 3]),
    ("7", TensorSpec("x", "int64"), 7),
    ("18446744073709551615", TensorSpec("x", "uint64", ("n",)), [2**64 - 1]),
    ("true False\n1 0", TensorSpec("x", "bool", ("n", 2)), [[True, False], [True, False]]),
    ("1 2 3 4\n5 6 7 8", TensorSpec("x", "float32", ("n", 2, 2)), [[[1, 2], [3, 4]], [[5, 6], [7, 8]]]),
    ("[[[1],[2]]]", TensorSpec("x", "float32", ("n", 2, 1)), [[[1], [2]]]),
    ("a text, with a comma\nanother", TensorSpec("x", "string", ("n",)), ["a text, with a comma", "another"]),
    ("[MASK] is a word", TensorSpec("x", "string", ("n", 1)), [["[MASK] is a word"]]),
    ('["a", "b"]', TensorSpec("x", "string", ("n",)), ["a", "b"]),
    ('red,"a, b"\nblue, c', TensorSpec("x", "string", ("n", 2)), [["red", "a, b"], ["blue", "c"]]),
    ("one text", TensorSpec("x", "string"), "one text"),
]


@pytest.mark.parametrize(("text", "spec", "meant"), CASES)
def test_what_is_typed_is_what_is_meant(text: str, spec: TensorSpec, meant: Any) -> None:
    array = checked({"x": typed.read(text, spec)}, [spec])["x"]
    wanted = np.array(meant, object if spec.dtype == "string" else spec.dtype)
    np.testing.assert_array_equal(array, wanted, strict=True)


@pytest.mark.parametrize(("text", "spec", "meant"), CASES)
def test_what_is_written_is_read_again(text: str, spec: TensorSpec, meant: Any) -> None:
    array = typed.read(text, spec)
    np.testing.assert_array_equal(typed.read(typed.written(array), spec), array)


@pytest.mark.parametrize(
    ("text", "spec", "said"),
    [
        ("", TABLE, "x: nothing was typed"),
        ("1 2 3\n4 five 6", TABLE, "line 2: 'five' is no number"),
        ("1.5", TensorSpec("x", "int64", ("n",)), "line 1: '1.5' is no whole number"),
        ("maybe", TensorSpec("x", "bool", ("n",)), "'maybe' is no true or false"),
        ("1 2 3\n4 5", TABLE, "row 2 has 2 values, the first has 3"),
        ("[[1, 2], [3]]", TABLE, "unequal length"),
        ("[[1, 2", TABLE, "no JSON"),
        ('[["a"]]', TABLE, "something else than numbers"),
        ("[1, null]", TABLE, "something else than numbers"),
        ("[" * 5000, TABLE, "no JSON"),
        ("[" * 100 + "]" * 100, TABLE, "no tensor"),
        ('["a", 1]', TensorSpec("x", "string", ("n",)), "something else than texts"),
    ],
)
def test_what_is_no_value_is_named_with_its_place(text: str, spec: TensorSpec, said: str) -> None:
    with pytest.raises(WrongInput, match=said) as caught:
        typed.read(text, spec)
    assert caught.value.members["expected"][0]["name"] == "x"


def test_an_empty_tensor_is_written_too() -> None:
    assert typed.written(np.zeros((0, 3))) == ""
    assert typed.written(np.zeros(0)) == ""


def test_json_holds_every_dtype() -> None:
    assert typed.listed(np.array([1 + 2j])) == ["(1+2j)"]
    assert typed.listed(np.array(["a", "b"], object)) == ["a", "b"]
    assert typed.listed(np.arange(4, dtype=">i4")[::2]).dtype.isnative
