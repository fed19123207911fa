"""The verbs that run what a catalogue holds: infer."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from hpcfair_kg.cli.catalogue import PATH, client
from hpcfair_kg.cli.output import verb

if TYPE_CHECKING:
    from hpcfair_kg.client.views import Entry
    from hpcfair_kg.models.batch import Done
    from hpcfair_kg.models.calls import Feeds, RunOne
    from hpcfair_kg.models.rows import Reader

SHOWN = 1000
"""Rows that are run when no file takes the output: more are for no terminal."""


@verb()
@click.argument("id")
@click.argument("input", type=PATH)
@click.option(
    "-o",
    "--output",
    type=PATH,
    help=f"The file to write: .npy .npz .csv .json .jsonl .txt .parquet; else the first {SHOWN:,} rows are run and printed.",
)
@click.option(
    "--workers", type=click.IntRange(1), default=1, show_default=True, help="Chunks that are run at a time."
)
@click.option(
    "--chunk", type=click.IntRange(1), metavar="ROWS", help="Rows in a chunk; by default about a megabyte."
)
def infer(
    id: str, input: Path, output: Path | None, workers: int, chunk: int | None, on: str | None
) -> object:
    """Run a model on a file of samples, one a row, or on an image.

    The file is .csv .parquet .npy .npz .jsonl .json .txt .png .jpg …, of any
    size; its columns feed the inputs of their names, `x[0]`, `x[1]` are columns
    of x.
    """
    from hpcfair_kg.models import rows

    asked = client(on)
    entry, reader = asked.get(id), rows.reader(input)

    def run_one(feeds: Feeds) -> Feeds:
        return asked.infer(entry.key, feeds)

    if output is None:
        return _printed(run_one, reader, entry, workers, chunk)
    with rows.writing(output) as out:
        done = _run(run_one, reader, entry, out.write, workers, chunk)
    paths = [str(path) for path in out.paths]
    document = {"rows": done.rows, "calls": done.calls, "note": done.note, "files": paths}

    def show() -> None:
        click.echo("\n".join(paths))
        click.echo(str(done), err=True)

    return document, show


def _run(run_one: RunOne, reader: Reader, entry: Entry, write: Any, workers: int, chunk: int | None) -> Done:
    from hpcfair_kg.client import progress
    from hpcfair_kg.models import batch

    with progress.rows(entry.name) as tell:
        return batch.run(run_one, reader, entry.inputs, write, workers, tell, chunk)


def _printed(run_one: RunOne, reader: Reader, entry: Entry, workers: int, chunk: int | None) -> object:
    """Run the first rows and return how they are printed; a model that takes no chunks takes all of them."""
    import numpy as np

    from hpcfair_kg.models.rows import Head

    head = Head(reader, SHOWN)
    parts: list[Feeds] = []
    done = _run(run_one, head, entry, parts.append, workers, min(chunk or SHOWN, SHOWN))
    outputs = parts[0] if len(parts) == 1 else {n: np.concatenate([p[n] for p in parts]) for n in parts[0]}
    if head.more:
        click.echo(f"these are the first {done.rows:,} rows; -o FILE runs and keeps all of them", err=True)

    def show() -> None:
        for name, array in outputs.items():
            kind = array.dtype if array.dtype != object else "string"
            click.echo(f"{name} {kind} {list(array.shape)}\n{array}")

    return {name: array.tolist() for name, array in outputs.items()}, show


COMMANDS = (infer,)
