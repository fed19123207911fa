from __future__ import annotations

from typing import Any

import pytest

from hpcfair_kg.artifact import Artifact
from hpcfair_kg.errors import InvalidConfig
from hpcfair_kg.hub import Hub
from tests.ingest.test_story import ADA
from tests.runs.tasks.test_collaboration import done


def plan(tag: list[str] | None = None, **arguments: Any) -> dict[str, Any]:
    return {"general_args": {"task": "search", "tag": tag or []}, "task_args": arguments}


def result(hub: Hub, plan: dict[str, Any]) -> dict[str, Any]:
    run = done(hub, plan)
    assert run.state == "succeeded", run.detail
    found: dict[str, Any] = hub.runs.outcome(run)["result"]
    return found


def test_words_and_facets_find_what_the_catalogue_has(hub: Hub, pair: list[Artifact]) -> None:
    found = result(hub, plan(query="triple", kind="model", status=["ready", "converting"], limit=5))
    assert (found["total"], found["hits"][0]["id"]) == (1, pair[1].id)
    assert {"value": "model", "count": 1} in found["facets"]["kind"]
    assert result(hub, plan(query="triple", kind="dataset"))["total"] == 0
    assert result(hub, plan(tag=["nobody-has-this"]))["hits"] == []
    counts = result(hub, plan(limit=0))
    assert counts["total"] >= 2
    assert counts["hits"] == []


def test_a_search_that_is_none_is_refused_at_once(hub: Hub) -> None:
    with pytest.raises(InvalidConfig, match="limit is 1000; it should be a whole number from 0 to 500"):
        hub.runs.submit(plan(limit=1000), [], ADA)


def test_too_many_words_are_told(hub: Hub) -> None:
    run = done(hub, plan(query="x" * 1001))
    assert run.state == "failed"
    assert "1000 are the most" in (run.detail or "")
