"""Documents: made once, the same as if made anew, and no more of them than there is room for."""

from __future__ import annotations

from dataclasses import replace

import pytest

from hpcfair_kg.artifact import Artifact
from hpcfair_kg.knowledge.describe import describe
from hpcfair_kg.knowledge.entries import Entry
from hpcfair_kg.knowledge.jsonld import SYNTAXES, serialise
from hpcfair_kg.knowledge.renderings import Renderings
from hpcfair_kg.knowledge.site import Site
from hpcfair_kg.knowledge.views import base

SITE = Site("https://models.example.org", "Example Computing Centre")


@pytest.fixture
def entry(model: Artifact) -> Entry:
    return Entry(tuple(describe(model)))


def test_a_document_is_the_same_as_one_made_anew(entry: Entry) -> None:
    renderings = Renderings(SITE, 1 << 20)
    for _ in range(2):
        for syntax in SYNTAXES:
            assert renderings.record(entry, syntax) == serialise(entry.triples, syntax)
        for view in base.fitting(entry.artifact).values():
            assert renderings.view(entry, view) == view.render(entry.artifact, SITE)


def test_the_second_time_nothing_is_made(entry: Entry) -> None:
    renderings, view = Renderings(SITE, 1 << 20), base.find(entry.artifact, "dcat-ap")
    assert renderings.view(entry, view) is renderings.view(entry, view)
    assert renderings.record(entry, "jsonld") is renderings.record(entry, "jsonld")


def test_a_changed_record_has_documents_of_its_own(entry: Entry) -> None:
    renderings = Renderings(SITE, 1 << 20)
    changed = Entry(tuple(describe(replace(entry.artifact, title="Another"))))
    assert b"Another" not in renderings.record(entry, "ttl")
    assert b"Another" in renderings.record(changed, "ttl")
    assert b"Another" not in renderings.record(entry, "ttl")


def test_the_least_asked_for_goes_when_there_is_no_room() -> None:
    made: list[str] = []

    def make(name: str) -> bytes:
        made.append(name)
        return name.encode() * 4

    renderings = Renderings(SITE, 10)
    for name in ("a", "b", "a", "c", "a", "b"):
        assert renderings.made((name,), lambda name=name: make(name)) == name.encode() * 4
    assert made == ["a", "b", "c", "b"]


def test_what_is_larger_than_the_room_is_made_each_time() -> None:
    renderings = Renderings(SITE, 3)
    assert renderings.made(("a",), lambda: b"four") == b"four"
    assert renderings.made(("a",), lambda: b"five") == b"five"
