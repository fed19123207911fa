"""What fits an artifact, on the command line."""

from __future__ import annotations

import click

from hpcfair_kg.artifact import Fit, plain
from hpcfair_kg.cli.catalogue import client
from hpcfair_kg.cli.output import table, verb

ROLES = ("before", "after", "datasets", "models")


@verb()
@click.argument("id")
@click.option("--role", type=click.Choice(ROLES), help="Only one of the lists.")
@click.option("--limit", type=int, default=20, show_default=True, help="How many of each to print.")
def compatible(id: str, role: str | None, limit: int, on: str | None) -> object:
    """Print what can come before and after a model, and which datasets feed it; or the models that a dataset feeds."""
    found = client(on).compatible(id, role, limit)
    document = {
        name: [one.artifact.summary() | {"fit": plain(one.fit)} for one in shown]
        for name, shown in found.lists.items()
    } | {"total": dict(found.total), "next": dict(found.next)}

    def show() -> None:
        rows = [
            (name, f"{one.artifact.owner}/{one.artifact.name}", f"{one.fit.score:.2f}", *_fitted(one.fit))
            for name, shown in found.lists.items()
            for one in shown
        ]
        table(("", "id", "score", "wiring", "why"), rows)
        counts = (f"{len(shown)} of {found.total[name]} {name}" for name, shown in found.lists.items())
        click.echo(", ".join(counts), err=True)

    return document, show


def _fitted(fit: Fit) -> tuple[str, str]:
    wires = ", ".join(f"{source} -> {name}" for name, source in fit.wiring.items())
    return wires, "; ".join(fit.reasons)


COMMANDS = (compatible,)
