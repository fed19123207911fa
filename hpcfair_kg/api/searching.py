"""`task: search`: words and facets to a catalogue."""

from __future__ import annotations

from hpcfair_kg.api.local import Asked
from hpcfair_kg.api.results import Searched
from hpcfair_kg.config import Task


def search(task: Task, asked: Asked) -> Searched:
    """Ask for what a task describes."""
    chosen = {facet: list(values) for facet, values in task.facets.items()}
    found = asked.search(task.query, limit=task.limit, **chosen)
    return Searched(task.query or "search", found=found)
