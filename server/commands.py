"""What every operator's command has: its data folder, errors in one line, and its place."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import wraps
from typing import Any, TypeVar

import click

from hpcfair_kg.errors import HPCFairError

Command = TypeVar("Command", bound=Callable[..., Any])

FURTHER: Mapping[str, str] = {
    "check": "server.checking",
    "import": "server.harvesting",
    "rebase": "server.rebasing",
}
"""Commands that work on a whole store, and the module of each.

It has the command in its `COMMANDS`, and a function `register` that adds to the
operator's socket what the command asks of a service that runs.
"""

data_dir = click.option(
    "--data-dir", type=click.Path(file_okay=False), help="Folder that holds everything.  [./data]"
)


def said(command: Command) -> Any:
    """Turn an error of the project into one line and the exit code 1."""

    @wraps(command)
    def run(*args: Any, **options: Any) -> Any:
        try:
            return command(*args, **options)
        except HPCFairError as exc:
            raise click.ClickException(exc.detail) from exc

    return run
