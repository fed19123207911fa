from __future__ import annotations

from dataclasses import fields
from typing import Any

import pytest

from hpcfair_kg.artifact import Artifact, Link, Machine, Metric, Person, Project, plain
from hpcfair_kg.errors import InvalidMetadata
from hpcfair_kg.knowledge.describe import describe
from hpcfair_kg.knowledge.expand import OURS
from hpcfair_kg.knowledge.jsonld import jsonld
from hpcfair_kg.knowledge.metadata import InPlace, Metadata, orcid_check, parse

MINIMAL: dict[str, Any] = {"name": "encoder", "license": "MIT"}
FULL: dict[str, Any] = {
    "name": "encoder", "title": "Sequence encoder", "description": "…", "kind": "model", "version": "1.0",
    "tags": ["seq2seq"], "task": "translation", "license": "MIT", "visibility": "public",
    "creators": [{"name": "A. Author", "orcid": "0000-0002-1825-0097"}],
    "architecture": "Autoencoder", "workflow": "ID",
    "chain": [{"name": "decoder", "model": "ID", "wires": ["memory <- encoder.state"]}], "components": ["ID"],
    "projects": [{"name": "Xplacer", "id": "https://example.org/x", "funders": ["DOE"], "award": "1"}],
    "machines": [{"name": "lassen", "kind": "SuperComputer", "cpu": "POWER9", "gpu": "Tesla V100", "vendor": "Nvidia"}],
    "trained_on": ["ID"], "tested_on": ["ID"], "derived_from": ["ID"], "hyperparameters": {"hidden": 128},
    "metrics": [{"name": "accuracy", "value": 0.95, "on": "ID"}],
    "files": [{"path": "/site/data/x.parquet", "sha256": "AB" * 32}],
}  # fmt: skip


def faults(**said: Any) -> dict[str, str]:
    """Return what is wrong with a description, by its place."""
    with pytest.raises(InvalidMetadata) as caught:
        parse({**MINIMAL, **said})
    return {entry["path"]: entry["message"] for entry in caught.value.members["report"]}


def test_the_promised_document_is_taken() -> None:
    assert parse(FULL) == Metadata(
        "encoder", "MIT", "Sequence encoder", "…", "model", "1.0", ("seq2seq",), "translation", "Autoencoder", "public",
        (Person("A. Author", "0000-0002-1825-0097"),), ("ID",), ("ID",), ("ID",), "ID", (Link("decoder", "ID", ("memory <- encoder.state",)),), ("ID",),
        (Project("Xplacer", "https://example.org/x", ("DOE",), "1"),),
        (Machine("lassen", None, "SuperComputer", "POWER9", "Tesla V100", "Nvidia"),), {"hidden": 128},
        (Metric("accuracy", 0.95, "ID"),), (InPlace("/site/data/x.parquet", "ab" * 32),),
    )  # fmt: skip
    assert set(FULL) == {field.name for field in fields(Metadata)}


def test_only_name_and_license_are_required() -> None:
    assert parse(MINIMAL) == Metadata("encoder", "MIT")
    with pytest.raises(InvalidMetadata) as caught:
        parse({})
    assert [entry["path"] for entry in caught.value.members["report"]] == ["name", "license"]


def test_the_tokens_person_is_the_creator_where_none_is_named() -> None:
    ada = Person("Ada Lovelace")
    assert parse(MINIMAL, ada).creators == (ada,)
    assert parse({**MINIMAL, "creators": []}, ada).creators == (ada,)
    assert parse(FULL, ada).creators == (Person("A. Author", "0000-0002-1825-0097"),)


def test_json_ld_is_taken_as_well(model: Artifact) -> None:
    assert parse({"@context": OURS, **FULL}) == parse(FULL)
    again = parse(jsonld(describe(model)))
    assert (again.name, again.kind, again.creators) == (model.name, "model", model.creators)


def test_what_a_record_says_can_be_said_again(model: Artifact) -> None:
    described = {field.name for field in fields(Metadata)} - {"files"}
    again = parse({key: value for key, value in plain(model).items() if key in described})
    assert {name: getattr(again, name) for name in described} == {
        name: getattr(model, name) for name in described
    }


def test_every_fault_is_found_at_once() -> None:
    found = faults(
        name="My Model", license="apache2", tags="x", version=1.0, kind="modle", tittle="x", description=5,
        creators=[{"name": ""}, "bob", {"name": "x", "orcid": "1"}], metrics=[{"name": "a", "value": "0.5"}],
        hyperparameters={"a": {"b": 1}}, files=[{"path": "/x", "sha256": "zz"}], trained_on=[5],
    )  # fmt: skip
    assert set(found) == {
        "name", "license", "tags", "version", "kind", "tittle", "description", "creators[0].name", "creators[1]",
        "creators[2].orcid", "metrics[0].value", "hyperparameters.a", "files[0].sha256", "trained_on[0]",
    }  # fmt: skip


@pytest.mark.parametrize("document", [None, [], "name", 5, [MINIMAL]])
def test_metadata_is_an_object(document: Any) -> None:
    with pytest.raises(InvalidMetadata, match="metadata is a JSON object such as"):
        parse(document)


