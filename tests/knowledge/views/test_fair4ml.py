"""FAIR4ML documents whose every term the vocabulary declares."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from pyld import jsonld as pyld

from hpcfair_kg.artifact import Artifact, Metric, Person
from hpcfair_kg.errors import NotFound
from hpcfair_kg.knowledge.views import base
from tests.dialects import remote

FAIR4ML = "https://w3id.org/fair4ml#"
HOSTILE = '"}\n---\n{"@id": "x", "@context": "http://evil.example/"} </script>'


def view(artifact: Artifact) -> dict[str, Any]:
    chosen = base.find(artifact, "fair4ml")
    assert chosen.media_type == "application/ld+json"
    document: dict[str, Any] = json.loads(chosen.render(artifact))
    return document


def terms(document: dict[str, Any]) -> set[str]:
    """Return the IRIs of all properties and classes that a document uses."""

    def found() -> Iterator[str]:
        for node in pyld.flatten(document):
            yield from (key for key in node if not key.startswith("@"))
            yield from node.get("@type", [])

    return set(found())


def declared(reference: Path, version: str) -> set[str]:
    """Return the IRIs of what a release of FAIR4ML declares."""
    published = json.loads((reference / f"vocab/fair4ml/fair4ml-{version}.jsonld").read_text())
    # Its own header has one date that is none; nothing of it is used here.
    return {node["@id"] for node in pyld.flatten(published)}


def test_it_is_the_golden_one(model: Artifact) -> None:
    golden = Path(__file__).parent / "golden/fair4ml.jsonld"
    assert base.find(model, "fair4ml").render(model) == golden.read_bytes()


@pytest.mark.parametrize("version", ["0.1.0", "dev"])
def test_every_term_is_declared_by_fair4ml_or_is_schema_org_s(
    model: Artifact, reference: Path, version: str
) -> None:
    used = terms(view(model))
    own = {term for term in used if term.startswith(FAIR4ML)}
    assert own >= {FAIR4ML + name for name in ("MLModel", "MLModelEvaluation", "mlTask", "trainedOn")}
    assert not own - declared(reference, version)
    assert all(term.startswith("http://schema.org/") for term in used - own)


def test_the_domains_are_kept(model: Artifact, reference: Path) -> None:
    published = json.loads((reference / "vocab/fair4ml/fair4ml-0.1.0.jsonld").read_text())
    domains = {
        node["@id"]: {d["@id"] for d in node.get("http://schema.org/domainIncludes", [])}
        for node in pyld.flatten(published)
    }
    seen = 0
    for node in pyld.flatten(view(model)):
        for key in (key for key in node if key.startswith(FAIR4ML)):
            seen += 1
            assert domains[key] & set(node["@type"]), key
    assert seen >= 10


def test_the_context_is_inside(model: Artifact) -> None:
    assert view(model)["@context"] == {"@vocab": "http://schema.org/", "fair4ml": FAIR4ML}


def test_what_it_was_trained_on_and_scored(model: Artifact) -> None:
    found = view(model)
    assert found["fair4ml:trainedOn"] == [
        {"@id": model.trained_on[0]},
        {"@type": "Dataset", "name": "someone/elses data"},
    ]
    assert found["fair4ml:testedOn"] == [{"@id": model.tested_on[0]}]
    accuracy, bleu = found["fair4ml:hasEvaluation"]
    assert accuracy["fair4ml:evaluationResults"] == {
        "@type": "PropertyValue",
        "name": "accuracy",
        "value": 0.95,
    }
    assert accuracy["fair4ml:evaluationDataset"] == {"@id": model.metrics[0].on}
    assert "fair4ml:evaluationDataset" not in bleu
    assert found["isBasedOn"] == [{"@id": model.derived_from[0]}]
    assert "fair4ml:fineTunedFrom" not in found


def test_who_paid_and_what_it_came_out_of(model: Artifact) -> None:
    found = view(model)
    assert [project["name"] for project in found["sourceOrganization"]] == ["Xplacer", "ZZ"]
    assert [grant["identifier"] for grant in found["funding"]] == ["89233218CNA000001"]


def test_a_harvested_model_is_the_same_as_its_source(model: Artifact, reference: Path) -> None:
    found = view(remote(model))
    assert found["sameAs"] == [remote(model).source]
    assert [file["contentUrl"] for file in found["distribution"]] == [f.remote for f in remote(model).files]
    assert not {t for t in terms(found) if t.startswith(FAIR4ML)} - declared(reference, "0.1.0")


def test_a_figure_that_is_no_number_is_no_number(model: Artifact) -> None:
    found = view(replace(model, metrics=(Metric("loss", float("nan")),)))
    assert found["fair4ml:hasEvaluation"][0]["fair4ml:evaluationResults"]["value"] is None


def test_hostile_text_stays_text(model: Artifact) -> None:
    artifact = replace(
        model, title=HOSTILE, description=HOSTILE, tags=(HOSTILE,), task=HOSTILE, creators=(Person(HOSTILE),)
    )
    found = view(artifact)
    assert found["name"] == found["description"] == found["fair4ml:mlTask"] == HOSTILE
    assert found["keywords"] == [HOSTILE]
    assert terms(found) <= terms(view(model))


def test_a_withdrawn_model_offers_no_files_and_unknown_things_are_left_out(model: Artifact) -> None:
    found = view(replace(model, status="withdrawn", architecture=None, task=None, inputs=(), outputs=()))
    assert found["creativeWorkStatus"] == "Withdrawn"
    assert not {"distribution", "fair4ml:modelCategory", "fair4ml:mlTask", "fair4ml:usageInstructions"} & set(
        found
    )


def test_of_a_dataset_there_is_none(dataset: Artifact) -> None:
    with pytest.raises(NotFound, match=r"no view 'fair4ml' of a dataset; there are: .*croissant"):
        base.find(dataset, "fair4ml")
