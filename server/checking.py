"""`hpcfair-server check`: in the service that runs, or in its folder."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import click
from flask import Flask, Response

from hpcfair_kg.backends.graph.base import Graphs
from hpcfair_kg.hub import Hub
from hpcfair_kg.knowledge.catalogue import Catalogue
from hpcfair_kg.knowledge.check import Checked, check
from hpcfair_kg.knowledge.inference import infer, require
from hpcfair_kg.settings import Settings
from server import admin
from server.commands import data_dir, said
from server.operations import Event, kept, library, told, watched
from server.replies import json_body


def register(app: Flask, hub: Hub) -> None:
    """Add the check to the operator's socket."""

    @app.post("/check")
    def checked() -> Response:
        return told(events(hub.public, hub.catalogue, bool(json_body().get("reason"))))


def events(graphs: Graphs, catalogue: Catalogue, reason: bool) -> Iterator[Event]:
    """Yield what is wrong with a store, some artifacts at a time; with `reason`, classify these too.

    Raises `MissingExtra` before anything else where the reasoner is asked for and is not here.
    """
    if reason:
        require()
    for checked in check(graphs, catalogue):
        yield _event("checked", checked, catalogue)
    for checked in infer(graphs, catalogue) if reason else ():
        yield _event("classified", checked, catalogue)


def _event(stage: str, checked: Checked, catalogue: Catalogue) -> Event:
    found = [finding.document() for finding in checked.findings]
    return {"stage": stage, "done": checked.done, "total": catalogue.size, "findings": found}


@click.command("check")
@click.option("--reason", is_flag=True, help="Classify every artifact with HermiT, and write what follows.")
@click.option("--json", "as_json", is_flag=True, help="Print the findings as JSON.")
@data_dir
@said
def check_command(reason: bool, as_json: bool, data_dir: str | None) -> None:
    """Hold the whole store against the shapes, the ontology and itself; exit with 1 for a violation."""
    settings = kept(Settings.load({"data_dir": data_dir}))
    found = [finding for event in watched(_asked(settings, reason)) for finding in event["findings"]]
    if as_json:
        click.echo(json.dumps(found, indent=1, ensure_ascii=False))
    else:
        _print(found)
    if any(finding["severity"] == "violation" for finding in found):
        raise SystemExit(1)


def _asked(settings: Settings, reason: bool) -> Iterator[Event]:
    """Have the running service check itself; where none runs, check its folder."""
    if admin.serves(settings.data_dir):
        yield from admin.follow(settings.data_dir, "/check", {"reason": reason})
        return
    with library(settings) as (graphs, catalogue):
        yield from events(graphs, catalogue, reason)


def _print(found: list[dict[str, Any]]) -> None:
    for finding in found:
        where = f" {finding['path']}" if finding["path"] else ""
        click.echo(f"{finding['severity']:<9} {finding['about']}{where}: {finding['message']}")
    severities = [finding["severity"] for finding in found]
    counts = ((severities.count(kind), kind) for kind in ("violation", "warning", "info"))
    words = [
        f"{count:,} {kind}{'s' if count > 1 and kind != 'info' else ''}" for count, kind in counts if count
    ]
    click.echo(", ".join(words) or "nothing is wrong", err=True)


COMMANDS = (check_command,)
