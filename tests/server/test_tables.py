from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from server.tables import COLUMNS, LONGEST, ROWS, table


@pytest.mark.parametrize(
    ("array", "columns", "rows"),
    [
        (np.array(2.5), (), (("", ("2.5",)),)),
        (np.array([1, 2]), (), (("0", ("1",)), ("1", ("2",)))),
        (np.array([[1.0, 1 / 3]], "float32"), ("0", "1"), (("0", ("1", "0.3333333")),)),
        (np.array([[[True], [False]]]), ("0",), (("0, 0", ("true",)), ("0, 1", ("false",)))),
        (np.array(["<b>", "naïve"], object), (), (("0", ("<b>",)), ("1", ("naïve",)))),
        (np.zeros((0, 3)), ("0", "1", "2"), ()),
        (np.zeros((2, 0)), (), ()),
        (np.array([np.nan, np.inf]), (), (("0", ("nan",)), ("1", ("inf",)))),
    ],
)
def test_a_row_for_each_place(array: Any, columns: Any, rows: Any) -> None:
    shown = table("y", array)
    assert (shown.columns, shown.rows, shown.cut) == (columns, rows, "")


def test_what_is_large_is_cut_and_says_so() -> None:
    shown = table("y", np.zeros((1000, 300)))
    assert (len(shown.rows), len(shown.columns)) == (ROWS, COLUMNS)
    assert all(len(cells) == COLUMNS for _, cells in shown.rows)
    assert shown.cut == f"{ROWS} of 1,000 rows and {COLUMNS} of 300 columns"


def test_a_long_row_is_shown_as_a_column() -> None:
    shown = table("y", np.arange(200.0).reshape(1, 200))
    assert shown.columns == ()
    assert shown.rows[17] == ("0, 17", ("17",))
    assert shown.cut == f"{ROWS} of 200 rows"


def test_a_long_text_is_cut() -> None:
    ((_, (cell,)),) = table("y", np.array(["x" * 9999], object)).rows
    assert len(cell) == LONGEST + 1
