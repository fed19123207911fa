"""Simple Dublin Core: the least that every harvester by OAI-PMH understands (http://www.openarchives.org/OAI/2.0/oai_dc.xsd)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Final
from xml.etree import ElementTree

from hpcfair_kg.artifact import Artifact
from hpcfair_kg.knowledge import licenses
from hpcfair_kg.knowledge.checks import UNSPEAKABLE
from hpcfair_kg.knowledge.iris import ark
from hpcfair_kg.knowledge.site import Site
from hpcfair_kg.knowledge.views.complete import complete
from hpcfair_kg.knowledge.views.datacite import GENERAL
from hpcfair_kg.knowledge.views.origin import addresses, derived, same

NAMESPACE: Final = "http://www.openarchives.org/OAI/2.0/oai_dc/"
SCHEMA: Final = "http://www.openarchives.org/OAI/2.0/oai_dc.xsd"
ACCESS: Final = "info:eu-repo/semantics/openAccess"
"""What aggregators look for in dc:rights: everything here is open."""


def oai_dc(artifact: Artifact, site: Site) -> bytes:
    """Return an artifact as an oai_dc:dc element, in UTF-8."""
    root = ElementTree.Element(
        "oai_dc:dc",
        {
            "xmlns:oai_dc": NAMESPACE,
            "xmlns:dc": "http://purl.org/dc/elements/1.1/",
            "xmlns:xsi": "http://www.w3.org/2001/XMLSchema-instance",
            "xsi:schemaLocation": f"{NAMESPACE} {SCHEMA}",
        },
    )
    for name, value in _elements(complete(artifact), site):
        ElementTree.SubElement(root, f"dc:{name}").text = UNSPEAKABLE.sub("\N{REPLACEMENT CHARACTER}", value)
    return bytes(ElementTree.tostring(root, "utf-8"))


def _elements(artifact: Artifact, site: Site) -> Iterator[tuple[str, str]]:
    yield "title", artifact.title
    yield from (("creator", person.name) for person in artifact.creators)
    yield from (("subject", subject) for subject in _subjects(artifact))
    yield "description", artifact.description
    yield "publisher", site.publisher
    yield from (("contributor", project.name) for project in artifact.projects)
    yield "date", artifact.created
    yield "type", GENERAL[artifact.kind]  # DCMI has no word for a model
    yield from (("format", kind) for kind in dict.fromkeys(file.media_type for file in artifact.files))
    yield "identifier", artifact.id
    yield "identifier", ark(artifact.id)
    yield from (("source", source) for source in (*same(artifact), *derived(artifact)))
    yield from (("relation", relation) for relation in _relations(artifact))
    yield from (("rights", right) for right in _rights(artifact))


def _subjects(artifact: Artifact) -> Iterable[str]:
    known = (*artifact.tags, artifact.task, artifact.framework, artifact.architecture)
    return dict.fromkeys(word for word in known if word)


def _relations(artifact: Artifact) -> list[str]:
    data = (*artifact.trained_on, *artifact.tested_on)
    return addresses(filter(None, (artifact.previous, *data, artifact.workflow)))


def _rights(artifact: Artifact) -> Iterator[str]:
    if artifact.license:
        yield artifact.license
        yield licenses.iri(artifact.license)
    if artifact.visibility == "public":
        yield ACCESS
