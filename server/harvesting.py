"""Harvesting in: `POST /api/harvest`, `hpcfair-server import`, and what that asks over the operator's socket."""

from __future__ import annotations

import getpass
import json
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import click
from flask import Blueprint, Flask, Response, request
from werkzeug.wsgi import get_input_stream

from hpcfair_kg.backends.accounts import Principal
from hpcfair_kg.errors import CorruptFile, TooLarge, UnknownFormat, UnknownParameter
from hpcfair_kg.hub import Hub
from hpcfair_kg.ingest.gathering import Given, gather
from hpcfair_kg.ingest.reader import LONGEST
from hpcfair_kg.knowledge.harvest.syntax import TYPES
from hpcfair_kg.knowledge.metadata import slug
from hpcfair_kg.settings import Settings
from server import admin
from server.access import allowed, hub
from server.commands import data_dir, said
from server.operations import kept
from server.replies import json_body, json_reply
from server.waiting import place

blueprint = Blueprint("harvesting", __name__)

CHUNK = 256 << 10
JOB_SECONDS = 24 * 3600.0
"""How long the command waits for the conversion of what it fetched."""


@blueprint.post("/api/harvest")
def harvest() -> Response:
    """Take in foreign descriptions and answer what became of each; nothing is fetched."""
    caller = allowed("write")
    unknown = sorted(set(request.args) - {"source"})
    if unknown:
        raise UnknownParameter(f"unknown parameter {unknown[0][:40]!r}; there is: source", known=["source"])
    if request.mimetype not in TYPES:
        said = request.mimetype or "a body without a media type"
        raise UnknownFormat(f"{said} is not taken here; what is: {', '.join(TYPES)}")
    with place(), _kept() as path:
        given = Given(path, request.mimetype, request.args.get("source", "").strip(), "the body")
        return json_reply(hub().harvest([given], caller).document())


@contextmanager
def _kept() -> Iterator[Path]:
    """Yield a file that holds the body of the request; it is gone afterwards."""
    stream = get_input_stream(request.environ, max_content_length=LONGEST)
    if (request.content_length or 0) > LONGEST:
        raise TooLarge(f"a document may have {LONGEST:,} bytes; send it in parts", limit=LONGEST)
    with tempfile.NamedTemporaryFile(dir=hub().settings.data_dir / "work", prefix="harvest-") as file:
        taken = 0
        while data := stream.read(CHUNK):
            taken += file.write(data)
        if request.content_length is not None and taken != request.content_length:
            raise CorruptFile(f"the body was cut off: {taken:,} of {request.content_length:,} bytes came")
        file.flush()
        yield Path(file.name)


def register(app: Flask, hub: Hub) -> None:
    """Add the import to the operator's socket."""

    @app.post("/import")
    def imported() -> Response:
        return json_reply(_imported(hub, json_body()))


def _imported(hub: Hub, order: Mapping[str, Any]) -> dict[str, Any]:
    files = gather(map(Path, order["paths"]), order["source"])
    operator = Principal(order["owner"], frozenset({"read", "write", "admin"}))
    return hub.harvest(files, operator, order["fetch"], order["allow_private"]).document()


@click.command("import")
@click.argument(
    "paths", nargs=-1, required=True, metavar="PATH…", type=click.Path(exists=True, path_type=Path)
)
@click.option("--owner", help="Whose the artifacts are.  [the user of this machine]")
@click.option(
    "--source", default="", help="Address that PATH has elsewhere, where descriptions do not say it."
)
@click.option("--fetch", is_flag=True, help="Fetch their files too; models are converted and proved.")
@click.option("--allow-private", is_flag=True, help="Fetch from addresses within the site as well.")
@click.option("--json", "as_json", is_flag=True, help="Print the report as JSON.")
@data_dir
@said
def import_command(
    paths: tuple[Path, ...],
    owner: str | None,
    source: str,
    fetch: bool,
    allow_private: bool,
    as_json: bool,
    data_dir: str | None,
) -> None:
    """Take in what is described elsewhere: feeds, Croissant, DCAT, schema.org, model cards; files or whole folders.

    Exits with 1 where anything was refused or could not be fetched.
    """
    order = {
        "paths": [str(path.resolve()) for path in paths],
        "owner": owner or slug(getpass.getuser()).replace(".", "-"),
        "source": source,
        "fetch": fetch,
        "allow_private": allow_private,
    }
    report = _ordered(Settings.load({"data_dir": data_dir}), order)
    click.echo(json.dumps(report, indent=1, ensure_ascii=False) if as_json else "\n".join(_lines(report)))
    if report["refused"] or report["not_fetched"]:
        raise SystemExit(1)


def _ordered(settings: Settings, order: Mapping[str, Any]) -> dict[str, Any]:
    """Have the running service import, or do it here in the folder; here conversions are waited for."""
    told = admin.ask(settings.data_dir, "POST", "/import", order, timeout=None)
    if told is not None:
        return told
    with closing(Hub.open(kept(settings))) as hub:
        report = _imported(hub, order)
        for fetched in report["fetched"]:
            hub.wait(fetched["job"], JOB_SECONDS)
    return report


def _lines(report: Mapping[str, Any]) -> Iterator[str]:
    for entry in report["artifacts"]:
        yield f"{entry['outcome']:<10} {entry['id']}  {entry['source']}"
    for entry in report["refusals"]:
        yield f"refused    {entry['source'] or '-'}  in {entry['document']}"
        for reason in entry["reasons"]:
            where = f"{reason['path']}: " if reason["path"] else ""
            yield f"           {where}{reason['message']}"
    yield from (f"fetched    {entry['id']}" for entry in report["fetched"])
    yield from (f"not here   {entry['id']}  {entry['reason']}" for entry in report["not_fetched"])
    if report["not_understood"]:
        terms = (f"{term} ({count})" for term, count in report["not_understood"].items())
        yield f"not understood: {', '.join(terms)}"
    counts = ("taken", "updated", "unchanged", "withdrawn", "refused")
    yield ", ".join(f"{report[name]:,} {name}" for name in counts)


COMMANDS = (import_command,)
