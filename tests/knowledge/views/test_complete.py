"""What an author left out is said from what is known; what is said stays."""

from __future__ import annotations

from dataclasses import replace

from hpcfair_kg.artifact import Artifact, Person
from hpcfair_kg.knowledge.views.complete import complete
from tests.dialects import bare


def test_what_is_said_stays(model: Artifact) -> None:
    assert complete(model) == model


def test_title_description_and_creator_come_from_what_is_known(model: Artifact, dataset: Artifact) -> None:
    found = complete(replace(bare(model), framework="pytorch", task="translation", parameters=1203))
    assert found.title == "encoder"
    assert found.creators == (Person("ada"),)
    assert found.description == "encoder: a pytorch model in 3 files for translation with 1,203 parameters"
    assert complete(replace(bare(dataset), rows=150)).description == "iris: a dataset in 1 file with 150 rows"
