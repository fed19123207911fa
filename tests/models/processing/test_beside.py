import pytest

from hpcfair_kg.errors import CorruptFile
from hpcfair_kg.models.processing.beside import Beside, Document
from tests.models.processing.beside_files import write


def test_a_document_is_read_and_its_members_are_checked(tmp_path):
    said = Beside(
        write(tmp_path, x__json={"n": 3, "on": True, "t": "a\u0000", "l": [1, 2.5], "z": None})
    ).document("x.json")
    assert (said.whole("n", 10), said.whole("n", 2), said.flag("on"), said.text("t")) == (
        3,
        2,
        True,
        "a\ufffd",
    )
    assert (said.numbers("l", 2), said.numbers("n", 1), said.flag("z"), said.text("z", "d")) == (
        [1, 2.5],
        [3],
        False,
        "d",
    )


def test_where_there_is_no_file_there_is_no_document(tmp_path):
    assert Beside(write(tmp_path)).document("x.json") is None


@pytest.mark.parametrize("value", [True, "1", 0, -3, float("nan"), []])
def test_what_is_no_whole_number_is_said(value):
    with pytest.raises(CorruptFile, match=r"n in x.json is a whole number of 1 or more, not "):
        Document("x.json", {"n": value}).whole("n", 10)
