"""Whose catalogue it is: what a host tells, what an operator says, and that every dialect repeats it."""

from __future__ import annotations

import pytest

from hpcfair_kg.artifact import Artifact
from hpcfair_kg.knowledge.site import Site
from hpcfair_kg.knowledge.views import base

CENTRE = Site("https://models.example.org", "Example Computing Centre", "https://ror.org/02nv7yv05")
NAMED = ("schema.org", "ro-crate", "datacite", "dcat-ap", "fdp", "croissant")


def test_a_host_is_the_only_name_that_is_sure(model: Artifact) -> None:
    site = Site.of(model.id)
    assert (site.address, site.publisher) == ("https://models.example.org", "models.example.org")
    assert (site.root, site.catalogue) == (
        "https://models.example.org/",
        "https://models.example.org/catalog",
    )
    assert (site.agent, site.homepage) == ("https://models.example.org/#publisher", site.root)


def test_a_publisher_with_an_address_is_known_by_it() -> None:
    assert CENTRE.agent == CENTRE.homepage == "https://ror.org/02nv7yv05"
    assert CENTRE.title == "Models and datasets of Example Computing Centre"


@pytest.mark.parametrize("name", NAMED)
def test_every_dialect_that_names_a_publisher_names_this_one(
    model: Artifact, dataset: Artifact, name: str
) -> None:
    artifact = dataset if name == "croissant" else model
    said = base.find(artifact, name).render(artifact, CENTRE).decode()
    assert "Example Computing Centre" in said
    assert "https://ror.org/02nv7yv05" in said
    assert "Example Computing Centre" not in base.find(artifact, name).render(artifact).decode()


def test_bibtex_has_the_name_alone(model: Artifact) -> None:
    assert (
        "publisher = {Example Computing Centre}" in base.find(model, "bibtex").render(model, CENTRE).decode()
    )
