"""What stands below an artifact's own address: its page, its description, its files, its views, its history."""

from __future__ import annotations

import base64
from collections.abc import Iterator

from flask import Blueprint, Response, redirect, render_template, request, url_for
from markupsafe import Markup
from werkzeug.exceptions import RequestedRangeNotSatisfiable
from werkzeug.http import dump_options_header
from werkzeug.wrappers import Response as Reply
from werkzeug.wsgi import FileWrapper

from hpcfair_kg.artifact import Artifact
from hpcfair_kg.errors import NotFound
from hpcfair_kg.knowledge import licenses
from hpcfair_kg.knowledge.views import base as views
from server import snippets
from server.access import hub, principal
from server.negotiation import HTML, JSON, RDF, form
from server.replies import preconditioned, rdf_reply, tagged

blueprint = Blueprint("landing", __name__, url_prefix="/ark:/<naan>")

BLOCK = 256 << 10
LINKED_FILES = 40
"""Files that the Link header names: a header has no room for thousands."""


@blueprint.get("/<key>")
def page(naan: str, key: str) -> Reply:
    """Answer the landing page or the description, by Accept or by a suffix such as .ttl."""
    key, dot, suffix = key.partition(".")
    artifact = _artifact(naan, key)
    if dot and suffix not in RDF:
        raise NotFound(f"no form {suffix!r} of {key}; there are: {', '.join(RDF)}")
    chosen = suffix if dot else form(HTML, *RDF, JSON)
    if chosen == JSON:
        return redirect(url_for("artifacts.record", spoken=key), 303)
    if chosen in RDF:
        response = rdf_reply(hub().triples(artifact), chosen, hub().etag(artifact))
    else:
        response = Response(_rendered(artifact))
    response.headers["Link"] = ", ".join(_signposts(artifact))
    return response


@blueprint.get("/<key>/files/<path:name>")
def file(naan: str, key: str, name: str) -> Reply:
    """Answer a file's bytes, or a range of them (RFC 9110 §14), named by their hash; of a remote one, where it lies."""
    artifact = _artifact(naan, key)
    known = artifact.file(name)
    if known is not None and known.remote and artifact.status != "withdrawn":
        return redirect(known.remote, 302)
    path, found = hub().open_file(artifact, name, principal())
    response = Response(
        FileWrapper(path.open("rb"), BLOCK), content_type=found.media_type, direct_passthrough=True
    )
    response.headers["Content-Disposition"] = _attachment(name)
    response.headers["Repr-Digest"] = f"sha-256=:{base64.b64encode(bytes.fromhex(found.sha256)).decode()}:"
    response.headers["Link"] = f'<{artifact.id}>; rel="collection", <{artifact.id}.jsonld>; rel="describedby"'
    response.headers["Cache-Control"] = "no-cache"
    response.content_length = found.size or 0
    response.set_etag(found.sha256)
    try:
        response.make_conditional(request, True, found.size if _one_range() else None)
    except RequestedRangeNotSatisfiable:
        response.close()
        raise
    return preconditioned(response)


@blueprint.get("/<key>/views/<name>")
def view(naan: str, key: str, name: str) -> Response:
    """Answer the artifact as one of the forms that others speak."""
    artifact = _artifact(naan, key)
    chosen = views.find(artifact, name)
    response = Response(chosen.render(artifact), content_type=chosen.media_type)
    return tagged(response, f"{hub().etag(artifact)}.{name}")


@blueprint.get("/<key>/provenance")
@blueprint.get("/<key>/provenance.<suffix>")
def provenance(naan: str, key: str, suffix: str = "") -> Reply:
    """Answer how the artifact came to be, as PROV-O; a person is shown it on the landing page."""
    artifact = _artifact(naan, key)
    suffix = suffix or form("ttl", *RDF, HTML)
    if suffix == HTML:
        return redirect(url_for(".page", naan=naan, key=key, _anchor="history"), 303)
    if suffix not in RDF:
        raise NotFound(f"no form {suffix!r} of the provenance; there are: {', '.join(RDF)}")
    return rdf_reply(hub().provenance(artifact), suffix)


def _one_range() -> bool:
    """Whether one range is asked for: several, or what is no range, are answered with the whole (RFC 9110 §14.2)."""
    return request.range is not None and request.range.units == "bytes" and len(request.range.ranges) == 1


def _artifact(naan: str, key: str) -> Artifact:
    if naan != hub().settings.naan:
        raise NotFound(f"identifiers here begin with ark:/{hub().settings.naan}/, not with ark:/{naan}/")
    return hub().find(key, principal())


def _rendered(artifact: Artifact) -> str:
    schema_org = views.find(artifact, "schema.org").render(artifact).decode()
    versions = [a for a in hub().versions(artifact, principal()) if a.key != artifact.key]
    return render_template(
        "landing.html",
        artifact=artifact,
        versions=versions,
        jobs=hub().jobs(artifact),
        license_iri=licenses.iri(artifact.license),
        snippets=snippets.snippets(artifact, hub().settings.base),
        views=list(views.fitting(artifact)),
        rdf=RDF,
        # In a script element "</script>" ends it, quoted or not; JSON may say "<" in another way.
        schema_org=Markup(schema_org.replace("<", "\\u003c")),
    )


def _signposts(artifact: Artifact) -> Iterator[str]:
    """Yield the typed links of FAIR Signposting (https://signposting.org/FAIR/)."""
    yield f'<{artifact.id}>; rel="cite-as"'
    yield '<https://schema.org/AboutPage>; rel="type"'
    yield f'<https://schema.org/{"Dataset" if artifact.kind == "dataset" else "SoftwareSourceCode"}>; rel="type"'
    for suffix, media_type in RDF.items():
        yield f'<{artifact.id}.{suffix}>; rel="describedby"; type="{media_type}"'
    if (license_iri := licenses.iri(artifact.license)).startswith("http"):
        yield f'<{license_iri}>; rel="license"'
    for person in artifact.creators:
        if person.orcid:
            yield f'<https://orcid.org/{person.orcid}>; rel="author"'
    if artifact.status != "withdrawn":
        for item in artifact.files[:LINKED_FILES]:
            yield f'<{artifact.url(item)}>; rel="item"; type="{item.media_type}"'


def _attachment(name: str) -> str:
    """Return the Content-Disposition under which a browser saves a file, whatever letters it has."""
    return dump_options_header("attachment", {"filename": name.rpartition("/")[2]})
