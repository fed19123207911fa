from __future__ import annotations

import pytest

from hpcfair_kg.errors import InvalidConfig
from server.configurations import read


def test_yaml_and_json_are_read() -> None:
    assert read(b"general_args: {task: store}") == {"general_args": {"task": "store"}}
    assert read(b'{"general_args": {"task": "store"}}') == {"general_args": {"task": "store"}}


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"a: &x [1]\nb: [*x, *x]", "no aliases"),
        (b"[" * 5000 + b"]" * 5000, "levels deep"),
        (b"a: " + b"x" * 70_000, "characters long"),
        (b"\xff\xfe", "no text in UTF-8"),
        (b"a: [1", "is no YAML"),
        (b"just text", "is no configuration"),
        (b"a: !!python/object/apply:os.system ['true']", "is no YAML"),
    ],
)
def test_what_is_hostile_or_broken_is_told(data: bytes, said: str) -> None:
    with pytest.raises(InvalidConfig, match=said):
        read(data)
