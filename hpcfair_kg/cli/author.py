"""The author's side: `hpcfair export`, where the model's class is importable."""

from __future__ import annotations

from pathlib import Path

import click

from hpcfair_kg.cli.output import verb

PATH = click.Path(path_type=Path)


@verb(service=False)
@click.argument("target", metavar="MODULE:CALLABLE")
@click.option("-o", "--output", type=PATH, help="The file to write; by default the callable's name.")
@click.option(
    "--shape",
    "shapes",
    multiple=True,
    metavar="[DTYPE:]N,N,…",
    help="An input's shape, such as batch,time,13 or int64:batch,16; names are dimensions that may vary.",
)
@click.option("--input", "sample", type=PATH, help="A file of samples to take the inputs' shapes from.")
def export(target: str, output: Path | None, shapes: tuple[str, ...], sample: Path | None) -> object:
    """Make a file that can be uploaded, converted and proved, from a model in your own code.

    The callable is imported with the current folder on the path and called; it
    returns a PyTorch module, a Keras model or a scikit-learn estimator.
    """
    from hpcfair_kg.api.export import export as made

    exported = made(target, output, shapes, sample)
    document = {"path": str(exported.path), "format": exported.format, "notes": list(exported.notes)}

    def show() -> None:
        click.echo(f"{exported.path} ({exported.format})")
        for note in exported.notes:
            click.echo(f"  note: {note}")

    return document, show


COMMANDS = (export,)
