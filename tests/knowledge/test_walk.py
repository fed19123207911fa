"""Walks against sorting everything: nothing skipped, nothing twice, however many share a microsecond."""

from __future__ import annotations

import random
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from hpcfair_kg.artifact import Artifact
from hpcfair_kg.errors import UnknownParameter
from hpcfair_kg.knowledge.index import microseconds
from hpcfair_kg.knowledge.search import Index
from hpcfair_kg.knowledge.walk import MOST, START, Mark, Walk, moment, spoken
from tests.knowledge.test_search import artifact

TIMES = [f"2026-03-0{day}T00:00:00.00000{n}Z" for day in (1, 2) for n in range(3)]


@pytest.fixture(scope="module")
def crowd(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[list[Artifact], Index]]:
    """Two hundred artifacts at six moments, put in some order and in several segments."""
    rng = random.Random(5)
    everything = [
        artifact(
            number,
            modified=rng.choice(TIMES),
            created=rng.choice(TIMES),
            kind=rng.choice(["model", "dataset"]),
            status=rng.choice(["ready", "withdrawn"]),
        )
        for number in range(200)
    ]
    rng.shuffle(everything)
    index = Index(tmp_path_factory.mktemp("index"))
    for first in range(0, 200, 17):
        index.put(*everything[first : first + 17])
    yield everything, index
    index.close()


def walked(index: Index, walk: Walk, limit: int) -> list[str]:
    keys, after = [], START
    while after is not None:
        stretch = index.walk(walk, after, limit)
        assert len(stretch.rows) <= limit
        keys += [hit["key"] for hit in stretch.hits()]
        after = stretch.next
    return keys


def expected(everything: list[Artifact], walk: Walk) -> list[str]:
    def when(one: Artifact) -> int:
        return microseconds(getattr(one, walk.by))

    found = [one for one in everything if walk.since <= when(one) <= walk.until]
    found = [one for one in found if one.kind == (walk.kind or one.kind)]
    found = [one for one in found if walk.withdrawn or one.status != "withdrawn"]
    return [one.key for one in sorted(found, key=lambda one: (when(one), one.key))]


moments = st.sampled_from([0, *(microseconds(time) + delta for time in TIMES for delta in (-1, 0, 1)), MOST])
walks = st.builds(
    Walk,
    st.sampled_from(["modified", "created"]),
    moments,
    moments,
    st.sampled_from(["", "model", "dataset", "workflow"]),
    st.booleans(),
)


@settings(deadline=None, max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(walk=walks, limit=st.sampled_from([1, 3, 33, 34, 199, 200, 1000]))
def test_a_walk_is_everything_in_order(crowd: tuple[list[Artifact], Index], walk: Walk, limit: int) -> None:
    everything, index = crowd
    keys = expected(everything, walk)
    assert walked(index, walk, limit) == keys
    assert index.walk(walk).total == len(keys)


def test_merging_moves_nothing(crowd: tuple[list[Artifact], Index], tmp_path: Path) -> None:
    """One index of many segments, one of a single one, and a walk that began on the other."""
    everything, index = crowd
    merged = Index(tmp_path)
    merged.rebuild(everything)
    first = index.walk(Walk(), limit=70)
    assert first.next is not None
    rest = merged.walk(Walk(), first.next, 200)
    assert [hit["key"] for stretch in (first, rest) for hit in stretch.hits()] == expected(everything, Walk())
    merged.close()


def test_what_changes_meanwhile_comes_again_at_the_end_and_nothing_else_does(tmp_path: Path) -> None:
    index = Index(tmp_path)
    index.put(*(artifact(number, modified=TIMES[0]) for number in range(10)))
    first = index.walk(Walk(), limit=4)
    index.put(artifact(1, modified=TIMES[4]), artifact(7, modified=TIMES[5]), artifact(10, modified=TIMES[3]))
    second = index.walk(Walk(), first.next or START, 100)
    assert [hit["name"] for hit in second.hits()] == ["a4", "a5", "a6", "a8", "a9", "a10", "a1", "a7"]
    assert second.next is None
    index.close()


def test_where_there_is_nothing_there_is_an_end(tmp_path: Path) -> None:
    index = Index(tmp_path)
    stretch = index.walk(Walk())
    assert (stretch.rows, stretch.next, stretch.total, stretch.latest) == ((), None, 0, 0)
    assert index.walk(Walk(since=5, until=4)).total == 0
    index.close()


def test_the_last_change_of_a_stretch_is_known(crowd: tuple[list[Artifact], Index]) -> None:
    everything, index = crowd
    assert index.walk(Walk("created"), limit=500).latest == max(microseconds(a.modified) for a in everything)


@pytest.mark.parametrize(
    "place", [Mark(0, MOST), Mark(MOST, 0), Mark(MOST, MOST), Mark(microseconds(TIMES[5]), MOST)]
)
def test_a_forged_place_has_nothing_behind_it_or_what_is_there(
    crowd: tuple[list[Artifact], Index], place: Mark
) -> None:
    everything, index = crowd
    found = [hit["key"] for hit in index.walk(Walk(), place, 500).hits()]
    assert found == [key for key in expected(everything, Walk()) if place == Mark(0, MOST)]


@pytest.mark.parametrize("parts", [(), (1,), (1, 2, 3), (-1, 0), (0, MOST + 1), ("1", 2), (1.0, 2)])
def test_a_place_is_two_numbers(parts: tuple[int, ...]) -> None:
    with pytest.raises(ValueError, match=r"place|unpack"):
        Mark.read(*parts)


@pytest.mark.parametrize(
    ("text", "time"),
    [
        ("2026-03-01", "2026-03-01T00:00:00Z"),
        ("2026-03-01T12:00", "2026-03-01T12:00:00Z"),
        ("2026-03-01T12:00:00+02:00", "2026-03-01T10:00:00Z"),
        ("2026-03-01T12:00:00.9Z", "2026-03-01T12:00:00Z"),
        ("1969-12-31", "1970-01-01T00:00:00Z"),
        ("0001-01-01T00:00:00+14:00", "1970-01-01T00:00:00Z"),
    ],
)
def test_dates_and_times_are_read(text: str, time: str) -> None:
    assert spoken(moment(text)) == time


@pytest.mark.parametrize(
    "text", ["last spring", "2026-13-01", "2026-02-30", "1", "T", "x" * 4000, "२०२६-०३-०१", "\x00"]
)
def test_what_is_no_time_is_told(text: str) -> None:
    with pytest.raises(
        UnknownParameter, match=r"since is '.{1,45}'; it must be a date or a time such as 2026-03-01"
    ):
        moment(text)


@given(st.datetimes(min_value=datetime(1970, 1, 1)))
def test_no_microsecond_is_lost(time: datetime) -> None:
    number = microseconds(f"{time.isoformat()}Z")
    assert datetime(1970, 1, 1) + timedelta(microseconds=number) == time
