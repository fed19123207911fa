"""`hpcfair-server`: what an operator does."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import closing
from importlib import import_module
from pathlib import Path
from typing import Any

import click

from hpcfair_kg import __version__
from hpcfair_kg.artifact import plain
from hpcfair_kg.backends.accounts import SCOPES, Accounts
from hpcfair_kg.knowledge.checks import Report
from hpcfair_kg.knowledge.metadata import parsed_orcid
from hpcfair_kg.settings import Settings
from server.commands import FURTHER, said
from server.commands import data_dir as data_dir_option


class Operator(click.Group):
    """A group whose further commands are looked for when they are asked for: handing out a token stays quick."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return the names, those of the further commands last."""
        return [*super().list_commands(ctx), *FURTHER]

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Return a command by its name."""
        if cmd_name not in FURTHER:
            return super().get_command(ctx, cmd_name)
        found = import_module(FURTHER[cmd_name]).COMMANDS
        chosen: click.Command = next(command for command in found if command.name == cmd_name)
        return chosen


@click.group(cls=Operator, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="hpcfair-server")
def main() -> None:
    """Run a catalogue of models and datasets, and look after it.

    Every setting can also be given as HPCFAIR_<NAME> in the environment, or in
    a TOML file that HPCFAIR_CONFIG names; flags win.
    """


def _orcid(context: click.Context, option: click.Parameter, said: str) -> str:
    """Return an ORCID as it is written, '' for none; a mistyped one would be refused with every upload."""
    report: Report = []
    orcid = parsed_orcid(said, "orcid", report) if said else ""
    if report:
        raise click.BadParameter(f"{report[0]['message']}, not like {said!r}")
    return orcid


@main.command()
@click.option("--host", help="Address to listen on.  [127.0.0.1]")
@click.option("--port", type=int, help="Port to listen on; 0 takes a free one.  [8080]")
@data_dir_option
@click.option("--base-url", help="What IRIs begin with.  [the address served]")
@click.option("--naan", help="Name assigning authority number of the ARKs.  [99999]")
@click.option("--machine", help="IRI of the machine that verdicts and measurements name.")
@click.option("--ready-at", type=int, help="Artifacts that must be in before /health/ready says so.  [0]")
@click.option(
    "--register-dir",
    "register_dirs",
    multiple=True,
    type=click.Path(file_okay=False),
    help="Folder whose files may be registered in place; repeat for more.",
)
@click.option("--jobs", type=int, help="Conversions at once.  [2]")
@click.option("--threads", type=int, help="Blocking threads; half of them may wait.  [32]")
@click.option(
    "--unsafe-no-sandbox", is_flag=True, default=None, help="Run strangers' models although no sandbox holds."
)
@said
def serve(**flags: Any) -> None:
    """Serve the catalogue until Ctrl-C or SIGTERM."""
    from server import service

    service.serve(Settings.load({name: value for name, value in flags.items() if value != ()}), _greet)


@main.group()
def token() -> None:
    """Hand out tokens and take them back, while the service runs or while it does not."""


@token.command("create")
@click.argument("owner")
@click.option(
    "--scope",
    "scopes",
    multiple=True,
    type=click.Choice(SCOPES),
    help="What it allows; repeat for more.  [read write run]",
)
@click.option("--name", default="", help="Name of the person, as a creator of what is sent with it.")
@click.option("--orcid", default="", callback=_orcid, help="Their ORCID, such as 0000-0002-1825-0097.")
@data_dir_option
@said
def create_token(owner: str, scopes: tuple[str, ...], name: str, orcid: str, data_dir: str | None) -> None:
    """Make a token for OWNER and print it: it is shown this once and kept as a hash."""
    wanted: dict[str, Any] = {
        "owner": owner,
        "scopes": scopes or ("read", "write", "run"),
        "name": name,
        "orcid": orcid,
    }
    told = _tokens(data_dir, "POST", "/tokens", wanted, lambda a: {"token": a.create(**wanted)})
    click.echo(
        f"A token for {owner} ({', '.join(wanted['scopes'])}); keep it, it is not shown again:", err=True
    )
    click.echo(told["token"])


@token.command("list")
@data_dir_option
@said
def list_tokens(data_dir: str | None) -> None:
    """List the tokens: id, owner, scopes, when made, last used, whether revoked."""
    told = _tokens(data_dir, "GET", "/tokens", None, lambda a: {"tokens": plain(a.list())})
    for entry in told["tokens"]:
        state = f"revoked {entry['revoked']}" if entry["revoked"] else f"last used {entry['used'] or 'never'}"
        click.echo(
            f"{entry['id']}  {entry['owner']:<16} {','.join(entry['scopes']):<20} made {entry['created']}  {state}"
        )
    if not told["tokens"]:
        click.echo("There are no tokens yet: hpcfair-server token create OWNER", err=True)


@token.command("revoke")
@click.argument("token_id", metavar="ID")
@data_dir_option
@said
def revoke_token(token_id: str, data_dir: str | None) -> None:
    """End the token with this id (see `token list`) at once."""

    def revoke(accounts: Accounts) -> dict[str, Any]:
        accounts.revoke(token_id)
        return {}

    _tokens(data_dir, "DELETE", f"/tokens/{token_id}", None, revoke)
    click.echo(f"Revoked {token_id}.", err=True)


def _tokens(
    data_dir: str | None, method: str, path: str, document: Any, here: Callable[[Accounts], dict[str, Any]]
) -> dict[str, Any]:
    """Ask the running service over its socket; where none runs, do it here in the folder itself."""
    from server import admin

    folder = Settings.load({"data_dir": data_dir}).data_dir
    folder.mkdir(parents=True, exist_ok=True)
    told = admin.ask(folder, method, path, document)
    if told is None:
        with closing(Accounts(folder / "private" / "accounts.db")) as accounts:
            told = here(accounts)
    return told


def _greet(settings: Settings) -> None:
    base = settings.base
    click.echo(
        f"HPCFair-KG {__version__} serves {Path(settings.data_dir).resolve()}\n"
        f"  catalogue  {base}/\n"
        f"  API        {base}/docs\n"
        f"  a token    hpcfair-server token create $USER --data-dir {settings.data_dir}\n"
        f"  a model    HPCFAIR_TOKEN=… hpcfair upload model.onnx --name my-model --license MIT\n"
        "Ctrl-C ends it."
    )
