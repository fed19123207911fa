"""An artifact and its files as one RO-Crate in a zip, which is written while it is sent."""

from __future__ import annotations

import orjson
from flask import Blueprint, Response, request
from zipstream import ZipStream

from hpcfair_kg.artifact import Artifact
from hpcfair_kg.knowledge.views.ro_crate import DESCRIPTOR, document, places
from server import arks, signposting
from server.access import hub, principal
from server.replies import attachment, preconditioned

ZIP = "ro-crate.zip"

blueprint = Blueprint("crate", __name__, url_prefix="/ark:/<naan>")


@blueprint.get(f"/<key>/views/{ZIP}")
def package(naan: str, key: str) -> Response:
    """Answer the crate; what lies elsewhere is in it by its address alone."""
    entry = arks.entry(naan, key)
    artifact = entry.artifact
    artifact.require_present()
    stream = _written(artifact)
    response = Response(stream, content_type="application/zip")
    response.content_length = len(stream)
    response.headers["Content-Disposition"] = attachment(f"{artifact.name}-{artifact.version}.crate.zip")
    response.headers["Link"] = signposting.header(signposting.of_description(artifact, request.base_url))
    response.headers["Cache-Control"] = "no-cache"
    # Weak: the times of the entries are those of the files on this disk.
    response.set_etag(f"{entry.etag}.{ZIP}", weak=True)
    response.make_conditional(request)
    return preconditioned(response)


def _written(artifact: Artifact) -> ZipStream:
    """Return the zip, stored without compression so that its length is known; files are opened one by one."""
    stream = ZipStream(sized=True)
    described = document(artifact, hub().site, attached=True)
    stream.add(orjson.dumps(described, option=orjson.OPT_INDENT_2), DESCRIPTOR)
    for name, place in places(artifact).items():
        path, _ = hub().open_file(artifact, name, principal())
        stream.add_path(str(path), place, recurse=False)
    return stream
