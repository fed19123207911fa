"""Trying a model on its page: a form made from what it takes, then its outputs as tables and the form as it was sent.

No cookie is ever set, so no other site can run anything in a reader's name: the
token comes in the form, typed for this one request, and is not sent back.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from flask import Blueprint, Response, render_template, request
from numpy.typing import NDArray

from hpcfair_kg.activity import Job
from hpcfair_kg.artifact import Artifact
from hpcfair_kg.errors import Forbidden, HPCFairError, Unauthorized
from hpcfair_kg.models.processing.pipeline import Pipeline
from hpcfair_kg.tensors import DTYPES
from server import arks, typed
from server.access import admit, hub, principal
from server.fields import Field, Sent, fields, sent
from server.negotiation import prefers_html
from server.problems import headed
from server.replies import attachment, json_reply
from server.suggested import suggestions
from server.tables import table

blueprint = Blueprint("trying", __name__, url_prefix="/ark:/<naan>")

LARGEST = 8_000_000
"""Bytes that the form and its files may have."""

Outputs = Mapping[str, NDArray[Any]]
Problems = Mapping[str, HPCFairError]
"""What was wrong, by the name of the field; "" is the form as a whole."""


@dataclass(frozen=True)
class Form:
    """The form of a model, or the `reason` why there is none."""

    artifact: Artifact
    fields: tuple[Field, ...] = ()
    reason: str = ""


def form(artifact: Artifact, jobs: Iterable[Job]) -> Form | None:
    """Return the form for a model's page; None for what is no model, or withdrawn."""
    if artifact.kind != "model" or artifact.status == "withdrawn":
        return None
    if artifact.runnable is None:
        return Form(artifact, reason=artifact.obstacle)
    around = Pipeline.on(artifact)
    for spec in around.inputs:
        if spec.dtype not in DTYPES or spec.dtype.startswith("complex"):
            return Form(artifact, reason=f"its input {spec.name} is {spec.dtype}, which no form can hold")
    kinds = {name: step.kind for step in around.before_it for name in step.takes}
    return Form(artifact, tuple(fields(suggestions(artifact, jobs, around.inputs), kinds)))


@blueprint.get("/<key>/try")
def empty(naan: str, key: str) -> Response:
    """Answer the form on a page of its own."""
    return Response(_page(_form(naan, key)))


@blueprint.post("/<key>/try")
def answer(naan: str, key: str) -> Response:
    """Run the model on what the form holds: a page with the outputs and the form as it was sent, or JSON."""
    request.max_content_length = request.max_form_memory_size = LARGEST
    denied = _denied()
    asked = _form(naan, key)
    came = [sent(each, request.form, request.files) for each in asked.fields]
    feeds, problems = ({}, {"token": denied}) if denied else _read(came)
    outputs: Outputs = {}
    began = time.perf_counter()
    if not problems:
        try:
            outputs = _added_first(
                asked.artifact, hub().infer(asked.artifact.key, feeds, principal=principal())
            )
        except HPCFairError as exc:
            problems = {"": exc}
    seconds = time.perf_counter() - began
    filled = replace(asked, fields=tuple(field for field, _ in came))
    return _refused(filled, problems) if problems else _ran(filled, outputs, seconds)


def _form(naan: str, key: str) -> Form:
    artifact = arks.entry(naan, key).artifact
    artifact.require_present()
    return form(artifact, hub().jobs(artifact)) or Form(artifact, reason=artifact.obstacle)


def _denied() -> HPCFairError | None:
    try:
        admit(request.form.get("token", ""), "run")
    except (Unauthorized, Forbidden) as exc:
        return exc
    return None


def _read(came: Sequence[tuple[Field, Sent]]) -> tuple[dict[str, NDArray[Any]], Problems]:
    """Return the arrays that were sent, and all that is wrong with the others."""
    feeds, problems = {}, {}
    for field, said in came:
        try:
            feeds[field.feeds] = field.read(said)
        except HPCFairError as exc:
            problems[field.name] = exc
    return feeds, problems


def _added_first(artifact: Artifact, outputs: Outputs) -> Outputs:
    """Return labels and what else people look for before what the model itself gives."""
    added = [spec.name for spec in Pipeline.on(artifact).outputs if spec.name in outputs]
    return {name: outputs[name] for name in added} | dict(outputs)


def _refused(filled: Form, problems: Problems) -> Response:
    """Answer what was wrong, at the fields; to a program the first of it."""
    first = next(iter(problems.values()))
    if not prefers_html():
        raise first
    return headed(Response(_page(filled, problems=problems), first.status), first)


def _ran(filled: Form, outputs: Outputs, seconds: float) -> Response:
    name = filled.artifact.name
    if not prefers_html() or request.form.get("as") == "json":
        response = json_reply({output: typed.listed(array) for output, array in outputs.items()})
        response.headers["Content-Disposition"] = attachment(f"{name}.json")
    else:
        tables = [table(output, array) for output, array in outputs.items()]
        response = Response(_page(filled, tables=tables, seconds=seconds))
    response.headers["Cache-Control"] = "no-store"
    return response


def _page(form: Form, problems: Problems | None = None, **answer: Any) -> str:
    return render_template(
        "trying.html",
        artifact=form.artifact,
        form=form,
        limit=LARGEST,
        problems={name: exc.detail for name, exc in (problems or {}).items()},
        **answer,
    )
