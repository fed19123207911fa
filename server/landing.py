"""What stands below an artifact's own address: its page, its description, its files, its views, its history."""

from __future__ import annotations

import base64

from flask import Blueprint, Response, redirect, render_template, request, url_for
from markupsafe import Markup
from werkzeug.exceptions import RequestedRangeNotSatisfiable
from werkzeug.wrappers import Response as Reply
from werkzeug.wsgi import FileWrapper

from hpcfair_kg.artifact import Artifact
from hpcfair_kg.errors import NotFound
from hpcfair_kg.knowledge import licenses
from hpcfair_kg.knowledge.entries import Entry
from hpcfair_kg.knowledge.views import base as views
from server import arks, portrait, signposting, snippets, trying
from server.access import hub, principal
from server.crate import ZIP
from server.negotiation import HTML, JSON, RDF, best, form
from server.replies import attachment, json_reply, preconditioned, rdf_reply, tagged
from server.signposting import LINKSETS

blueprint = Blueprint("landing", __name__, url_prefix="/ark:/<naan>")

BLOCK = 256 << 10


@blueprint.get("/<key>")
def page(naan: str, key: str) -> Reply:
    """Answer the landing page or the description, by Accept or by a suffix such as .ttl."""
    key, dot, suffix = key.partition(".")
    entry = arks.entry(naan, key)
    if dot and suffix not in RDF:
        raise NotFound(f"no form {suffix!r} of {key}; there are: {', '.join(RDF)}")
    chosen = suffix if dot else form(HTML, *RDF, JSON)
    if chosen == JSON:
        return redirect(url_for("artifacts.record", spoken=key), 303)
    if chosen in RDF:
        body = hub().renderings.record(entry, chosen)
        response = tagged(Response(body, content_type=RDF[chosen]), f"{entry.etag}.{chosen}")
    else:
        response = Response(_rendered(entry))
    response.headers["Link"] = _page_links(entry.artifact, suffix)
    return response


@blueprint.get("/<key>/files/<path:name>")
def file(naan: str, key: str, name: str) -> Reply:
    """Answer a file's bytes, or a range of them (RFC 9110 §14), named by their hash; of a remote one, where it lies."""
    artifact = arks.entry(naan, key).artifact
    known = artifact.file(name)
    if known is not None and known.remote and artifact.status != "withdrawn":
        response = redirect(known.remote, 302)
        response.headers["Link"] = signposting.header(signposting.of_file(artifact, known))
        return response
    path, found = hub().open_file(artifact, name, principal())
    reply = Response(
        FileWrapper(path.open("rb"), BLOCK), content_type=found.media_type, direct_passthrough=True
    )
    reply.headers["Content-Disposition"] = attachment(name)
    reply.headers["Repr-Digest"] = f"sha-256=:{base64.b64encode(bytes.fromhex(found.sha256)).decode()}:"
    reply.headers["Link"] = signposting.header(signposting.of_file(artifact, found))
    reply.headers["Cache-Control"] = "no-cache"
    reply.content_length = found.size or 0
    reply.set_etag(found.sha256)
    try:
        reply.make_conditional(request, True, found.size if _one_range() else None)
    except RequestedRangeNotSatisfiable:
        reply.close()
        raise
    return preconditioned(reply)


@blueprint.get("/<key>/views/<name>")
def view(naan: str, key: str, name: str) -> Response:
    """Answer the artifact as one of the forms that others speak."""
    entry = arks.entry(naan, key)
    chosen = views.find(entry.artifact, name)
    body = hub().renderings.view(entry, chosen)
    response = tagged(Response(body, content_type=chosen.media_type), f"{entry.etag}.{name}")
    response.headers["Link"] = _description_links(entry.artifact)
    return response


@blueprint.get("/<key>/linkset")
@blueprint.get("/<key>/linkset.<suffix>")
def linkset(naan: str, key: str, suffix: str = "") -> Response:
    """Answer every typed link of the artifact, its files and its descriptions (RFC 9264)."""
    entry = arks.entry(naan, key)
    if suffix and suffix not in LINKSETS:
        raise NotFound(f"no form {suffix!r} of the link set; there are: {', '.join(LINKSETS)}")
    chosen = LINKSETS[suffix] if suffix else best(tuple(LINKSETS.values()))
    links = signposting.linkset(entry.artifact)
    if chosen == LINKSETS["json"]:
        response = json_reply(signposting.as_json(links), media_type=chosen)
    else:
        response = Response(signposting.as_text(links), content_type=chosen)
    return tagged(response, f"{entry.etag}.{chosen.rpartition('/')[2]}")


@blueprint.get("/<key>/provenance")
@blueprint.get("/<key>/provenance.<suffix>")
def provenance(naan: str, key: str, suffix: str = "") -> Reply:
    """Answer how the artifact came to be, as PROV-O; a person is shown it on the landing page."""
    artifact = arks.entry(naan, key).artifact
    suffix = suffix or form("ttl", *RDF, HTML)
    if suffix == HTML:
        return redirect(url_for(".page", naan=naan, key=key, _anchor="history"), 303)
    if suffix not in RDF:
        raise NotFound(f"no form {suffix!r} of the provenance; there are: {', '.join(RDF)}")
    response = rdf_reply(hub().provenance(artifact), suffix)
    response.headers["Link"] = _description_links(artifact)
    return response


def _one_range() -> bool:
    """Whether one range is asked for: several, or what is no range, are answered with the whole (RFC 9110 §14.2)."""
    return request.range is not None and request.range.units == "bytes" and len(request.range.ranges) == 1


def _rendered(entry: Entry) -> str:
    artifact = entry.artifact
    schema_org = hub().renderings.view(entry, views.find(artifact, "schema.org")).decode()
    jobs = hub().jobs(artifact)
    return render_template(
        "landing.html",
        artifact=artifact,
        versions=hub().versions(artifact, principal()),
        named=portrait.named(artifact),
        jobs=jobs,
        places=portrait.places(jobs),
        measured=portrait.measured(artifact),
        license_iri=licenses.iri(artifact.license) if artifact.license else "",
        form=trying.form(artifact, jobs),
        limit=trying.LARGEST,
        snippets=snippets.snippets(artifact, hub().settings.base),
        views=list(views.fitting(artifact)) + ([] if artifact.status == "withdrawn" else [ZIP]),
        rdf=RDF,
        # In a script element "</script>" ends it, quoted or not; JSON may say "<" in another way.
        schema_org=Markup(schema_org.replace("<", "\\u003c")),
    )


def _page_links(artifact: Artifact, suffix: str) -> str:
    if suffix:
        return _description_links(artifact)
    return signposting.header(signposting.of_page(artifact), signposting.of_items(artifact))


def _description_links(artifact: Artifact) -> str:
    return signposting.header(signposting.of_description(artifact, request.base_url))
