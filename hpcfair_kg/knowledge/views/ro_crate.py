"""RO-Crate 1.3: the metadata document of a research object (https://w3id.org/ro/crate/1.3).

Served by itself it is a Detached RO-Crate Package, whose files are where the
catalogue has them; in a folder or a zip with the files it is an attached one.
The specification requires its own context by address; every term that is used
is said inline too, so that the document can be read without a network.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any, Final
from urllib.parse import quote

import orjson

from hpcfair_kg.artifact import Artifact, File
from hpcfair_kg.knowledge import licenses
from hpcfair_kg.knowledge.codecs import ACCESS
from hpcfair_kg.knowledge.iris import ark
from hpcfair_kg.knowledge.site import Site
from hpcfair_kg.knowledge.views.base import View
from hpcfair_kg.knowledge.views.complete import complete
from hpcfair_kg.knowledge.vocabulary import DCTERMS, FAIR4ML, ORCID, SCHEMA

SPECIFICATION: Final = "https://w3id.org/ro/crate/1.3"
ARKS: Final = "https://registry.identifiers.org/registry/ark"
DESCRIPTOR: Final = "ro-crate-metadata.json"
VARIABLES: Final = 100
"""How many of a table's columns are named."""
_WORDS: Final = (
    "CreateAction", "CreativeWork", "Dataset", "Organization", "Person", "PropertyValue", "about",
    "alternateName", "author", "conditionsOfAccess", "contentSize", "creativeWorkStatus", "dateModified", "datePublished", "description",
    "encodingFormat", "hasPart", "identifier", "isBasedOn", "keywords", "license", "mentions", "name", "object",
    "propertyID", "publisher", "result", "sdDatePublished", "sha256", "url", "value", "variableMeasured", "version",
)  # fmt: skip
TERMS: Final[dict[str, str]] = {word: SCHEMA[word].value for word in _WORDS} | {
    "File": SCHEMA.MediaObject.value,
    "cite-as": "http://www.iana.org/assignments/relation/cite-as",
    "MLModel": FAIR4ML.MLModel.value,
    "conformsTo": DCTERMS.conformsTo.value,
}
"""The inline context: the terms used, as the context of RO-Crate 1.3 has them, and FAIR4ML's class of models."""

Entity = dict[str, Any]


class ROCrate(View):
    """An artifact as a Detached RO-Crate Package; a withdrawn one has no files."""

    name = "ro-crate"
    media_type = f'application/ld+json; profile="{SPECIFICATION}"'
    profile = SPECIFICATION

    def write(self, artifact: Artifact, site: Site) -> bytes:
        """Return the RO-Crate Metadata Document."""
        return orjson.dumps(document(artifact, site), option=orjson.OPT_INDENT_2)


def document(artifact: Artifact, site: Site, *, attached: bool = False) -> dict[str, Any]:
    """Return the metadata document; `attached` where the files lie beside it, at their `places`."""
    artifact = complete(artifact)
    root = "./" if attached else artifact.id
    files = () if artifact.status == "withdrawn" else artifact.files
    beside = {name: quote(place) for name, place in places(artifact).items()} if attached else {}
    ids = {file.name: beside.get(file.name, artifact.url(file)) for file in files}
    parts = [_file(file, ids[file.name]) | _seen(artifact, file.name in beside) for file in files]
    made = _conversion(artifact, files, ids)
    graph = [
        _descriptor(root),
        _root(artifact, root, site, parts, made),
        *parts,
        *made,
        *_contextual(artifact, site),
    ]
    return {"@context": [f"{SPECIFICATION}/context", TERMS], "@graph": list(map(_compact, graph))}


def places(artifact: Artifact) -> dict[str, str]:
    """Return where the files that are here lie in an attached crate: under their names, if the descriptor leaves them."""
    names = [file.name for file in artifact.files if not file.remote and artifact.status != "withdrawn"]
    return {name: f"data/{name}" if name.split("/")[0] == DESCRIPTOR else name for name in names}


def _seen(artifact: Artifact, beside: bool) -> Entity:
    """Return when a file that is had by its address was there (web-based data entities)."""
    return {} if beside else {"sdDatePublished": artifact.modified}


