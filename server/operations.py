"""What the operator's commands share: the folder opened in place, and how far the work has come, here or in the service."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from contextlib import closing, contextmanager
from dataclasses import replace
from typing import Any

from flask import Response

from hpcfair_kg.backends.graph.base import Graphs
from hpcfair_kg.backends.graph.oxigraph import Oxigraph
from hpcfair_kg.errors import HPCFairError, InvalidConfig
from hpcfair_kg.knowledge.catalogue import Catalogue
from hpcfair_kg.knowledge.search import Index
from hpcfair_kg.settings import Settings

Event = dict[str, Any]
"""A piece of news of work under way: its "stage", how many are "done" of a "total", and what the verb adds."""


def kept(settings: Settings) -> Settings:
    """Return the settings with the base address that the folder's IRIs begin with."""
    note = settings.data_dir / "base-url"
    return replace(settings, base_url=note.read_text().strip()) if note.exists() else settings


@contextmanager
def library(settings: Settings) -> Iterator[tuple[Graphs, Catalogue]]:
    """Open what a folder knows, without its workers; raises `Busy` when another process has it open.

    Raises `InvalidConfig` where there is no catalogue, or its base address is half changed.
    """
    folder = settings.data_dir.resolve()
    if not (folder / "public").is_dir():
        raise InvalidConfig(f"there is no catalogue in {folder}")
    with closing(Oxigraph(folder / "public")) as graphs:
        settings.keep_base()
        with closing(Index(folder / "index")) as index:
            yield graphs, Catalogue(graphs, index, settings.base, settings.naan)


def told(events: Iterable[Event]) -> Response:
    """Answer with events as they come, a JSON line each, and a last line that says it ended well or what stopped it."""

    def lines() -> Iterator[str]:
        last: Event = {"end": True}
        try:
            yield from (json.dumps(event) + "\n" for event in events)
        except HPCFairError as exc:
            last = {"problem": exc.problem()}
        yield json.dumps(last) + "\n"

    return Response(lines(), content_type="application/x-ndjson")


def watched(events: Iterable[Event]) -> Iterator[Event]:
    """Yield events as they come, and draw a bar of how far they are where standard error is a terminal."""
    from rich.console import Console
    from rich.progress import Progress, TaskID

    console = Console(stderr=True)
    with Progress(console=console, transient=True, disable=not console.is_terminal) as bar:
        stages: dict[str, TaskID] = {}
        for event in events:
            stage, total = event["stage"], max(event["total"], event["done"])
            if stage not in stages:
                stages[stage] = bar.add_task(stage)
            bar.update(stages[stage], total=total, completed=event["done"])
            yield event
