"""RO-Crate 1.3, by itself and with the files beside it, which roc-validator checks."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

from pyld import jsonld as pyld

from hpcfair_kg.artifact import Artifact
from hpcfair_kg.knowledge.site import Site
from hpcfair_kg.knowledge.views import base
from hpcfair_kg.knowledge.views.ro_crate import DESCRIPTOR, TERMS, document
from tests.dialects import GOLDEN, HOSTILE, bare, hostile

# What it recommends and no record holds: affiliations, contact addresses, a ROR of the service, an ORCID of everyone,
# the wording of the licence.  Addresses stay percent-encoded, as everywhere else.
UNKNOWN = (
    "affiliation", "contactPoint", "ROR identifier", "ORCID identifier", "License entit", "percent-encoded",
)  # fmt: skip


def view(artifact: Artifact) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(base.find(artifact, "ro-crate").render(artifact))
    return found


def entities(found: dict[str, Any]) -> dict[str, Any]:
    return {entity["@id"]: entity for entity in found["@graph"]}


def test_it_is_the_golden_one(model: Artifact) -> None:
    assert base.find(model, "ro-crate").render(model) == (GOLDEN / "ro-crate.jsonld").read_bytes()


def test_roc_validator_finds_nothing_but_what_nobody_knows(
    model: Artifact, dataset: Artifact, tmp_path: Path, issues
) -> None:
    crates = []
    # The validator takes four seconds for each: those that differ.
    for how, artifact in {
        "whole": model,
        "hostile": hostile(model),
        "withdrawn": replace(model, status="withdrawn"),
        "bare": bare(replace(dataset, status="ready")),
    }.items():
        crates.append(tmp_path / f"{how}.json")
        crates[-1].write_text(json.dumps(view(artifact)))
    for crate, found in zip(crates, issues(*crates), strict=True):
        for severity, message in found:
            assert severity == "RECOMMENDED", (crate.name, message)
            assert any(word in message for word in UNKNOWN), (crate.name, message)


def test_roc_validator_does_find_what_is_missing(model: Artifact, tmp_path: Path, issues) -> None:
    found = view(model)
    del entities(found)[model.id]["license"]
    crate = tmp_path / "crate.json"
    crate.write_text(json.dumps(found))
    assert "REQUIRED" in {severity for severity, _ in issues(crate)[0]}


def test_with_its_files_beside_it_it_is_a_crate_too(model: Artifact, tmp_path: Path, issues) -> None:
    for file in model.files:
        path = tmp_path / file.name
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(b"x" * file.size)
    (tmp_path / DESCRIPTOR).write_text(json.dumps(document(model, Site.of(model.id), attached=True)))
    assert {severity for severity, _ in issues(tmp_path)[0]} <= {"RECOMMENDED"}
    assert "docs/read%20me%20%C3%A9.md" in entities(document(model, Site.of(model.id), attached=True))


def test_every_word_is_inline_and_means_what_the_specification_says(model: Artifact, reference: Path) -> None:
    standard = json.loads((reference / "vocab/ro-crate/context-1.3.jsonld").read_text())["@context"]
    assert {word: standard.get(word) for word in TERMS if word != "MLModel"} == {
        word: iri for word, iri in TERMS.items() if word != "MLModel"
    }
    assert "MLModel" not in standard


def test_it_is_read_without_a_network(model: Artifact) -> None:
    found = view(model)
    assert found["@context"] == ["https://w3id.org/ro/crate/1.3/context", TERMS]
    words = {key for entity in found["@graph"] for key in entity if not key.startswith("@")}
    types = {
        t for e in found["@graph"] for t in ([e["@type"]] if isinstance(e["@type"], str) else e["@type"])
    }
    assert words | types == set(TERMS) - {"creativeWorkStatus", "variableMeasured"}
    expanded = {node["@id"]: node for node in pyld.expand(found | {"@context": TERMS})}
    assert expanded[model.id]["@type"] == ["http://schema.org/Dataset", "https://w3id.org/fair4ml#MLModel"]
    assert len(expanded) == len(found["@graph"])


def test_everything_it_links_to_is_described(model: Artifact, dataset: Artifact) -> None:
    for artifact in (model, dataset, hostile(model)):
        found = view(artifact)
        linked = {
            link["@id"]
            for entity in found["@graph"]
            for value in entity.values()
            for link in (value if isinstance(value, list) else [value])
            if isinstance(link, dict)
        }
        assert linked - set(entities(found)) == {"https://w3id.org/ro/crate/1.3"}


def test_the_conversion_is_an_action_with_its_verdict(model: Artifact) -> None:
    action = entities(view(model))["#conversion"]
    assert action["object"] == {"@id": model.url(model.files[0])}
    assert action["result"] == {"@id": model.url(model.files[1])}
    assert action["description"].endswith(": equal")


def test_hostile_text_stays_text(model: Artifact) -> None:
    found = entities(view(hostile(model)))
    assert found[model.id]["name"] == HOSTILE
    assert {e["name"] for e in found.values() if e["@type"] == "Person"} == {HOSTILE}


def test_a_withdrawn_one_has_no_files(model: Artifact) -> None:
    found = entities(view(replace(model, status="withdrawn")))
    assert found[model.id]["creativeWorkStatus"] == "Withdrawn"
    assert not [e for e in found.values() if e["@type"] in ("File", "CreateAction")]
