"""Search: words and facets in, the hits and the counts beside each facet's values out."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from hpcfair_kg.knowledge.search import Query
from hpcfair_kg.runs.base import Doer
from hpcfair_kg.runs.desk import Desk


def perform(desk: Desk) -> Mapping[str, Any]:
    """Ask the index; what it holds is public."""
    task = desk.task
    found = desk.rooms.index.search(Query(task.query, task.facets, limit=task.limit))
    return {"total": found.total, "hits": list(found.hits), "facets": found.facets, "next": found.next}


PLUGINS = (Doer("search", perform),)
