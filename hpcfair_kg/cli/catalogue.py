"""The verbs of a catalogue: login, whoami, upload, download, search, info, query, jobs."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from hpcfair_kg.cli.output import pairs, table, verb
from hpcfair_kg.errors import InvalidConfig, UnknownParameter

if TYPE_CHECKING:
    from hpcfair_kg.client import Client
    from hpcfair_kg.client.views import Results

FACETS = (
    "kind", "framework", "task", "license", "creator", "format", "architecture", "status", "owner", "project", "machine",
)  # fmt: skip
PATH = click.Path(path_type=Path)


def hits(found: Results) -> None:
    """Print a page of a search."""
    from hpcfair_kg.client.views import COLUMNS

    table(COLUMNS, found.rows)
    click.echo(f"{len(found.hits)} of {found.total}", err=True)


def client(on: str | None) -> Client:
    """Return the client for `--on`, HPCFAIR_ENDPOINT or this machine."""
    from hpcfair_kg.client import Client

    return Client(on)


@verb()
@click.option("--token", prompt=True, hide_input=True, help="What `hpcfair-server token create` printed.")
def login(token: str, on: str | None) -> object:
    """Keep a token for a service, in HPCFAIR_HOME, readable by you only."""
    from hpcfair_kg.client import Client, home

    asked = Client(on, token.strip())
    who = asked.whoami()
    path = home.log_in(asked.endpoint, token.strip())
    document = {"endpoint": asked.endpoint, **who}
    return document, lambda: click.echo(f"{who['owner']} at {asked.endpoint} (kept in {path})")


@verb()
def whoami(on: str | None) -> object:
    """Print whose token is used, and what it allows."""
    asked = client(on)
    who = asked.whoami()
    person = who.get("person") or {}
    rows = [
        ("owner", who["owner"]),
        ("scopes", ", ".join(who["scopes"])),
        ("person", " · ".join(filter(None, (person.get("name"), person.get("orcid"))))),
    ]
    return {"endpoint": asked.endpoint, **who}, lambda: pairs([*rows, ("service", asked.endpoint)])


@verb()
@click.argument("paths", nargs=-1, required=True, type=PATH)
@click.option("--name", help="Its name, unique among yours; by default that of the first file.")
@click.option("--tag", "tags", multiple=True, help="A keyword; may be given several times.")
@click.option("--license", help="An SPDX id or expression, LicenseRef-…, or a URL.")
@click.option("--creator", "creators", multiple=True, help="A person's name; by default the token's person.")
@click.option("--metadata", type=PATH, help="A JSON file with what else is known.")
@click.option("--no-wait", is_flag=True, help="Do not wait for the conversion.")
def upload(
    paths: tuple[Path, ...],
    name: str | None,
    tags: tuple[str, ...],
    license: str | None,
    creators: tuple[str, ...],
    metadata: Path | None,
    no_wait: bool,
    on: str | None,
) -> object:
    """Upload files (a folder is many) as one artifact; print its address and its verdict."""
    from hpcfair_kg.client.facts import brief

    described = _described(metadata) if metadata else {}
    given = client(on).upload(list(paths), name, tags, license, creators, described, wait=not no_wait)  # type: ignore[call-overload]
    if no_wait and not hasattr(given, "verdict"):
        return {"job": given.id, "state": given.state}, lambda: click.echo(f"job {given.id}: {given.state}")
    return given.record(), lambda: pairs(brief(given))


@verb()
@click.argument("id")
@click.option(
    "--format", type=click.Choice(["onnx", "original"]), help="Only the proved form, or what was uploaded."
)
@click.option("--opset", type=int, help="The opset that the ONNX form must have.")
@click.option("-o", "--output", "folder", type=PATH, default=Path(), help="The folder to write to.")
def download(id: str, format: str | None, opset: int | None, folder: Path, on: str | None) -> object:
    """Download an artifact's files, resumed where they were cut, verified by sha256."""
    paths = client(on).download(id, folder, format, opset)
    return [str(path) for path in paths], lambda: click.echo("\n".join(map(str, paths)))


@verb()
@click.argument("text", default="")
@click.option("--tag", multiple=True, help="A keyword; of several, all must be there.")
@click.option("--limit", type=int, default=20, show_default=True, help="How many to print.")
def search(text: str, tag: tuple[str, ...], limit: int, on: str | None, **facets: tuple[str, ...]) -> object:
    """Search by text and facets."""
    chosen = {name: list(values) for name, values in facets.items() if values}
    found = client(on).search(text, tag=list(tag) or None, limit=limit, **chosen)
    return found.document(), lambda: hits(found)


for _facet in FACETS:
    search.params.append(click.Option([f"--{_facet}"], multiple=True, help="Any of those given."))


@verb()
@click.argument("id")
def info(id: str, on: str | None) -> object:
    """Print what is known of an artifact."""
    from hpcfair_kg.client.facts import facts

    entry = client(on).get(id)
    return entry.record(), lambda: pairs(facts(entry))


@verb()
@click.argument("sparql")
def query(sparql: str, on: str | None) -> object:
    """Ask the graph a SPARQL question; @FILE reads it from a file."""
    text = _read(Path(sparql[1:])) if sparql.startswith("@") else sparql
    answer = client(on).sparql(text)
    if isinstance(answer, bool):
        return answer, lambda: click.echo("yes" if answer else "no")
    if isinstance(answer, list):
        return [{k: _plain(v) for k, v in row.items()} for row in answer], lambda: table(
            list(answer[0]) if answer else (), [list(row.values()) for row in answer]
        )
    return json.loads(answer.serialize(format="json-ld")), lambda: click.echo(
        answer.serialize(format="turtle")
    )


@verb()
@click.argument("id", required=False)
@click.option("--cancel", is_flag=True, help="End it.")
def jobs(id: str | None, cancel: bool, on: str | None) -> object:
    """Print a job's state and steps, or the jobs that have not ended."""
    if cancel and not id:
        raise UnknownParameter("--cancel needs the ID of the job to end")
    asked = client(on)
    found = [asked.job(id)] if id else asked.jobs()
    if cancel:
        found = [job.cancel() for job in found]
    document = [{"id": job.id, "state": job.state, "steps": [_step(s) for s in job.steps]} for job in found]

    def show() -> None:
        for job in found:
            click.echo(f"{job.id}  {job.state}" + (f"  {job.detail}" if job.detail else ""))
            for step in job.steps:
                click.echo(f"  {step.name}  {step.state}" + (f"  {step.detail}" if step.detail else ""))

    return document, show


def _described(path: Path) -> dict[str, Any]:
    try:
        document = json.loads(_read(path))
    except ValueError as exc:
        raise InvalidConfig(f"{path} is no JSON: {exc}") from exc
    if not isinstance(document, dict):
        raise InvalidConfig(f"{path} must hold one JSON object")
    return document


def _read(path: Path) -> str:
    try:
        return path.read_text()
    except (OSError, UnicodeDecodeError) as exc:
        raise InvalidConfig(f"{path} cannot be read: {exc}") from exc


def _step(step: Any) -> dict[str, Any]:
    return {"name": step.name, "state": step.state, "detail": step.detail}


def _plain(value: Any) -> Any:
    return value if isinstance(value, str | int | float | bool | None) else str(value)


COMMANDS = (login, whoami, upload, download, search, info, query, jobs)
