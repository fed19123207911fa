"""Store: the files that came with the task become artifacts."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from hpcfair_kg.runs.base import Doer
from hpcfair_kg.runs.desk import Desk


def perform(desk: Desk) -> Mapping[str, Any]:
    """Register each model or dataset, and return their records once they are proved."""
    return {"artifacts": [artifact.record() for artifact in desk.models()]}


PLUGINS = (Doer("store", perform, scope="write"),)
