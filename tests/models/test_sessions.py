from pathlib import Path

import pytest

from hpcfair_kg.errors import NotFound
from hpcfair_kg.models.sessions import Sessions


def stored(folder: Path, name: str, *sizes: int) -> str:
    """Write a model's files into a folder of their own; return the path of the first."""
    place = folder / name
    place.mkdir()
    for number, size in enumerate(sizes):
        (place / f"{number}.onnx").write_bytes(bytes(size))
    return str(place / "0.onnx")


def test_the_least_recently_used_are_let_go_when_memory_is_short(tmp_path):
    opened = []
    sessions = Sessions(10, lambda path: opened.append(path.parent.name) or object())
    a, b, c = (stored(tmp_path, name, 3, 2) for name in "abc")
    first = sessions.open(a)
    sessions.open(b)
    assert sessions.open(a) is first
    sessions.open(c)
    assert sessions.told() == [a, c]
    sessions.open(b)
    assert opened == ["a", "b", "c", "b"]
    assert sessions.told() == [c, b]


def test_one_larger_than_all_room_stands_alone(tmp_path):
    sessions = Sessions(10, lambda path: path)
    sessions.open(stored(tmp_path, "small", 1))
    large = stored(tmp_path, "large", 8, 8)
    sessions.open(large)
    assert sessions.told() == [large]


def test_what_is_open_is_news_once(tmp_path):
    sessions = Sessions(10, lambda path: path)
    a = stored(tmp_path, "a", 1)
    assert not sessions.changed
    sessions.open(a)
    assert sessions.changed
    assert sessions.told() == [a]
    sessions.open(a)
    assert not sessions.changed
    sessions.close(a)
    sessions.close(a)
    assert (sessions.changed, len(sessions)) == (True, 0)


def test_what_is_not_there_or_does_not_open_is_not_kept(tmp_path):
    def refuse(path):
        raise ValueError(path)

    sessions = Sessions(10, refuse)
    with pytest.raises(NotFound):
        sessions.open(str(tmp_path / "none.onnx"))
    with pytest.raises(ValueError, match="a"):
        sessions.open(stored(tmp_path, "a", 1))
    assert (len(sessions), sessions.changed) == (0, False)
