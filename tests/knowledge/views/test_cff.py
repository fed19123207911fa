"""CITATION.cff files that cffconvert, the format's own tool, finds valid."""

from __future__ import annotations

import json
from dataclasses import replace
from importlib.resources import files
from pathlib import Path
from typing import Any

import pytest
import yaml

from hpcfair_kg.artifact import Artifact, Person
from hpcfair_kg.knowledge.views import base
from hpcfair_kg.knowledge.views.cff import LISTED

HOSTILE = '---\ntitle: \'x\n...\n"y": {z} # & *a !b |\n\t\x07\u2028'


def validated(artifact: Artifact) -> dict[str, Any]:
    """Return the view as YAML reads it, once cffconvert has found it valid."""
    chosen = base.find(artifact, "cff")
    assert chosen.media_type == "application/yaml"
    text = chosen.render(artifact).decode()
    document: dict[str, Any] = yaml.safe_load(text)
    cffconvert = pytest.importorskip("cffconvert", reason="cffconvert comes with the extra `validators`")
    cffconvert.Citation(text).validate()
    return document


def test_it_is_the_golden_one(model: Artifact) -> None:
    assert base.find(model, "cff").render(model) == (Path(__file__).parent / "golden/model.cff").read_bytes()


def test_cffconvert_finds_it_valid_and_makes_a_citation_of_it(model: Artifact) -> None:
    found = validated(model)
    assert (found["cff-version"], found["type"], found["license"]) == ("1.2.0", "software", "MIT")
    cffconvert = pytest.importorskip("cffconvert")
    text = base.find(model, "cff").render(model).decode()
    assert cffconvert.Citation(text).as_apalike() == (
        f"B. Second, Author A. (2026). Sequence encoder (version 1.1). URL: {model.id}\n"
    )


def test_the_tool_that_finds_it_valid_finds_faults(model: Artifact) -> None:
    cffconvert = pytest.importorskip("cffconvert", reason="cffconvert comes with the extra `validators`")
    text = base.find(model, "cff").render(model).decode().replace("license: MIT", "license: MIT OR ISC")
    with pytest.raises(Exception, match="'MIT OR ISC' is not one of"):
        cffconvert.Citation(text).validate()


def test_a_harvested_one_names_its_source(harvested: Artifact) -> None:
    _, source = validated(harvested)["identifiers"]
    assert (source["type"], source["value"]) == ("url", harvested.source)


@pytest.mark.parametrize("source", ["urn:uuid:1", 'https://a.example/"{x}"', "https://a.example/a b"])
def test_a_source_that_the_format_does_not_take_is_left_out(harvested: Artifact, source: str) -> None:
    assert len(validated(replace(harvested, source=source))["identifiers"]) == 1


def test_hostile_text_stays_text(dataset: Artifact) -> None:
    artifact = replace(
        dataset, title=HOSTILE, description=HOSTILE, tags=(HOSTILE, HOSTILE), creators=(Person(HOSTILE),),
        reason=HOSTILE, version="1.0",
    )  # fmt: skip
    found = validated(artifact)
    assert found["title"] == found["abstract"] == found["authors"][0]["name"] == HOSTILE
    assert found["keywords"] == [HOSTILE]
    assert found["version"] == "1.0"
    assert found["message"].endswith(f"It was withdrawn: {HOSTILE}")


def test_people_with_an_orcid_have_their_names_divided_once_each(model: Artifact) -> None:
    guido = Person("Guido van Rossum", "0000-0002-1825-0097")
    found = validated(replace(model, creators=(guido, guido, Person("ACME Inc."))))
    assert found["authors"] == [
        {"family-names": "Rossum", "given-names": "Guido", "name-particle": "van",
         "orcid": "https://orcid.org/0000-0002-1825-0097"},
        {"name": "ACME Inc."},
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("license", "written"),
    [
        ("CC-BY-4.0", {"license": "CC-BY-4.0"}),
        ("MIT OR Apache-2.0", {"license": ["MIT", "Apache-2.0"]}),
        ("CDLA-Permissive-2.0", {"license-url": "https://spdx.org/licenses/CDLA-Permissive-2.0.html"}),
        ("https://example.org/terms", {"license-url": "https://example.org/terms"}),
        ("MIT AND ISC", {}),
        ("LicenseRef-House", {}),
        ("", {}),
    ],
)
def test_every_licence_is_said_in_a_way_that_is_valid(
    dataset: Artifact, license: str, written: dict[str, str]
) -> None:
    found = validated(replace(dataset, license=license))
    assert {key: value for key, value in found.items() if key.startswith("license")} == written
    assert written or license in found["message"]


def test_the_format_lists_every_licence_that_we_hold_for_listed() -> None:
    pytest.importorskip("cffconvert", reason="cffconvert comes with the extra `validators`")
    schema = json.loads((files("cffconvert") / "schemas/1.2.0/schema.json").read_text())
    assert set(schema["definitions"]["license-enum"]["enum"]) >= LISTED


def test_who_said_little_is_still_cited(dataset: Artifact) -> None:
    found = validated(replace(dataset, title="", creators=(), description=""))
    assert (found["type"], found["title"], found["authors"]) == ("dataset", "iris", [{"name": "ada"}])
