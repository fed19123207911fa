"""The verbs that say how good a model is here: bench, reproduce."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

import click

from hpcfair_kg.cli.catalogue import client
from hpcfair_kg.cli.output import table, verb


class Counts(click.ParamType):  # type: ignore[type-arg]  # click is generic from 8.4 on
    """Whole numbers from 1 up, separated by commas."""

    name = "1,2,…"

    def convert(self, value: Any, param: Any, ctx: Any) -> tuple[int, ...]:
        """Return the numbers."""
        if isinstance(value, tuple):
            return value
        try:
            counts = tuple(int(part) for part in str(value).split(","))
        except ValueError:
            counts = (0,)
        if min(counts) < 1:
            self.fail(f"{value!r}: it should be whole numbers from 1 up, such as 1,8,32", param, ctx)
        return counts


@verb()
@click.argument("model", metavar="ID|FILE.onnx")
@click.option("--batch", type=Counts(), default="1,8,32", show_default=True, help="The batch sizes to try.")
@click.option("--threads", type=Counts(), help="The numbers of threads; by default 1 and all cores.")
@click.option("--repeats", type=click.IntRange(1), default=100, show_default=True, help="Runs timed a case.")
def bench(
    model: str, batch: tuple[int, ...], threads: tuple[int, ...] | None, repeats: int, on: str | None
) -> object:
    """Measure latency, throughput and memory of a model: where its service runs, or here for a file."""
    from hpcfair_kg.client import progress
    from hpcfair_kg.client.facts import hardware
    from hpcfair_kg.client.measured import COLUMNS

    if Path(model).is_file():
        from hpcfair_kg.api import measuring
        from hpcfair_kg.models.cases import Plan

        with progress.steps("measuring") as tell:
            plan = Plan(batch, threads or (), repeats)
            found = measuring.bench(Path(model), plan, lambda event: tell(dict(event)))
    else:
        found = client(on).bench(model, batch, threads or (), repeats)

    def show() -> None:
        table(COLUMNS, found.rows)
        click.echo(f"on {hardware(found.hardware)}", err=True)
        for said in _once(step.detail for step in found.steps):
            click.echo(said, err=True)
        if found.run:
            click.echo(f"kept as {found.run}", err=True)

    return found.document(), show


def _once(details: Iterable[str | None]) -> list[str]:
    """Return the remarks that the cases share: what follows their figures."""
    remarks = [part for detail in details for part in (detail or "").split("; ")[2:]]
    return list(dict.fromkeys(remarks))


@verb()
@click.argument("id")
@click.option(
    "--of", metavar="STEP|JOB|RUN", help="What to do again; by default all that is recorded newest."
)
def reproduce(id: str, of: str | None, on: str | None) -> object:
    """Do again what is recorded of a model or a run, from its provenance alone, and say how like it came out."""
    found = client(on).reproduce(id, of)

    def show() -> None:
        click.echo(str(found))
        click.echo(f"kept as {found.run}", err=True)

    return found.document(), show


COMMANDS = (bench, reproduce)
