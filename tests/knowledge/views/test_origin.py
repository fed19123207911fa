"""What an artifact is identical to, and what it is derived from."""

from __future__ import annotations

from dataclasses import replace

from hpcfair_kg.artifact import Artifact
from hpcfair_kg.knowledge.views.origin import addresses, derived, same


def test_what_was_described_again_is_its_source(harvested: Artifact) -> None:
    assert same(harvested) == (harvested.source,)
    assert derived(replace(harvested, derived_from=("x",))) == ("x",)


def test_what_has_bytes_here_is_derived_from_its_source(harvested: Artifact, dataset: Artifact) -> None:
    partly = replace(harvested, files=(*harvested.files, *dataset.files), derived_from=("x",))
    assert same(partly) == ()
    assert derived(partly) == (harvested.source, "x")


def test_what_was_not_harvested_has_no_source(dataset: Artifact) -> None:
    assert same(dataset) == derived(dataset) == same(replace(dataset, files=())) == ()


def test_names_that_nobody_resolved_are_no_addresses() -> None:
    said = ("https://a.example/", "ada/iris", "http://b.example/", "https://a.example/", "httpx:y", "")
    assert addresses(said) == ["https://a.example/", "http://b.example/"]
