"""What a task's file promises: a name, and what is done when somebody asks for it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from hpcfair_kg.runs.desk import Desk

SHELF = "hpcfair_kg.runs.tasks"


@dataclass(frozen=True)
class Doer:
    """One kind of task.

    `perform` does it with what lies on the desk and returns its result, a JSON
    value; files that come of it are kept by `Desk.keep`.  `scope` is what the
    caller's token must allow beyond "run".
    """

    name: str
    perform: Callable[[Desk], Mapping[str, Any]]
    scope: str = "run"
