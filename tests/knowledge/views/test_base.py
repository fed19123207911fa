"""Which views there are of what."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from hpcfair_kg import plugins
from hpcfair_kg.artifact import Artifact
from hpcfair_kg.errors import NotFound
from hpcfair_kg.knowledge.views import base

ONLY_MODELS = {"fair4ml", "model-card"}


def test_a_model_has_no_view_for_datasets_nor_a_dataset_one_for_models(
    model: Artifact, dataset: Artifact
) -> None:
    assert set(base.fitting(model)) >= ONLY_MODELS | {"schema.org", "cff", "bibtex"}
    assert "croissant" not in base.fitting(model)
    assert "croissant" in base.fitting(dataset)
    assert not ONLY_MODELS & set(base.fitting(dataset))


@pytest.mark.parametrize("kind", ["model", "dataset", "workflow"])
def test_every_view_that_fits_renders_in_both_states(model: Artifact, dataset: Artifact, kind: Any) -> None:
    for artifact in (model, dataset):
        for name, view in base.fitting(replace(artifact, kind=kind)).items():
            assert view.render(replace(artifact, kind=kind)), name


@pytest.mark.parametrize("name", ["croissant", "marc21", "base"])
def test_what_there_is_none_of_is_answered_with_what_there_is(model: Artifact, name: str) -> None:
    with pytest.raises(NotFound) as caught:
        base.find(model, name)
    assert caught.value.status == 404
    assert caught.value.detail == f"no view {name!r} of a model; there are: {', '.join(base.fitting(model))}"


def test_every_view_of_the_shelf_says_what_it_fits() -> None:
    for view in plugins.shelf(base.SHELF).values():
        assert view.kinds
        assert set(view.kinds) <= {"model", "dataset", "workflow"}
