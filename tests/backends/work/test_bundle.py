from __future__ import annotations

import pytest

from hpcfair_kg.backends.work.bundle import apart, bundled


def test_messages_come_apart_as_they_were_bundled() -> None:
    asked = [({"a": 1}, b"xyz"), ({}, b""), ({"b": 2}, memoryview(b"12"))]
    assert list(apart(*bundled(asked))) == [({"a": 1}, b"xyz"), ({}, b""), ({"b": 2}, b"12")]


@pytest.mark.parametrize(
    "message",
    [{"many": [{}], "sizes": [5]}, {"many": [{}], "sizes": []}, {"many": [1], "sizes": [3]}, {"many": [{}, {}], "sizes": [4, -1]}],
)  # fmt: skip
def test_what_was_never_bundled_is_refused(message: dict[str, list[object]]) -> None:
    with pytest.raises((KeyError, TypeError, ValueError)):
        list(apart(message, b"xyz"))
