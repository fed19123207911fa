"""DCAT, DCAT-AP and MLDCAT-AP come in, from SEMIC's own examples and from our views and catalogue."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from hpcfair_kg.artifact import Artifact
from hpcfair_kg.knowledge import dcat
from hpcfair_kg.knowledge.jsonld import serialise
from hpcfair_kg.knowledge.site import Site
from hpcfair_kg.knowledge.views.dcat_ap import PLUGINS as DCAT_AP
from hpcfair_kg.knowledge.views.mldcat_ap import PLUGINS as MLDCAT_AP

Told = Callable[..., dict[str, Any]]
PREFIXES = """
@prefix dcat: <http://www.w3.org/ns/dcat#> . @prefix dcterms: <http://purl.org/dc/terms/> .
@prefix foaf: <http://xmlns.com/foaf/0.1/> . @prefix spdx: <http://spdx.org/rdf/terms#> .
@prefix it6: <http://data.europa.eu/it6/> . @prefix d: <https://d.example/> .
"""


def test_a_licence_may_stand_with_the_distributions(one: Told) -> None:
    text = (
        PREFIXES
        + """
    d:x a dcat:Dataset ; dcterms:title "Ein Titel"@de , "A title"@en ; dcat:distribution d:f , d:g .
    d:f dcterms:license <http://publications.europa.eu/resource/authority/licence/CC_BY_4_0> ; dcat:accessURL d:page ;
        dcterms:format <http://publications.europa.eu/resource/authority/file-type/CSV> .
    d:g dcterms:license <https://creativecommons.org/licenses/by/4.0/> ; dcat:downloadURL <https://d.example/g.csv> ;
        dcat:byteSize 12 ; spdx:checksum [ spdx:algorithm spdx:checksumAlgorithm_md5 ; spdx:checksumValue "ab" ] .
    """
    )
    record = one(text, "text/turtle")["record"]
    assert (record["title"], record["license"]) == ("A title", "CC-BY-4.0")
    assert [(f["name"], f["media_type"], f["size"], f["sha256"]) for f in record["files"]] == [
        ("page", "text/csv", None, ""),
        ("g.csv", "text/csv", 12, ""),
    ]


def test_no_licence_is_said_to_be_none(one: Told) -> None:
    record = one(PREFIXES + 'd:x a dcat:Dataset ; dcterms:title "X" .', "text/turtle")["record"]
    assert record["license"] == "LicenseRef-not-stated"
    assert "its source states no licence: ask there before it is used" in record["notes"]


def test_our_dcat_ap_view_comes_back(one: Told, model: Artifact) -> None:
    found = one(DCAT_AP[0].render(model), "text/turtle")
    record = found["record"]
    assert (found["source"], found["dialect"], record["kind"]) == (model.id, "dcat", "model")
    for name in ("title", "description", "version", "previous"):
        assert record[name] == getattr(model, name)
    assert record["tags"] == list(model.tags)
    assert {(f["name"], f["format"], f["size"], f["sha256"]) for f in record["files"]} == {
        (f.name, f.format, f.size, f.sha256) for f in model.files
    }
    assert {c["name"] for c in record["creators"]} == {p.name for p in model.creators}


def test_our_mldcat_ap_view_comes_back(told: Told, model: Artifact) -> None:
    found = told(MLDCAT_AP[0].render(model), "text/turtle")["descriptions"]
    record = next(d["record"] for d in found if d["source"] == model.id)
    assert set(record["trained_on"]) == set(model.trained_on)
    assert set(record["tested_on"]) == set(model.tested_on)
    assert (record["parameters"], record["architecture"]) == (model.parameters, model.architecture)
    # What is only mentioned within the model's own address is not described as a dataset.
    assert [d["source"] for d in found if d["source"].startswith(f"{model.id}#")] == []


def test_what_nobody_knows_is_not_a_reference(told: Told, model: Artifact) -> None:
    found = told(MLDCAT_AP[0].render(replace(model, trained_on=())), "text/turtle")["descriptions"]
    (record,) = [d["record"] for d in found if d["source"] == model.id]
    assert "trained_on" not in record


@pytest.mark.parametrize(("syntax", "kind"), [("ttl", "text/turtle"), ("rdf", "application/rdf+xml"), ("nt", "application/n-triples"), ("jsonld", "application/ld+json")])  # fmt: skip
def test_our_catalogue_comes_back_in_every_syntax(
    told: Told, model: Artifact, harvested: Artifact, syntax: str, kind: str
) -> None:
    site = Site.of(model.id)
    page = dcat.page(site, [model, harvested], dcat.Page(site.catalogue, site.catalogue, None, 2), None)
    found = told(serialise(page, syntax), kind)["descriptions"]
    assert {d["source"]: d["record"]["title"] for d in found} == {
        model.id: model.title,
        harvested.id: harvested.title,
    }


@pytest.mark.parametrize(
    ("name", "model", "parameters", "datasets"),
    [("hf-apertus", "https://huggingface.co/swiss-ai/Apertus-70B-2509", 70_000_000_000, 13),
     ("hf-bloom", "https://huggingface.co/bigscience/bloomz-7b1", None, 2),
     ("eosc", "https://dashboard.cloud.ai4eosc.eu/marketplace/modules/thermal-bridges-rooftops-detector", None, 1)],
)  # fmt: skip
def test_the_examples_of_mldcat_ap(
    told: Told, reference: Path, name: str, model: str, parameters: int | None, datasets: int
) -> None:
    path = reference / f"vocab/mldcat-ap/html_examples_example-machinelearningmodel-{name}.ttl"
    found = told(path.read_bytes(), "text/turtle")
    assert [d["report"] for d in found["descriptions"]] == [[]] * (datasets + 1)
    described = {d["source"]: d["record"] for d in found["descriptions"]}
    assert described[model]["kind"] == "model"
    assert described[model].get("parameters") == parameters
    assert len(described[model]["files"]) >= 1
    assert set(described[model]["trained_on"]) == described.keys() - {model}


def test_a_version_is_written_so_that_an_address_can_carry_it(told: Told, reference: Path) -> None:
    path = reference / "vocab/mldcat-ap/html_examples_example-machinelearningmodel-hf-apertus.ttl"
    record = told(path.read_bytes(), "text/turtle")["descriptions"][0]["record"]
    assert (record["version"], record["license"]) == ("Apertus-1", "Apache-2.0")
    assert any(
        note.startswith("its architecture, as its source has it: Decoder-only") for note in record["notes"]
    )
