"""Bytes of strangers as documents: what they are, and how they are parsed; read in the box only."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from pathlib import PurePosixPath
from typing import Final

import pyoxigraph as ox
from pyoxigraph import RdfFormat

from hpcfair_kg.errors import CorruptFile, UnknownFormat
from hpcfair_kg.knowledge.harvest.base import Document
from hpcfair_kg.knowledge.harvest.graph import HERE, Graph
from hpcfair_kg.knowledge.harvest.json_ld import prepared

LINES: Final = frozenset({"application/jsonl", "application/x-ndjson", "application/x-jsonlines"})
MARKDOWN: Final = "text/markdown"
JSON: Final = frozenset({"application/ld+json", "application/json"})
_RDF: Final = {
    "text/turtle": RdfFormat.TURTLE,
    "application/rdf+xml": RdfFormat.RDF_XML,
    "application/n-triples": RdfFormat.N_TRIPLES,
    "application/n-quads": RdfFormat.N_QUADS,
    "application/trig": RdfFormat.TRIG,
}
TYPES: Final = (*sorted(JSON), *_RDF, MARKDOWN, *sorted(LINES))
"""The media types that are taken."""
_SUFFIXES: Final = {
    ".jsonld": "application/ld+json", ".json": "application/json", ".ttl": "text/turtle",
    ".rdf": "application/rdf+xml", ".xml": "application/rdf+xml", ".owl": "application/rdf+xml",
    ".nt": "application/n-triples", ".nq": "application/n-quads", ".trig": "application/trig",
    ".md": MARKDOWN, ".markdown": MARKDOWN, ".jsonl": "application/jsonl", ".ndjson": "application/jsonl",
}  # fmt: skip
SUFFIXES: Final = frozenset(_SUFFIXES)
_ARCHIVES: Final = (
    b"PK\x03\x04",
    b"\x1f\x8b",
    b"BZh",
    b"\xfd7zXZ",
    b"7z\xbc\xaf",
    b"Rar!",
    b"\x28\xb5\x2f\xfd",
)
_TAR: Final = slice(257, 262)
_DOCTYPE: Final = re.compile(r"<!\s*(doctype|entity)", re.IGNORECASE)


def media_type(name: str) -> str | None:
    """Return the media type that the ending of a file's name tells of; None for one that is not taken."""
    return _SUFFIXES.get(PurePosixPath(name).suffix.lower())


def documents(data: bytes, kind: str, address: str, name: str) -> Iterator[tuple[str, bytes]]:
    """Yield the documents that a file holds, each with its name: one, or each line of JSON lines.

    Raises `CorruptFile` for what is empty, an archive, or not UTF-8, and
    `UnknownFormat` for a media type that is not taken.
    """
    if kind not in TYPES:
        raise UnknownFormat(f"{kind or 'no media type'} is not taken here; what is: {', '.join(TYPES)}")
    if not data.strip():
        raise CorruptFile("this is empty; a description says at least a title")
    if data.startswith(_ARCHIVES) or data[_TAR] == b"ustar":
        raise CorruptFile("this is an archive; unpack it and name the folder")
    if kind not in LINES:
        yield name, data
        return
    for number, line in enumerate(data.split(b"\n"), start=1):
        if line.strip():
            yield f"{name}, line {number}", line


def parsed(data: bytes, kind: str, address: str, name: str) -> Document:
    """Return one document, parsed; raises `CorruptFile` and `InvalidMetadata` saying what is wrong where."""
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as exc:
        raise CorruptFile(f"this is not UTF-8: byte {exc.start + 1:,} begins no character") from exc
    if kind == MARKDOWN:
        return Document(Graph(), text, address, name)
    counts: Counter[str] = Counter()
    if kind in JSON or kind in LINES:
        graph = _graph(prepared(text.encode(), counts), RdfFormat.JSON_LD, address)
    else:
        if kind == "application/rdf+xml" and _DOCTYPE.search(text):
            raise CorruptFile("this XML declares a DOCTYPE or entities, which is refused: write them out")
        graph = _graph(text.encode(), _RDF[kind], address)
    return Document(graph, "", address, name, counts)


def _graph(data: bytes, format: RdfFormat, address: str) -> Graph:
    try:
        return Graph(quad.triple for quad in ox.parse(data, format=format, base_iri=address or HERE))
    except (SyntaxError, ValueError) as exc:
        raise CorruptFile(f"this is no {format.name}: {' '.join(str(exc.args[0]).split())[:400]}") from exc
    except MemoryError as exc:
        if "buffer" not in str(exc):
            raise
        raise CorruptFile(
            "one of its texts has several megabytes; a description has at most 100,000 bytes, data go into files"
        ) from exc
