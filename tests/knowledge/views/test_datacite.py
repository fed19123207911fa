"""DataCite 4.7 XML, which lxml validates against DataCite's own schema."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from hpcfair_kg.artifact import Artifact
from hpcfair_kg.knowledge.views import base
from tests.dialects import GOLDEN, HOSTILE, hostile, variants

etree = pytest.importorskip("lxml.etree", reason="lxml comes with the extra `validators`")
NS = {"d": "http://datacite.org/schema/kernel-4"}


@pytest.fixture
def kinds(model: Artifact, dataset: Artifact) -> tuple[Artifact, ...]:
    return model, dataset, replace(model, kind="workflow")


@pytest.fixture
def schema(reference: Path):
    return etree.XMLSchema(etree.parse(reference / "vocab/datacite/kernel-4.7/metadata.xsd"))


def view(artifact: Artifact):
    return etree.fromstring(base.find(artifact, "datacite").render(artifact))


def texts(artifact: Artifact, path: str) -> list[str]:
    return view(artifact).xpath(f"{path}/text()", namespaces=NS)


def test_it_is_the_golden_one(model: Artifact) -> None:
    assert base.find(model, "datacite").render(model) == (GOLDEN / "datacite.xml").read_bytes()


def test_the_schema_finds_nothing(kinds: tuple[Artifact, ...], schema) -> None:
    for artifact in kinds:
        for how, variant in variants(artifact):
            assert schema.validate(view(variant)), (artifact.kind, how, schema.error_log)


def test_the_schema_does_find_what_is_missing(model: Artifact, schema) -> None:
    assert not schema.validate(view(replace(model, created="last spring")))


def test_hostile_text_stays_text(model: Artifact) -> None:
    assert texts(hostile(model), "d:titles/d:title[not(@titleType)]") == [HOSTILE]
    assert HOSTILE in texts(hostile(model), "d:subjects/d:subject")


def test_what_xml_cannot_say_is_replaced(model: Artifact) -> None:
    assert texts(replace(model, title="a\x00b\x1bc\uffff"), "d:titles/d:title")[0] == "a�b�c�"


@pytest.mark.parametrize(
    ("kind", "general"), [("model", "Model"), ("dataset", "Dataset"), ("workflow", "Workflow")]
)
def test_it_is_of_the_kind_that_it_is(model: Artifact, kind, general: str) -> None:
    found = view(replace(model, kind=kind)).xpath("d:resourceType/@resourceTypeGeneral", namespaces=NS)
    assert found == [general]


def test_relations_are_of_types_that_datacite_knows(model: Artifact) -> None:
    artifact = replace(model, derived_from=("https://doi.org/10.5281/zenodo.2", "a name"), previous=None)
    found = [
        (e.get("relationType"), e.get("relatedIdentifierType"), e.text)
        for e in view(artifact).iterfind("d:relatedIdentifiers/d:relatedIdentifier", NS)
    ]
    assert found == [
        ("HasMetadata", "URL", f"{model.id}.jsonld"),
        ("IsVersionOf", "URL", "https://models.example.org/#name/ada/encoder"),
        ("IsDerivedFrom", "DOI", "10.5281/zenodo.2"),
        ("IsDerivedFrom", "URL", model.trained_on[0]),
        ("References", "URL", model.tested_on[0]),
        ("IsCompiledBy", "URL", model.workflow),
    ]


def relations(artifact: Artifact, source: str) -> list[str]:
    found = view(artifact).iterfind("d:relatedIdentifiers/d:relatedIdentifier", NS)
    return [e.get("relationType") for e in found if e.text == source]


def test_what_was_only_described_again_is_identical_to_its_source_and_what_was_fetched_is_derived_from_it(
    harvested: Artifact, dataset: Artifact
) -> None:
    assert harvested.source
    assert relations(harvested, harvested.source) == ["IsIdenticalTo"]
    fetched = replace(harvested, files=dataset.files)
    assert relations(fetched, harvested.source) == ["IsDerivedFrom"]


def test_sizes_that_nobody_knows_are_left_out(harvested: Artifact) -> None:
    assert texts(harvested, "d:sizes/d:size") == ["4600 bytes"]


def test_who_paid_is_named_once_for_each_funder(model: Artifact) -> None:
    found = [
        {child.tag.partition("}")[2]: (child.text, child.get("funderIdentifierType")) for child in one}
        for one in view(model).iterfind("d:fundingReferences/d:fundingReference", NS)
    ]
    award = {"awardNumber": ("89233218CNA000001", None), "awardTitle": ("Xplacer", None)}
    ror = "https://ror.org/021nxhr62"
    assert found == [
        {"funderName": ("DOE", None)} | award,
        {"funderName": (ror, None), "funderIdentifier": (ror, "ROR")} | award,
    ]
    assert view(replace(model, projects=())).find("d:fundingReferences", NS) is None


def test_projects_are_contributors(model: Artifact) -> None:
    assert texts(model, "d:contributors/d:contributor/d:contributorName") == ["Xplacer", "ZZ"]
    assert texts(model, "d:contributors/d:contributor/d:nameIdentifier") == [model.projects[1].id]


def test_the_evidence_of_the_architecture_is_told(model: Artifact) -> None:
    (told,) = texts(model, "d:descriptions/d:description[@descriptionType='TechnicalInfo']")
    assert told.startswith(f"Architecture RecurrentNeuralNetwork ({model.architecture_evidence}). Input x")


def test_a_licence_has_its_spdx_id_and_an_expression_none(model: Artifact) -> None:
    rights = view(model).find("d:rightsList/d:rights", NS)
    assert (rights.get("rightsIdentifier"), rights.get("rightsURI")) == (
        "MIT",
        "http://spdx.org/licenses/MIT",
    )
    expression = view(replace(model, license="MIT OR LicenseRef-House")).find("d:rightsList/d:rights", NS)
    assert (expression.text, dict(expression.attrib)) == ("MIT OR LicenseRef-House", {})


def test_a_withdrawn_one_says_when_and_why_and_has_no_files(model: Artifact) -> None:
    found = view(replace(model, status="withdrawn", reason="it leaked"))
    date = found.find("d:dates/d:date[@dateType='Withdrawn']", NS)
    assert (date.text, date.get("dateInformation")) == (model.modified, "it leaked")
    assert found.find("d:sizes", NS) is None
