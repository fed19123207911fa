"""schema.org and FAIR4ML come in; our own views of both come back."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from hpcfair_kg.artifact import Artifact
from hpcfair_kg.knowledge.views.fair4ml import Fair4ML
from hpcfair_kg.knowledge.views.schema_org import SchemaOrg

Told = Callable[..., dict[str, Any]]
THING = {"@type": "Dataset", "@id": "https://d.example/1", "name": "One", "license": "MIT"}


def test_our_view_of_a_model_comes_back(one: Told, model: Artifact) -> None:
    found = one(Fair4ML().render(model))
    record = found["record"]
    assert (found["dialect"], found["source"], record["kind"]) == ("fair4ml", model.id, "model")
    for name in ("title", "description", "version", "framework", "architecture", "task"):
        assert record[name] == getattr(model, name)
    for name in ("tags", "trained_on", "tested_on", "derived_from"):
        assert sorted(record[name]) == sorted(getattr(model, name))
    assert [m["value"] for m in record["metrics"]] == [0.95, 41.0]
    assert record["metrics"][0]["on"] == model.metrics[0].on
    assert record["projects"] == [
        {"name": "Xplacer", "award": "89233218CNA000001", "funders": ["DOE", "https://ror.org/021nxhr62"]},
        {"name": "ZZ", "id": "https://cordis.europa.eu/project/id/1"},
    ]
    assert [(f["name"], f["size"], f["sha256"]) for f in record["files"]] == [
        (f.name, f.size, f.sha256) for f in model.files
    ]


def test_our_landing_page_comes_back_without_the_record_as_a_file(one: Told, model: Artifact) -> None:
    record = one(SchemaOrg().render(model))["record"]
    assert (record["name"], record["kind"]) == (model.name, "model")
    assert [f["name"] for f in record["files"]] == [f.name for f in model.files]


def test_a_withdrawn_one_says_so(one: Told, dataset: Artifact) -> None:
    assert one(SchemaOrg().render(dataset))["record"]["status"] == "withdrawn"


def test_a_remote_context_of_schema_org_is_stood_in_for(one: Told) -> None:
    for address in (
        "https://schema.org",
        "http://schema.org/",
        "https://schema.org/docs/jsonldcontext.jsonld",
    ):
        assert one(THING | {"@context": address})["record"]["title"] == "One"


def test_a_mention_is_not_described(told: Told) -> None:
    cited = THING | {"@context": {"@vocab": "http://schema.org/"}, "isBasedOn": {"@type": "Dataset", "@id": "https://d.example/2", "name": "Two"}}  # fmt: skip
    (found,) = told(cited)["descriptions"]
    assert found["record"]["derived_from"] == ["https://d.example/2"]


def test_an_organisation_is_a_creator_by_its_name(one: Told) -> None:
    made = THING | {
        "@context": {"@vocab": "http://schema.org/"},
        "creator": {"@type": "Organization", "name": "ACME"},
    }
    record = one(made)["record"]
    assert record["creators"] == [{"name": "ACME"}]
    assert "its creator ACME is an organisation" in record["notes"]


def test_a_date_that_is_none_is_told_and_harms_nothing(one: Told) -> None:
    dated = THING | {"@context": {"@vocab": "http://schema.org/"}, "datePublished": "last spring"}
    assert (
        "its source dates it last spring, which is no date such as 2024-05-31"
        in one(dated)["record"]["notes"]
    )


def test_two_of_one_id_that_differ_are_a_fault(one: Told) -> None:
    twice = {"@context": {"@vocab": "http://schema.org/"}, "@graph": [THING, THING | {"name": "Two"}]}
    assert "said 2 times, 'One' and 'Two'" in one(twice)["report"][0]["message"]


def test_who_may_have_the_files_is_told(one: Told) -> None:
    rights = "http://publications.europa.eu/resource/authority/access-right/RESTRICTED"
    closed = THING | {"@context": {"@vocab": "http://schema.org/"}, "conditionsOfAccess": rights}
    assert "its source grants access so: RESTRICTED" in one(closed)["record"]["notes"]
