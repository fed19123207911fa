"""Tasks by API: one of the paper's configurations in, with the files that it names; a job out."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flask import Blueprint, Response, request
from werkzeug.sansio.multipart import File

from hpcfair_kg.activity import FINISHED
from hpcfair_kg.errors import InvalidConfig, UnknownFormat, UnknownParameter
from hpcfair_kg.hub import Upload
from server import configurations
from server.access import allowed, hub
from server.artifacts import prefers_wait
from server.jobs import run_reply
from server.uploads import Reception, receive, small
from server.waiting import place

blueprint = Blueprint("tasks", __name__, url_prefix="/api/tasks")

TEXTS = frozenset(
    {"application/yaml", "application/x-yaml", "text/yaml", "text/x-yaml", "application/json", "text/plain"}
)


@blueprint.post("")
def do() -> Response:
    """Take a configuration in: 202 with the job, or 200 with its outcome under `Prefer: wait=N`."""
    caller = allowed("run")
    with place():
        plan, files = _sent()
        run = hub().runs.submit(plan, files, caller)
        if wait := prefers_wait():
            run = hub().runs.wait(run.id, wait)
        response = run_reply(run, caller, 200 if run.state in FINISHED else 202)
        response.headers["Location"] = f"/api/jobs/{run.id}"
        return response


def _sent() -> tuple[Mapping[str, Any], tuple[Upload, ...]]:
    if request.mimetype == "multipart/form-data":
        return receive(_parts)
    if request.mimetype not in TEXTS:
        raise UnknownFormat(
            f"{request.mimetype or 'a body without a media type'} is not taken here; send the configuration as "
            "application/yaml or application/json, or multipart/form-data: a part 'config', then parts 'file'"
        )
    return configurations.read(request.get_data()), ()


def _parts(reception: Reception) -> tuple[Mapping[str, Any], tuple[Upload, ...]]:
    plan: Mapping[str, Any] | None = None
    for part, content in reception.parts():
        if part.name == "config" and plan is None:
            plan = configurations.read(small(content, "the configuration"))
        elif part.name != "file" or not isinstance(part, File):
            raise UnknownParameter(
                f"a part {part.name!r} is not expected; send one 'config', then 'file' parts with file names",
                known=["config", "file"],
            )
        elif plan is None:
            break
        else:
            reception.take(part.filename, content)
    if plan is None:
        raise InvalidConfig("the first part must be 'config': the configuration as YAML or JSON")
    return plan, tuple(reception.files)
