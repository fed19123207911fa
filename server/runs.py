"""What stands at a run's own address: its page, its description, and the way to its files."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from contextlib import suppress

from flask import Blueprint, Response, redirect, render_template, url_for
from werkzeug.wrappers import Response as Reply

from hpcfair_kg.artifact import Artifact
from hpcfair_kg.errors import NotFound
from server.access import hub, principal
from server.negotiation import HTML, JSON, RDF, form
from server.replies import rdf_reply

blueprint = Blueprint("runs", __name__, url_prefix="/runs")


@blueprint.get("/<run_id>")
def run(run_id: str) -> Reply:
    """Answer a run's page or its description, by Accept or by a suffix such as .ttl."""
    id, dot, suffix = run_id.partition(".")
    found = hub().runs.get(id)
    if dot and suffix not in RDF:
        raise NotFound(f"no form {suffix!r} of {id}; there are: {', '.join(RDF)}")
    chosen = suffix if dot else form(HTML, *RDF, JSON)
    if chosen == JSON:
        return redirect(url_for("jobs.job", job_id=id), 303)
    if chosen in RDF:
        return rdf_reply(hub().runs.triples(id), chosen)
    page = render_template(
        "run.html",
        run=found,
        used=list(_seen(found.used)),
        generated=list(_seen(found.generated)),
        plan=json.dumps(json.loads(found.plan), indent=1, ensure_ascii=False),
        rdf=RDF,
    )
    return Response(page)


@blueprint.get("/<run_id>/files/<path:name>")
def file(run_id: str, name: str) -> Reply:
    """Lead to where a file of a run is given out, to who asked for it."""
    return redirect(url_for("jobs.file", job_id=run_id, name=name), 302)


def _seen(iris: Iterable[str]) -> Iterator[Artifact]:
    """Yield the artifacts that the caller may see."""
    for iri in iris:
        with suppress(NotFound):
            yield hub().find(iri, principal())
