"""`hpcfair-server rebase`: the base address of a store is changed in its folder, while no service runs.

The folder holds a note of the new address, called rebase, from before the first
graph is rewritten until the base address is noted as changed.  Whatever ends
the work early, the note keeps every service away until the same command was
given again: a graph that was rewritten is not rewritten twice.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import ExitStack, closing
from pathlib import Path

import click
from flask import Flask, Response

from hpcfair_kg.backends.graph.oxigraph import Oxigraph
from hpcfair_kg.errors import Conflict, InvalidConfig
from hpcfair_kg.hub import Hub
from hpcfair_kg.knowledge.catalogue import Catalogue
from hpcfair_kg.knowledge.rebase import base_url, rebase
from hpcfair_kg.knowledge.search import Index
from hpcfair_kg.settings import Settings
from server import admin
from server.commands import data_dir, said
from server.operations import Event, watched


def register(app: Flask, hub: Hub) -> None:
    """Add the refusal to the operator's socket: a service answers at one address, and keeps to it."""

    @app.post("/rebase")
    def refused() -> Response:
        raise Conflict(
            "the service is running; stop it, change its base address, and start it with the new one"
        )


@click.command("rebase")
@click.argument("url")
@data_dir
@said
def rebase_command(url: str, data_dir: str | None) -> None:
    """Have every IRI of the store begin with URL; the service must be stopped."""
    settings, new = Settings.load({"data_dir": data_dir}), base_url(url)
    folder = settings.data_dir.resolve()
    if not (folder / "base-url").exists():
        raise InvalidConfig(f"there is no catalogue in {folder}")
    admin.ask(folder, "POST", "/rebase", {})
    count = 0
    for event in watched(_moved(folder, new, settings.naan)):
        count = max(count, event["done"])
    if count:
        click.echo(f"{count:,} graphs speak of {new} now; serve it with --base-url {new}")
    else:
        click.echo(f"the IRIs of this catalogue begin with {new} already")


def _moved(folder: Path, new: str, naan: str) -> Iterator[Event]:
    """Change the base address of both stores and of the index; raises `Busy` when another process has them open."""
    note, under_way = folder / "base-url", folder / "rebase"
    with ExitStack() as opened:
        stores = [
            opened.enter_context(closing(Oxigraph(folder / place))) for place in ("public", "private/graph")
        ]
        old, begun = note.read_text().strip(), under_way.read_text().strip() if under_way.exists() else None
        if begun not in (None, new):
            raise InvalidConfig(
                f"a change to {begun} was cut short; finish it first: hpcfair-server rebase {begun}"
            )
        if old != new:
            _keep(under_way, new)
            total = sum(1 for store in stores for _ in store.names())
            for done in _rewritten(stores, old, new):
                yield {"stage": "rewritten", "done": done, "total": total}
            index = opened.enter_context(closing(Index(folder / "index")))
            Catalogue(stores[0], index, new, naan).reindex()
            _keep(note, new)
        under_way.unlink(missing_ok=True)


def _rewritten(stores: list[Oxigraph], old: str, new: str) -> Iterator[int]:
    """Rewrite stores one after the other; yield how many graphs of all are rewritten."""
    before = 0
    for store in stores:
        done = 0
        for done in rebase(store, old, new):
            yield before + done
        before += done


def _keep(note: Path, text: str) -> None:
    """Write a note whole or not at all, and have it on the disk before anything that rests on it."""
    draft = note.with_suffix(".new")
    with draft.open("w") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    draft.replace(note)
    handle = os.open(note.parent, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


COMMANDS = (rebase_command,)
