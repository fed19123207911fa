from __future__ import annotations

import io
import json
from typing import Any

import numpy as np
import pytest
from werkzeug.datastructures import FileStorage

from hpcfair_kg.artifact import TensorSpec
from hpcfair_kg.errors import CorruptFile, HPCFairError, UnknownFormat, WrongInput
from server.fields import FILES, SHORT, Sent, tensor
from server.suggested import LARGEST, Suggestion

SPEC = TensorSpec("x", "float32", ("batch", 3))
FIELD = tensor("input0", Suggestion(SPEC, (1, 3)))


def chosen(name: str, data: bytes) -> Sent:
    """Return what a field sends with a file chosen in it."""
    return Sent("7 7 7", FileStorage(io.BytesIO(data), name))


def npy(array: Any) -> bytes:
    """Return an array as a .npy file."""
    stream = io.BytesIO()
    np.save(stream, array)
    return stream.getvalue()


def test_a_field_says_what_it_takes_and_holds_what_runs() -> None:
    assert (FIELD.feeds, FIELD.takes, FIELD.text) == ("x", "float32, batch × 3", "0.1 0.2 0.3")
    np.testing.assert_array_equal(FIELD.read(Sent(FIELD.text)), np.array([[0.1, 0.2, 0.3]], "float32"))


def test_a_large_example_is_taken_where_nothing_is_typed() -> None:
    field = tensor("input0", Suggestion(TensorSpec("x", "float32", (1, SHORT + 1)), (1, SHORT + 1)))
    assert (field.text, "Left empty" in field.hint) == ("", True)
    assert field.read(Sent(" ")).shape == (1, SHORT + 1)


def test_one_that_is_too_large_has_to_be_sent() -> None:
    field = tensor("input0", Suggestion(TensorSpec("x", "float32", (1, LARGEST + 1)), (1, LARGEST + 1)))
    assert (field.text, "Left empty" in field.hint) == ("", False)
    with pytest.raises(WrongInput, match="nothing was typed"):
        field.read(Sent(""))


def test_a_file_is_taken_in_place_of_what_is_typed() -> None:
    for name, data in {
        "t.csv": b"a,b,c\n1,2,3\n4,5,6\n",
        "T.TXT": b"1 2 3\n4 5 6\n",
        "t.json": json.dumps([[1, 2, 3], [4, 5, 6]]).encode(),
        "named.json": json.dumps({"x": [[1, 2, 3], [4, 5, 6]]}).encode(),
        "t.npy": npy(np.array([[1, 2, 3], [4, 5, 6]])),
    }.items():
        array = FIELD.read(chosen(name, data))
        np.testing.assert_array_equal(array, np.array([[1, 2, 3], [4, 5, 6]], "float32"), strict=True)


def test_files_are_offered_where_a_table_is_asked_for() -> None:
    assert FIELD.files == FILES
    column = TensorSpec("x", "float32", ("batch", 1))
    assert tensor("input0", Suggestion(column, (1, 1))).files == ()


@pytest.mark.parametrize(
    ("name", "data", "kind", "said"),
    [
        ("t.exe", b"", UnknownFormat, r"t\.exe is not taken here; .*\.csv"),
        ("t.csv", b"a,b\n1,2\n", WrongInput, "x has the shape"),
        ("t.csv", b"a,b,c\n1,2\n", WrongInput, "row 2"),
        ("t.csv", b"a,b,c\n1,2,three\n", WrongInput, "x"),
        ("t.json", b"[1, 2", CorruptFile, "json"),
        ("t.json", b'{"a": [1], "b": [1, 2]}', WrongInput, "2 columns for it"),
        ("t.npy", npy(np.zeros((1, 3)))[:-8], CorruptFile, "cut off"),
        ("t.npy", npy(np.zeros((1, 3), "complex64")), WrongInput, "neither numbers nor texts"),
        ("t.npy", npy(np.zeros((1, 3), "datetime64[s]")), WrongInput, "neither numbers nor texts"),
        ("t.npy", npy(np.array([[{}]])), CorruptFile, "npy"),
        ("t.npy", b"\x93NUMPY", CorruptFile, "npy"),
    ],
)
def test_a_file_that_does_not_do_is_told_why(
    name: str, data: bytes, kind: type[HPCFairError], said: str
) -> None:
    with pytest.raises(kind, match=said):
        FIELD.read(chosen(name, data))


def test_a_header_that_promises_terabytes_takes_no_memory() -> None:
    huge = io.BytesIO()
    np.lib.format.write_array_header_1_0(huge, {"descr": "<f4", "fortran_order": False, "shape": (10**12, 3)})
    with pytest.raises(CorruptFile, match="promises"):
        FIELD.read(chosen("t.npy", huge.getvalue()))
