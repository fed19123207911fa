"""What a FAIR assessor and a search engine look for in a landing page, thing by thing."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest
from pyld import jsonld as pyld

from hpcfair_kg import plugins
from hpcfair_kg.artifact import Artifact, Column, File, Person

BASE = "https://models.example.org/ark:/99999/"
MODEL = Artifact(
    BASE + "h7x2k9b4m", "h7x2k9b4m", "ada", "encoder", "1.1", "model", "Sequence encoder", "Reads features.",
    ("rnn",), "MIT", (Person("A. Author", "0000-0002-1825-0097"), Person("B. Second")), framework="pytorch",
    status="ready", files=(File("encoder.onnx", "onnx", "converted", 41007, "cd" * 32, "application/onnx", 18),),
    trained_on=(BASE + "d0000000x", "someone/elses"), created="2026-03-01T12:00:00Z", modified="2026-03-02T12:00:00Z",
)  # fmt: skip


def view(artifact: Artifact) -> dict[str, Any]:
    chosen = plugins.find("hpcfair_kg.knowledge.views", "schema.org")
    assert chosen.media_type == "application/ld+json"
    document: dict[str, Any] = json.loads(chosen.render(artifact))
    return document


def test_what_f_uji_wants_is_there() -> None:
    found = view(MODEL)
    assert found["identifier"] == found["@id"] == MODEL.id
    assert found["creator"] == [
        {"@type": "Person", "name": "A. Author", "@id": "https://orcid.org/0000-0002-1825-0097",
         "identifier": "https://orcid.org/0000-0002-1825-0097"},
        {"@type": "Person", "name": "B. Second"},
    ]  # fmt: skip
    assert found["datePublished"] == "2026-03-01T12:00:00Z"
    assert found["publisher"]["name"] == "models.example.org"
    assert (found["name"], found["description"], found["keywords"]) == (
        "Sequence encoder",
        "Reads features.",
        ["rnn"],
    )
    assert found["license"] == "http://spdx.org/licenses/MIT"
    assert (
        found["conditionsOfAccess"] == "http://publications.europa.eu/resource/authority/access-right/PUBLIC"
    )
    assert found["includedInDataCatalog"]["@id"] == "https://models.example.org/catalog"
    assert found["isBasedOn"] == [{"@id": BASE + "d0000000x"}]


def test_who_paid_for_it_and_what_it_was_tested_on(model: Artifact) -> None:
    found = view(model)
    assert found["funder"] == [
        {"@type": "Organization", "name": "DOE"},
        {"@type": "Organization", "name": "https://ror.org/021nxhr62", "@id": "https://ror.org/021nxhr62"},
    ]
    (grant,) = found["funding"]
    assert (grant["name"], grant["identifier"], grant["funder"]) == (
        "Xplacer",
        "89233218CNA000001",
        found["funder"],
    )
    assert [project["name"] for project in found["sourceOrganization"]] == ["Xplacer", "ZZ"]
    assert found["mentions"] == [{"@id": model.tested_on[0]}]


def test_a_harvested_one_is_the_same_as_its_source_and_a_fetched_one_based_on_it(harvested: Artifact) -> None:
    found = view(harvested)
    assert found["sameAs"] == [harvested.source]
    assert "isBasedOn" not in found
    assert "contentSize" not in found["distribution"][1]
    fetched = view(
        replace(harvested, files=(*harvested.files, File("a.csv", "csv", "original", 1, "aa" * 32)))
    )
    assert "sameAs" not in fetched
    assert fetched["isBasedOn"] == [{"@id": harvested.source}]


def test_a_source_that_is_no_address_is_not_linked(harvested: Artifact) -> None:
    assert "sameAs" not in view(replace(harvested, source="urn:uuid:1"))


def test_each_file_can_be_fetched_and_checked() -> None:
    assert view(MODEL)["distribution"][0] == {
        "@type": "DataDownload", "name": "encoder.onnx", "contentUrl": f"{MODEL.id}/files/encoder.onnx",
        "encodingFormat": "application/onnx", "contentSize": "41007", "sha256": "cd" * 32,
    }  # fmt: skip


def test_one_file_is_of_an_open_format_whatever_the_model_is() -> None:
    assert view(MODEL)["distribution"][-1]["encodingFormat"] == "application/ld+json"


@pytest.mark.parametrize("field", ["description", "keywords", "creator"])
def test_an_author_who_said_little_still_has_a_whole_page(field: str) -> None:
    silent = replace(MODEL, description="", tags=(), creators=())
    assert view(silent)[field]


def test_every_key_is_a_term_of_schema_org_and_no_context_is_remote() -> None:
    found = view(MODEL)
    assert found["@context"] == {"@vocab": "http://schema.org/"}
    (expanded,) = pyld.expand(found)
    assert all(key.startswith(("@", "http://schema.org/")) for key in expanded)
    assert expanded["@type"] == ["http://schema.org/Dataset", "https://w3id.org/fair4ml#MLModel"]


def test_an_expression_of_licences_is_said_as_it_is() -> None:
    assert view(replace(MODEL, license="MIT OR LicenseRef-House"))["license"] == "MIT OR LicenseRef-House"


def test_a_withdrawn_artifact_offers_no_files() -> None:
    found = view(replace(MODEL, status="withdrawn"))
    assert "distribution" not in found
    assert found["creativeWorkStatus"] == "Withdrawn"


def test_a_dataset_names_its_variables_but_not_by_the_thousand() -> None:
    wide = replace(MODEL, kind="dataset", columns=tuple(Column(f"c{n}", "float64") for n in range(5000)))
    found = view(wide)
    assert found["@type"] == ["Dataset"]
    assert found["variableMeasured"][:2] == ["c0", "c1"]
    assert len(found["variableMeasured"]) == 100
