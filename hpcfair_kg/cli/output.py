"""What every verb shares: `--json`, `--on`, exit codes, and how things look on a terminal and off it."""

from __future__ import annotations

import functools
import json
import sys
from collections.abc import Callable, Iterable, Sequence
from typing import Any

import click

from hpcfair_kg.errors import HPCFairError, InvalidConfig, UnknownParameter

Answer = tuple[Any, Callable[[], object]]
"""What a verb returns: the JSON of it, and what prints it for a person."""


def verb(service: bool = True, **options: Any) -> Callable[[Callable[..., object]], click.Command]:
    """Make a function that returns an `Answer` a command with `--json` and, for a `service`, `--on`.

    Exit codes: 0 done, 1 failed, 2 wrong usage.
    """

    def made(function: Callable[..., object]) -> click.Command:
        @functools.wraps(function)
        def called(as_json: bool, **arguments: Any) -> None:
            try:
                answer = function(**arguments)
            except HPCFairError as exc:
                _refused(exc, as_json)
            else:
                _show(answer, as_json)

        command: click.Command = click.command(**options)(called)
        command.params.append(click.Option(["as_json", "--json"], is_flag=True, help="Print JSON."))
        if service:
            said = "The service, instead of HPCFAIR_ENDPOINT."
            command.params.append(click.Option(["--on"], metavar="URL", help=said))
        return command

    return made


def _show(answer: Any, as_json: bool) -> None:
    document, show = answer
    if as_json:
        click.echo(json.dumps(document, indent=2, ensure_ascii=False))
    else:
        show()
    if isinstance(document, dict) and document.get("ok") is False:
        sys.exit(1)
    if isinstance(document, list) and any(
        isinstance(one, dict) and one.get("ok") is False for one in document
    ):
        sys.exit(1)


def _refused(error: HPCFairError, as_json: bool) -> None:
    if as_json:
        click.echo(json.dumps(error.problem(), indent=2, ensure_ascii=False))
    else:
        click.echo(
            f"{click.style('error:', fg='red')} {error.detail}" if colours() else f"error: {error.detail}",
            err=True,
        )
        for line in _more(error.members):
            click.echo(f"  {line}", err=True)
    sys.exit(2 if isinstance(error, InvalidConfig | UnknownParameter) else 1)


def _more(members: Any) -> Iterable[str]:
    for fault in members.get("report", ()):
        yield f"{fault.get('path')}: {fault.get('message')}"
    for spec in members.get("expected", ()):
        if isinstance(spec, dict):
            becomes = f", which becomes {', '.join(spec['becomes'])}" if spec.get("becomes") else ""
            yield f"it takes {spec.get('name')}: {spec.get('dtype')} {spec.get('shape')}{becomes}"
    for name in ("existing", "install"):
        if name in members:
            yield f"{name}: {members[name]}"


def colours() -> bool:
    """Whether colours may be used: on a terminal, unless NO_COLOR is set."""
    import os

    return sys.stderr.isatty() and not os.environ.get("NO_COLOR")


def table(headers: Sequence[str], rows: Iterable[Sequence[Any]]) -> None:
    """Print a table: drawn on a terminal, tab-separated elsewhere."""
    texts = [["" if cell is None else str(cell) for cell in row] for row in rows]
    if not sys.stdout.isatty():
        for row in texts:
            click.echo("\t".join(row))
        return
    from rich.console import Console
    from rich.table import Table

    drawn = Table(*headers, box=None, header_style="bold", pad_edge=False)
    for row in texts:
        drawn.add_row(*row)
    Console().print(drawn)


def pairs(rows: Iterable[tuple[str, Any]]) -> None:
    """Print names and values, one pair a line; empty values are left out."""
    shown = [(name, value) for name, value in rows if value not in (None, "", (), [])]
    width = max((len(name) for name, _ in shown), default=0)
    for name, value in shown:
        click.echo(f"{name:<{width}}  {value}")
