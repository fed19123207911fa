from __future__ import annotations

from typing import Any

import pytest

from hpcfair_kg.artifact import Artifact
from hpcfair_kg.errors import InvalidMetadata
from hpcfair_kg.knowledge.describe import describe
from hpcfair_kg.knowledge.expand import DEPTH, OURS, expand
from hpcfair_kg.knowledge.jsonld import jsonld

PLAIN: dict[str, Any] = {
    "name": "encoder", "title": "Sequence encoder", "description": "…", "version": "1.0", "tags": ["seq2seq"],
    "task": "translation", "license": "MIT", "visibility": "public",
    "creators": [{"name": "A. Author", "orcid": "0000-0002-1825-0097"}],
    "trained_on": ["ada/iris", "ark:/99999/d0000000x"], "tested_on": ["ada/wine"], "derived_from": ["h0000000y"],
    "workflow": "ada/flow", "architecture": "Autoencoder",
    "projects": [{"name": "Xplacer", "id": "https://example.org/x", "funders": ["DOE", "https://ror.org/01bj3aw27"], "award": "1"}],
    "machines": [{"name": "lassen", "kind": "SuperComputer", "cpu": "POWER9", "gpu": "Tesla V100", "vendor": "Nvidia"}],
    "hyperparameters": {"hidden": 128, "rate": 0.5, "bias": True, "activation": "tanh"},
    "metrics": [{"name": "accuracy", "value": 0.95, "on": "ada/iris@1.0"}],
    "files": [{"path": "/site/data/x.parquet", "sha256": "ab" * 32}],
}  # fmt: skip


@pytest.mark.parametrize(
    "context", [OURS, "https://models.example.org/context.jsonld", "context.jsonld", [OURS, OURS]]
)
def test_the_plain_form_is_json_ld_in_our_context(context: Any) -> None:
    assert expand({"@context": context, **PLAIN}) == PLAIN


def test_what_we_send_out_can_be_sent_in_again(model: Artifact) -> None:
    back = expand(jsonld(describe(model)))
    assert back["kind"] == "model"
    assert {key: back[key] for key in ("name", "title", "description", "version", "task", "license")} == {
        "name": model.name, "title": model.title, "description": model.description, "version": model.version,
        "task": model.task, "license": model.license,
    }  # fmt: skip
    assert back["hyperparameters"] == dict(model.hyperparameters)
    assert [metric["value"] for metric in back["metrics"]] == [0.95, 41.0]
    assert {creator["name"] for creator in back["creators"]} == {"A. Author", "B. Second"}
    assert "files" not in back


def test_a_context_of_ones_own_is_understood() -> None:
    document = {
        "@context": {
            "dct": "http://purl.org/dc/terms/",
            "hk": "https://w3id.org/hpcfair-kg/ns#",
            "d": "dct:title",
        },
        "hk:name": "x",
        "d": "A title",
        "dct:license": {"@id": "http://spdx.org/licenses/MIT"},
    }
    assert expand(document) == {"name": "x", "title": "A title", "license": "MIT"}


@pytest.mark.parametrize(
    "document",
    [
        {"@context": "https://schema.org"},
        {"@context": ["context.jsonld", "http://127.0.0.1:8080/secret"]},
        {"@context": {"@import": "http://127.0.0.1/"}},
        {"@context": {"x": {"@id": "http://e/x", "@context": "http://169.254.169.254/"}}},
        {"@context": {}, "@graph": [{"@context": "file:///etc/passwd"}]},
    ],
)
def test_no_context_is_fetched(document: dict[str, Any]) -> None:
    with pytest.raises(InvalidMetadata, match="no context is fetched"):
        expand(document)


def test_depth_is_bounded_before_any_parser_sees_it() -> None:
    document: dict[str, Any] = {"@context": {}}
    inner = document
    for _ in range(100_000):
        inner["http://e/p"] = inner = {}
    with pytest.raises(InvalidMetadata, match=f"at most {DEPTH} levels"):
        expand(document)


def test_a_mistyped_key_is_named_instead_of_dropped() -> None:
    with pytest.raises(InvalidMetadata, match=r"no term 'licence'; did you mean 'license'\?"):
        expand({"@context": OURS, "name": "x", "licence": "MIT"})


@pytest.mark.parametrize(
    "document",
    [
        {"@context": 5},
        {"@context": {"a": 7}},
        {"@context": {"@base": 5}},
        {"@context": {}, "@graph": 7},
        {"@context": {}, "@id": 7},
        {"@context": {}, "@type": [[]]},
        {"@context": {"x": {"@id": "@type", "@container": "@list"}}, "x": 1},
    ],
)
def test_malformed_json_ld_is_refused_with_its_cause(document: dict[str, Any]) -> None:
    with pytest.raises(InvalidMetadata, match=r"no valid JSON-LD: \w+"):
        expand(document)


def test_of_several_things_one_must_be_the_artifact() -> None:
    name = "https://w3id.org/hpcfair-kg/ns#name"
    two = [{"@id": "http://e/a", name: "a"}, {"@id": "http://e/b", name: "b"}]
    with pytest.raises(InvalidMetadata, match="2 things"):
        expand({"@context": {}, "@graph": two})
    two[1]["@type"] = "https://hpc-fair.github.io/ontology#Dataset"
    assert expand({"@context": {}, "@graph": two}) == {"name": "b", "kind": "dataset"}


def test_an_expression_of_licences_is_taken() -> None:
    assert expand({"@context": OURS, "license": "MIT OR Apache-2.0"}) == {"license": "MIT OR Apache-2.0"}