def _descriptor(root: str) -> Entity:
    return {
        "@id": DESCRIPTOR,
        "@type": "CreativeWork",
        "about": {"@id": root},
        "conformsTo": {"@id": SPECIFICATION},
    }


def _root(artifact: Artifact, root: str, site: Site, parts: list[Entity], made: list[Entity]) -> Entity:
    return {
        "@id": root,
        "@type": ["Dataset", "MLModel"] if artifact.kind == "model" else "Dataset",
        "identifier": {"@id": "#identifier"},
        "cite-as": {"@id": artifact.id},
        "url": artifact.id,
        "name": artifact.title,
        "alternateName": f"{artifact.owner}/{artifact.name}",
        "description": artifact.description,
        "version": artifact.version,
        "keywords": list(artifact.tags),
        "datePublished": artifact.created,
        "dateModified": artifact.modified,
        "license": _links([licenses.iri(artifact.license)] if artifact.license else []),
        "author": _links(_agent(artifact, place) for place in range(len(artifact.creators))),
        "publisher": {"@id": site.homepage},
        "conditionsOfAccess": ACCESS[artifact.visibility].value,
        "creativeWorkStatus": "Withdrawn" if artifact.status == "withdrawn" else [],
        "isBasedOn": _links(_sources(artifact)),
        "variableMeasured": [column.name for column in artifact.columns[:VARIABLES]],
        "hasPart": _links(part["@id"] for part in parts),
        "mentions": _links(action["@id"] for action in made),
    }


def _file(file: File, place: str) -> Entity:
    return {
        "@id": place,
        "@type": "File",
        "name": file.name,
        "description": f"{file.role} file, format {file.format}",
        "contentSize": "" if file.size is None else str(file.size),
        "encodingFormat": file.media_type,
        "sha256": file.sha256,
    }


def _conversion(artifact: Artifact, files: Iterable[File], places: dict[str, str]) -> list[Entity]:
    """Return the conversion as an action, if one was made, with what its proof found."""
    results = [places[file.name] for file in files if file.role == "converted"]
    if not results or artifact.verdict is None:
        return []
    return [
        {
            "@id": "#conversion",
            "@type": "CreateAction",
            "name": "Conversion to ONNX",
            "description": f"The verdict on the converted form: {artifact.verdict.outcome}",
            "object": _links(places[file.name] for file in files if file.role == "original"),
            "result": _links(results),
        }
    ]


def _contextual(artifact: Artifact, site: Site) -> Iterator[Entity]:
    """Yield what the root links to and is no part of it: identifier, people, publisher, licence, sources."""
    yield {
        "@id": "#identifier",
        "@type": "PropertyValue",
        "name": "ARK",
        "propertyID": ARKS,
        "value": ark(artifact.id),
        "url": artifact.id,
    }
    for place, person in enumerate(artifact.creators):
        yield {"@id": _agent(artifact, place), "@type": "Person", "name": person.name}
    yield {"@id": site.homepage, "@type": "Organization", "name": site.publisher, "url": site.homepage}
    if artifact.license:
        yield {"@id": licenses.iri(artifact.license), "@type": "CreativeWork", "name": artifact.license}
    for source in _sources(artifact):
        yield {"@id": source, "@type": "CreativeWork", "name": source}


def _agent(artifact: Artifact, place: int) -> str:
    orcid = artifact.creators[place].orcid
    return ORCID + orcid if orcid else f"#person-{place}"


def _sources(artifact: Artifact) -> list[str]:
    known = (*artifact.derived_from, *artifact.trained_on)
    return [iri for iri in dict.fromkeys(known) if iri.startswith(("http://", "https://"))]


def _links(ids: Iterable[str]) -> list[dict[str, str]]:
    return [{"@id": id} for id in ids]


def _compact(entity: Entity) -> Entity:
    """Leave out what is empty, and the list around what is one: the specification asks for it."""
    said = {key: value for key, value in entity.items() if value not in ([], "")}
    return {k: v[0] if isinstance(v, list) and len(v) == 1 else v for k, v in said.items()}


PLUGINS = (ROCrate(),)
