from __future__ import annotations

import base64
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hpcfair_kg.knowledge import cursors

parts = st.one_of(
    st.text(st.characters(exclude_categories=["Cs"])), st.integers(0, 2**64 - 1), st.floats(0, 1e9)
)


@given(st.lists(parts))
def test_what_was_written_is_read(written: list[str | int | float]) -> None:
    text = cursors.write(*written)
    assert cursors.read(text) == written
    assert re.fullmatch(r"[\w-]+", text, re.ASCII)


@pytest.mark.parametrize(
    "text", ["", "x", "!!!", "é", "A" * 4000, "e30", "bnVsbA", "W3RydWVd", "W251bGxd", "W1sxXV0"]
)
def test_what_nobody_wrote_is_refused(text: str) -> None:
    with pytest.raises(ValueError):  # noqa: PT011  whatever stopped it: base64, UTF-8, JSON or ourselves
        cursors.read(text)


@given(st.text(max_size=60))
def test_no_text_breaks_it(text: str) -> None:
    try:
        cursors.read(text)
    except ValueError:
        return
    assert base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)).startswith(b"[")
