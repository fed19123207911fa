"""FAIR Signposting: typed links by which a machine finds its way among a page, its files and its descriptions.

The links of one artifact make a link set (RFC 9264), of which each reply's
Link header (RFC 8288) has a part; https://signposting.org/FAIR/ says which.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Any, Final

from werkzeug.http import parse_options_header
from werkzeug.urls import iri_to_uri

from hpcfair_kg.artifact import Artifact, File
from hpcfair_kg.knowledge import licenses
from hpcfair_kg.knowledge.views import base as views
from hpcfair_kg.knowledge.vocabulary import ORCID
from server.negotiation import HTML, RDF

LINKSETS: Final = {"json": "application/linkset+json", "txt": "application/linkset"}
"""The two forms of a link set, by the suffix that one is asked for by."""
ROOM: Final = 3500
"""Characters of a Link header: proxies have room for a page of headers; the link set has room for everything."""
_MEDIA_TYPE: Final = re.compile(r"[A-Za-z0-9!#$&^_.+-]+/[A-Za-z0-9!#$&^_.+-]+")


@dataclass(frozen=True, slots=True)
class Link:
    """One typed link; `anchor` is what it leads away from, `target` where it leads."""

    anchor: str
    relation: str
    target: str
    type: str = ""
    profile: str = ""

    def __str__(self) -> str:
        """Write the link as a Link header does, without its anchor."""
        attributes = {"rel": self.relation} | self.attributes
        return "; ".join((f"<{iri_to_uri(self.target)}>", *(f'{k}="{v}"' for k, v in attributes.items())))

    @property
    def attributes(self) -> dict[str, str]:
        """What is said of the target: its media type, and the profile that it keeps to."""
        return {k: v for k, v in (("type", self.type), ("profile", self.profile)) if v}


def of_page(artifact: Artifact) -> Iterator[Link]:
    """Yield the links of the landing page but those to files, which may be thousands."""
    page = artifact.id
    yield Link(page, "cite-as", page)
    yield Link(page, "type", "https://schema.org/AboutPage")
    # A model too: schema.org has no class of its own for it, and its description says Dataset.
    yield Link(page, "type", "https://schema.org/Dataset")
    yield from _license(page, artifact)
    for person in artifact.creators:
        if person.orcid:
            yield Link(page, "author", ORCID + person.orcid)
    yield from (Link(page, "describedby", *description) for description in _descriptions(artifact))
    yield from _linksets(page, artifact)


def of_items(artifact: Artifact) -> Iterator[Link]:
    """Yield the links from the landing page to the files; those of a withdrawn artifact are not to be had."""
    if artifact.status != "withdrawn":
        for file in artifact.files:
            yield Link(artifact.id, "item", artifact.url(file), _type(file.media_type))


def of_file(artifact: Artifact, file: File) -> Iterator[Link]:
    """Yield the links of a file."""
    anchor = artifact.url(file)
    yield Link(anchor, "collection", artifact.id, HTML)
    yield Link(anchor, "type", "https://schema.org/DataDownload")
    yield from _license(anchor, artifact)
    yield Link(anchor, "describedby", f"{artifact.id}.jsonld", RDF["jsonld"])
    yield from _linksets(anchor, artifact)


def of_description(artifact: Artifact, anchor: str) -> Iterator[Link]:
    """Yield the links of one of the documents that describe an artifact."""
    yield Link(anchor, "describes", artifact.id, HTML)
    yield Link(anchor, "cite-as", artifact.id)
    yield from _linksets(anchor, artifact)


def header(links: Iterable[Link], more: Iterable[Link] = ()) -> str:
    """Return the Link header: the links, and of the others at least one and as many as there is room for."""
    said = list(map(str, links))
    room = ROOM - sum(map(len, said))
    for number, link in enumerate(map(str, more)):
        room -= len(link)
        if number and room < 0:
            break
        said.append(link)
    return ", ".join(said)


def linkset(artifact: Artifact) -> list[Link]:
    """Return every link of an artifact, together what leads away from the same thing."""
    links = [*of_page(artifact), *of_items(artifact)]
    if artifact.status != "withdrawn":
        for file in artifact.files:
            links += of_file(artifact, file)
    for target, *_ in _descriptions(artifact):
        links += of_description(artifact, target)
    # The set does not lead to itself.
    return [link for link in links if link.relation != "linkset"]


def as_text(links: Iterable[Link]) -> str:
    """Write a link set as application/linkset (RFC 9264, section 4.1)."""
    return ",\n".join(f'{link}; anchor="{iri_to_uri(link.anchor)}"' for link in links) + "\n"


def as_json(links: Sequence[Link]) -> dict[str, Any]:
    """Write a link set as application/linkset+json (RFC 9264, section 4.2).

    `profile` is text, as the readers of FAIR Signposting expect it.
    """
    contexts = []
    for anchor, group in groupby(links, key=lambda link: link.anchor):
        context: dict[str, Any] = {"anchor": iri_to_uri(anchor)}
        for link in group:
            context.setdefault(link.relation, []).append({"href": iri_to_uri(link.target)} | link.attributes)
        contexts.append(context)
    return {"linkset": contexts}


def _descriptions(artifact: Artifact) -> Iterator[tuple[str, str, str]]:
    """Yield the address, the media type and the profile of every document that describes an artifact."""
    for suffix, media_type in RDF.items():
        yield f"{artifact.id}.{suffix}", media_type, ""
    for name, view in views.fitting(artifact).items():
        yield f"{artifact.id}/views/{name}", _type(view.media_type), view.profile


def _license(anchor: str, artifact: Artifact) -> Iterator[Link]:
    if artifact.license and (iri := licenses.iri(artifact.license)).startswith("http"):
        yield Link(anchor, "license", iri)


def _linksets(anchor: str, artifact: Artifact) -> Iterator[Link]:
    for suffix, media_type in LINKSETS.items():
        yield Link(anchor, "linkset", f"{artifact.id}/linkset.{suffix}", media_type)


def _type(media_type: str) -> str:
    """Return a media type without its parameters; "" for what is none, as harvested descriptions have it."""
    name = parse_options_header(media_type)[0]
    return name if _MEDIA_TYPE.fullmatch(name) else ""
