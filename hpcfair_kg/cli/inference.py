"""The verbs that run what a catalogue holds: infer."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING

import click

from hpcfair_kg.cli.catalogue import PATH, client
from hpcfair_kg.cli.output import verb

if TYPE_CHECKING:
    from hpcfair_kg.artifact import TensorSpec
    from hpcfair_kg.models.batch import Done, Write
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
    """Run a model on a file of samples, one a row, or on an image, or a folder of them.

    The file is .csv .parquet .npy .npz .jsonl .json .txt .png .jpg …, of any
    size; its columns feed the inputs of their names, `x[0]`, `x[1]` are columns
    of x.  A model with a tokenizer takes sentences, one a line or in a column
    `text`; what a model has labels for comes with them.
    """
    from hpcfair_kg.models import rows
    from hpcfair_kg.models.processing.files import fed
    from hpcfair_kg.models.processing.pipeline import Pipeline

    asked = client(on)
    entry, reader = asked.get(id), rows.reader(input)
    told = fed(Pipeline.on(entry), reader.names)

    def run_one(feeds: Feeds) -> Feeds:
        return asked.infer(entry.key, feeds, told.wanted)

    runs = Runs(run_one, entry.name, told.inputs, workers)
    size = chunk or told.chunk
    if output is None:
        return _printed(runs, reader, min(size or SHOWN, SHOWN))
    with rows.writing(output) as out:
        done = runs(reader, _named(reader, out.write), size)
    paths = [str(path) for path in out.paths]
    document = {"rows": done.rows, "calls": done.calls, "note": done.note, "files": paths}

    def show() -> None:
        click.echo("\n".join(paths))
        click.echo(str(done), err=True)

    return document, show


@dataclass(frozen=True)
class Runs:
    """Runs a model on the service over a file, chunk by chunk, and tells how far it is."""

    run_one: RunOne
    name: str
    inputs: Sequence[TensorSpec]
    workers: int

    def __call__(self, reader: Reader, write: Write, chunk: int | None) -> Done:
        """Run all of the file."""
        from hpcfair_kg.client import progress
        from hpcfair_kg.models import batch

        with progress.rows(self.name) as tell:
            return batch.run(self.run_one, reader, self.inputs, write, self.workers, tell, chunk)


def _named(reader: Reader, write: Write) -> Write:
    """Return what writes, with the outputs of a folder's images, the image that each is of."""
    import numpy as np

    left = iter(reader.origins)

    def write_named(outputs: Feeds) -> None:
        files = islice(left, len(next(iter(outputs.values()))))
        write({"file": np.array([*files], object), **outputs})

    return write_named if reader.origins else write


def _printed(runs: Runs, reader: Reader, chunk: int) -> object:
    """Run the first rows and return how they are printed; a model that takes no chunks takes all of them."""
    import numpy as np

    from hpcfair_kg.models.rows import Head

    head = Head(reader, SHOWN)
    parts: list[Feeds] = []
    done = runs(head, _named(head, parts.append), chunk)
    outputs = parts[0] if len(parts) == 1 else {n: np.concatenate([p[n] for p in parts]) for n in parts[0]}
    if head.more:
        click.echo(f"these are the first {done.rows:,} rows; -o FILE runs and keeps all of them", err=True)

    def show() -> None:
        for name, array in outputs.items():
            kind = array.dtype if array.dtype != object else "string"
            click.echo(f"{name} {kind} {list(array.shape)}\n{array}")

    return {name: array.tolist() for name, array in outputs.items()}, show


COMMANDS = (infer,)
