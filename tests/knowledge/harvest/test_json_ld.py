"""Strangers' JSON-LD: bounded, never fetched, and nothing dropped without a word."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable
from typing import Any

import orjson
import pytest

from hpcfair_kg.errors import CorruptFile, InvalidMetadata
from hpcfair_kg.knowledge.harvest.json_ld import DEPTH, prepared

Told = Callable[..., dict[str, Any]]
SCHEMA = {"@vocab": "http://schema.org/"}


def ready(document: Any, counts: Counter[str] | None = None) -> Any:
    return orjson.loads(prepared(json.dumps(document).encode(), Counter() if counts is None else counts))


@pytest.mark.parametrize(
    "context",
    [
        "https://evil.example/context",
        ["https://schema.org", "http://127.0.0.1:1/"],
        {"@import": "https://evil.example/context"},
        {"x": {"@id": "http://x/", "@context": "https://evil.example/context"}},
    ],
)
def test_a_context_that_would_be_fetched_is_refused(context: Any) -> None:
    with pytest.raises(InvalidMetadata, match="nothing is fetched: write the definitions into the document"):
        prepared(json.dumps({"@context": context, "x": 1}).encode(), Counter())


def test_a_context_deep_inside_is_looked_at_too() -> None:
    with pytest.raises(InvalidMetadata, match="evil"):
        ready({"@context": SCHEMA, "a": [{"b": {"@context": "https://evil.example/c"}}]})


def test_ours_is_written_in(model: Any) -> None:
    assert ready({"@context": "https://models.example.org/context.jsonld"})["@context"]["hk"]


@pytest.mark.parametrize("levels", [DEPTH + 1, 900, 5000, 100_000])
def test_a_deep_document_is_refused_before_a_parser_sees_it(levels: int) -> None:
    text = '{"@context": {"@vocab": "http://x/"}, "a": ' + '{"b": ' * levels + "1" + "}" * levels + "}"
    with pytest.raises(CorruptFile, match=f"more than {DEPTH} levels"):
        prepared(text.encode(), Counter())


@pytest.mark.parametrize(
    "document",
    [
        {"@id": "https://d.example/a b"},
        {"id": "https://d.example/<x>"},
        {"page": ["https://d.example/ok", "https://d.example/a\tb"]},
        {"deep": {"@id": "http://d.example/{x}"}},
    ],
)
def test_an_iri_that_is_none_is_told_rather_than_dropped(document: dict[str, Any]) -> None:
    context = SCHEMA | {"id": "@id", "page": {"@id": "http://x/page", "@type": "@id"}}
    with pytest.raises(InvalidMetadata, match="is no IRI: write a space as %20") as refused:
        ready({"@context": context, **document})
    assert refused.value.members["report"][0]["path"] in ("@id", "id", "page")


def test_text_with_an_address_in_it_is_no_iri() -> None:
    assert ready({"@context": SCHEMA, "description": "see https://d.example/a b"})


def test_keys_that_no_context_knows_are_counted() -> None:
    counts: Counter[str] = Counter()
    ready(
        {"@context": {"title": "http://x/title"}, "title": "x", "colour": 1, "part": {"colour": 2, "x:y": 3}},
        counts,
    )
    assert counts == {"key colour": 2, "key part": 1}


@pytest.mark.parametrize(
    ("text", "message"),
    [("{", "no JSON"), ("3", "holds no object"), ('{"a": 1}', "no @context"), ("[]", "no @context")],
)
def test_what_is_no_json_ld_is_told(text: str, message: str) -> None:
    with pytest.raises(CorruptFile, match=message):
        prepared(text.encode(), Counter())