@pytest.mark.parametrize(
    ("wrong", "right"),
    [
        ("My Model", "my-model"),
        ("Größe", "groe"),
        ("a/b", "a-b"),
        ("..x", "x"),
        ("x" * 101, "x" * 100),
        ("-x", "x"),
    ],
)
def test_a_wrong_name_is_answered_with_a_right_one(wrong: str, right: str) -> None:
    message = faults(name=wrong)["name"]
    assert "lower-case letters" in message
    assert f"{right!r} would do" in message
    assert parse({**MINIMAL, "name": right}).name == right


@pytest.mark.parametrize("name", ["../x", "", " ", "模型", "x\n", 5, ["x"], "X", ".hidden", "a b"])
def test_what_is_no_name_is_refused(name: Any) -> None:
    assert "name" in faults(name=name)


def test_a_mistyped_key_is_named_with_the_one_meant() -> None:
    assert "did you mean 'license'?" in faults(licence="MIT")["licence"]


def test_a_mistyped_licence_is_answered_with_a_suggestion() -> None:
    assert "Apache-2.0" in faults(license="Apache 2")["license"]
    assert "SPDX" in faults(license=["MIT"])["license"]


def test_nothing_private_is_promised_that_is_not_kept() -> None:
    assert "public" in faults(visibility="private")["visibility"]


@pytest.mark.parametrize("version", [1, 1.0, "", "a b", "1/2", "x" * 65, "1@2", "\x00"])
def test_a_version_is_short_text(version: Any) -> None:
    assert 'text such as "1' in faults(version=version)["version"]


@pytest.mark.parametrize(
    "orcid",
    ["0000-0002-1825-0097", "https://orcid.org/0000-0002-1694-233x", "http://orcid.org/0000-0001-5109-3700"],
)
def test_an_orcid_may_come_as_its_url(orcid: str) -> None:
    person = parse({**MINIMAL, "creators": [{"name": "x", "orcid": orcid}]}).creators[0]
    assert person.orcid == orcid[-19:].upper()
    assert orcid_check(person.orcid) == person.orcid[-1]


def test_a_mistyped_orcid_is_found_by_its_check_character() -> None:
    found = faults(creators=[{"name": "x", "orcid": "0000-0002-1825-0079"}])
    assert "mistyped" in found["creators[0].orcid"]
    assert "0000-0002-1825-0097" in faults(creators=[{"name": "x", "orcid": "me"}])["creators[0].orcid"]


def test_two_people_do_not_share_an_orcid() -> None:
    twin = {"name": "x", "orcid": "0000-0002-1825-0097"}
    assert "0000-0002-1825-0097" in faults(creators=[twin, {**twin, "name": "y"}])["creators"]


def test_settings_are_scalars_or_lists_of_them() -> None:
    said = {"a": 1, "b": 1.5, "c": "x", "d": True, "e": None, "f": [1, [2, "x"]]}
    assert parse({**MINIMAL, "hyperparameters": said}).hyperparameters == said
    for wrong in ({"b": 1}, float("inf"), 2**63, [[[[[1]]]]]):
        assert "optimizer.lr" in str(faults(hyperparameters={"a": wrong}))
    assert "object" in faults(hyperparameters=[1])["hyperparameters"]


def test_sizes_are_bounded() -> None:
    assert "100,000" in faults(description="x" * 100_001)["description"]
    assert parse({**MINIMAL, "description": "x" * 100_000}).description
    assert "1,000" in faults(tags=["x"] * 1001)["tags"]
    assert "tags[0]" in faults(tags=["x" * 101])


def test_html_in_a_description_is_kept_as_text() -> None:
    assert parse({**MINIMAL, "description": "<b>x</b>\n"}).description == "<b>x</b>\n"


def test_projects_and_machines_are_each_said_once() -> None:
    twice = [{"name": "Xplacer"}, {"name": "Xplacer", "award": "1"}]
    assert "say each once" in faults(projects=twice)["projects"]
    same = [{"name": "a", "id": "https://e.org/x"}, {"name": "b", "id": "https://e.org/x"}]
    assert "say each once" in faults(machines=same)["machines"]


@pytest.mark.parametrize(
    ("said", "path", "message"),
    [
        ({"projects": [{"funders": ["DOE"]}]}, "projects[0].name", "lacks its name"),
        ({"projects": [{"name": "x", "id": "an IRI with spaces"}]}, "projects[0].id", "without spaces"),
        ({"machines": [{"name": "x", "kind": "Laptop"}]}, "machines[0].kind", "SuperComputer"),
        ({"machines": [{"name": "x", "vendor": "Nvidia"}]}, "machines.vendor", "say which gpu"),
        ({"architecture": "Perceptron"}, "architecture", "MultilayerPerceptron"),
        ({"workflow": ["a", "b"]}, "workflow", "workflow is text"),
    ],
)
def test_what_stands_behind_an_artifact_is_checked(said: dict[str, Any], path: str, message: str) -> None:
    assert message in faults(**said)[path]


def test_a_processor_has_one_maker() -> None:
    machines = [
        {"name": "a", "gpu": "A100", "vendor": "Nvidia"},
        {"name": "b", "gpu": "A100", "vendor": "AMD"},
    ]
    assert "one vendor" in faults(machines=machines)["machines.vendor"]
