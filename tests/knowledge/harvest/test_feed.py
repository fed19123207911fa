"""Records of another instance come back whole, but for what is that catalogue's own business."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from hpcfair_kg.artifact import Artifact, plain
from hpcfair_kg.knowledge.describe import describe
from hpcfair_kg.knowledge.jsonld import jsonl, serialise

Told = Callable[..., dict[str, Any]]
OWN = {"id", "key", "owner", "job", "identity", "created", "modified", "verdict", "source", "files", "notes"}


def test_a_record_comes_back_whole(one: Told, model: Artifact) -> None:
    found = one(jsonl(describe(model)), "application/jsonl")
    assert (found["source"], found["dialect"], found["report"]) == (model.id, "hpcfair-kg", [])
    record, sent = found["record"], plain(model)
    assert {k: record[k] for k in sent.keys() - OWN if sent[k]} == {
        k: sent[k] for k in sent.keys() - OWN if sent[k]
    }
    assert [f["remote"] for f in record["files"]] == [model.url(f) for f in model.files]
    assert [f["role"] for f in record["files"]] == ["original", "converted", "auxiliary"]


def test_a_proof_counts_where_it_was_made(one: Told, model: Artifact) -> None:
    record = one(jsonl(describe(model)), "application/jsonl")["record"]
    assert "verdict" not in record
    assert f"{model.id} says of its conversion: equal, with a normalised error of 4.4e-07" in record["notes"]


def test_a_withdrawal_is_one(one: Told, dataset: Artifact) -> None:
    record = one(jsonl(describe(dataset)), "application/jsonl")["record"]
    assert (record["status"], record["reason"]) == ("withdrawn", "a column was mislabelled")


def test_where_the_other_has_it_from_is_told(one: Told, harvested: Artifact) -> None:
    record = one(jsonl(describe(harvested)), "application/jsonl")["record"]
    assert record["origin"] == harvested.source
    assert [f["remote"] for f in record["files"]] == [f.remote for f in harvested.files]


def test_every_line_is_a_record_of_its_own(told: Told, model: Artifact, dataset: Artifact) -> None:
    other = replace(dataset, creators=(replace(model.creators[1], name="Another spelling"),))
    found = told(
        jsonl(describe(model)) + b"\n{broken\n" + jsonl(describe(other)), "application/x-ndjson", name="feed"
    )
    assert [d["source"] for d in found["descriptions"]] == [model.id, dataset.id]
    assert [d["document"] for d in found["descriptions"]] == ["feed, line 1", "feed, line 4"]
    assert len(found["reasons"]) == 1
    assert "no JSON" in found["reasons"][0]


def test_several_records_may_stand_in_one_graph(told: Told, model: Artifact, dataset: Artifact) -> None:
    found = told(serialise([*describe(model), *describe(dataset)], "ttl"), "text/turtle")
    titles = {d["source"]: d["record"]["title"] for d in found["descriptions"]}
    assert titles == {model.id: model.title, dataset.id: dataset.title}
    assert found["not_understood"] == {}


def test_half_a_record_is_told(told: Told, model: Artifact) -> None:
    half = [t for t in describe(model) if "identifier" not in t.predicate.value]
    (description,) = told(jsonl(half), "application/jsonl")["descriptions"]
    assert "no whole record" in description["report"][0]["message"]
