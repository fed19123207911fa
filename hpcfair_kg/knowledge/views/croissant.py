"""Croissant 1.1: datasets as machine-learning tools load them, https://docs.mlcommons.org/croissant/docs/croissant-spec-1.1.html.

A record set says from which file and column each field is read; so only a
dataset with one table has one.  The variables of all others are named.  A file
needs a hash: a remote one that nobody has hashed is named in the description.
"""

from __future__ import annotations

import re
from typing import Any, Final

import orjson

from hpcfair_kg.artifact import Artifact, Column, File
from hpcfair_kg.knowledge.iris import file_node, part
from hpcfair_kg.knowledge.site import Site
from hpcfair_kg.knowledge.views.base import View
from hpcfair_kg.knowledge.views.bibtex import entry
from hpcfair_kg.knowledge.views.origin import addresses, derived
from hpcfair_kg.knowledge.views.schema_org import background, download, license_name, person_node
from hpcfair_kg.knowledge.vocabulary import CR, DCTERMS, PROV

CONFORMS: Final = "http://mlcommons.org/croissant/1.1"

_SAME: Final = (
    "arrayShape", "citeAs", "column", "containedIn", "equivalentProperty", "extract", "field", "fileProperty",
    "fileObject", "fileSet", "format", "includes", "isArray", "isLiveDataset", "jsonPath", "key", "md5",
    "parentField", "path", "recordSet", "references", "regex", "repeated", "replace", "samplingRate",
    "separator", "source", "subField", "transform",
)  # fmt: skip
CONTEXT: Final[dict[str, Any]] = {
    "@language": "en",
    "@vocab": "https://schema.org/",
    "sc": "https://schema.org/",
    "cr": str(CR),
    "rai": f"{CR}RAI/",
    "dct": str(DCTERMS),
    "prov": str(PROV),
    "conformsTo": "dct:conformsTo",
    "name": {"@container": "@language"},
    "description": {"@container": "@language"},
    "data": {"@id": "cr:data", "@type": "@json"},
    "dataType": {"@id": "cr:dataType", "@type": "@vocab"},
    "examples": {"@id": "cr:examples", "@type": "@json"},
} | {term: f"cr:{term}" for term in _SAME}
"""The context that the specification has every file carry, with PROV's prefix."""

TABLES: Final = ("csv", "parquet")
"""Formats whose columns Croissant reads by name."""

_TYPES: Final = {"bool": "sc:Boolean", "string": "sc:Text"} | {
    name.lower(): f"cr:{name}"
    for name in (
        "Int8", "Int16", "Int32", "Int64", "UInt8", "UInt16", "UInt32", "UInt64", "Float16", "Float32", "Float64",
    )
}  # fmt: skip


class Croissant(View):
    """A dataset as a Croissant file, its context inline."""

    name = "croissant"
    media_type = "application/ld+json"
    profile = CONFORMS
    kinds = ("dataset",)

    def write(self, artifact: Artifact, site: Site) -> bytes:
        """Return the JSON-LD; a withdrawn dataset has no files and no record set."""
        return orjson.dumps(_document(artifact, site), option=orjson.OPT_INDENT_2)


def _document(artifact: Artifact, site: Site) -> dict[str, Any]:
    table = _table(artifact)
    records = _record_set(artifact, table) if table else {"field": []}
    read = {field["name"] for field in records["field"]}
    withdrawn = artifact.status == "withdrawn"
    document = {
        "@context": CONTEXT,
        "@id": artifact.id,
        "@type": "sc:Dataset",
        "conformsTo": CONFORMS,
        "name": artifact.title,
        "alternateName": f"{artifact.owner}/{artifact.name}",
        "description": _description(artifact),
        "url": artifact.id,
        "identifier": artifact.id,
        "version": artifact.version,
        "license": license_name(artifact.license),
        "keywords": list(artifact.tags),
        "creator": [person_node(person) for person in artifact.creators],
        "publisher": {"@type": "Organization", "name": site.publisher, "url": site.homepage},
        "datePublished": artifact.created,
        "dateModified": artifact.modified,
        "citeAs": entry(artifact, site),
        **background(artifact),
        "prov:wasDerivedFrom": [{"@id": iri} for iri in addresses(derived(artifact))],
        "creativeWorkStatus": "Withdrawn" if withdrawn else "",
        "distribution": [_file(artifact, file) for file in artifact.files if file.sha256 and not withdrawn],
        "recordSet": [records] if read else [],
        "variableMeasured": [c.name for c in artifact.columns if c.name not in read],
    }
    return {key: value for key, value in document.items() if value not in ([], "")}


def _description(artifact: Artifact) -> str:
    """Return the description, and which files are not listed because their hash is not known."""
    unknown = [f"{file.name} ({artifact.url(file)})" for file in artifact.files if not file.sha256]
    if not unknown or artifact.status == "withdrawn":
        return artifact.description
    return f"{artifact.description}\n\nNot listed as files, since nobody here has hashed them: {', '.join(unknown)}."


def _table(artifact: Artifact) -> File | None:
    """Return the one file that all columns are in, if they are there by name."""
    tables = [f for f in artifact.files if f.role == "original"]
    if artifact.status == "withdrawn" or len(tables) != 1 or not _readable(tables[0]):
        return None
    # A CSV without a header: its columns were numbered by us, and no reader finds them by name.
    numbered = [f"column_{n}" for n in range(1, len(artifact.columns) + 1)]
    return None if [c.name for c in artifact.columns] == numbered else tables[0]


def _readable(file: File) -> bool:
    return file.format in TABLES and bool(file.sha256)


def _file(artifact: Artifact, file: File) -> dict[str, Any]:
    types = [file.media_type] + (["application/x-parquet"] if file.format == "parquet" else [])
    return download(artifact, file) | {
        "@type": "cr:FileObject",
        "@id": file_node(artifact.id, file.name).value,
        **({"contentSize": f"{file.size} B"} if file.size is not None else {}),
        # Croissant's readers know Parquet by the name it had before it was registered.
        "encodingFormat": types if len(types) > 1 else types[0],
    }


def _record_set(artifact: Artifact, table: File) -> dict[str, Any]:
    return {
        "@type": "cr:RecordSet",
        "@id": f"{artifact.id}#columns",
        "name": "records",
        "description": f"The rows of {table.name}.",
        "field": [_field(artifact, table, n, c) for n, c in enumerate(artifact.columns) if _type(c)],
    }


def _field(artifact: Artifact, table: File, position: int, column: Column) -> dict[str, Any]:
    field = {
        "@type": "cr:Field",
        "@id": part(artifact.id, "column", position).value,
        "name": column.name,
        "dataType": _type(column),
        "source": {
            "fileObject": {"@id": file_node(artifact.id, table.name).value},
            "extract": {"column": column.name},
        },
    }
    sizes = [str(d) if isinstance(d, int) else "-1" for d in column.shape]
    return field | ({"isArray": True, "arrayShape": ",".join(sizes)} if sizes else {})


def _type(column: Column) -> str | None:
    """Return Croissant's name of an element type; None for structs and others that it has no name for."""
    if re.match(r"datetime64|timestamp", column.dtype):
        return "sc:DateTime"
    return _TYPES.get(column.dtype)


PLUGINS = (Croissant(),)
