"""DOOR: `hpcfair`, what a user does on the command line."""

from __future__ import annotations

import click

from hpcfair_kg.cli import author, catalogue, compatible, inference, measuring, tasks
from hpcfair_kg.cli.output import verb


class InOrder(click.Group):
    """A group that lists its commands as they were added."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return the names in order."""
        return list(self.commands)


@click.group(cls=InOrder, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
def main() -> None:
    """Find, share, convert, prove and run AI models and datasets.

    The service spoken to is HPCFAIR_ENDPOINT, or the one on this machine; an ID
    is an address, ark:/99999/key, a key, owner/name or owner/name@version.
    """


@verb(service=False)
def version() -> object:
    """Print the version."""
    from hpcfair_kg import __version__

    return {"version": __version__}, lambda: click.echo(__version__)


for _command in (
    *catalogue.COMMANDS,
    *compatible.COMMANDS,
    *inference.COMMANDS,
    *measuring.COMMANDS,
    *tasks.COMMANDS,
    *author.COMMANDS,
    version,
):
    main.add_command(_command)
