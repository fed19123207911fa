"""What the search index holds of an artifact, and the folder it holds it in.

The index is a projection of the graph: one tantivy document an artifact, with
its facets, its words, its place in the order, the summary that a hit shows, and
the signature that decides what it fits.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any

import orjson
import tantivy

from hpcfair_kg.artifact import Artifact
from hpcfair_kg.knowledge.closure import broader
from hpcfair_kg.knowledge.signatures import Signature, offered

FACETS = (
    "kind", "tag", "framework", "task", "license", "creator", "format", "architecture", "status", "owner",
    "project", "machine",
)  # fmt: skip
"""What can be filtered by and counted; each may have several values in one artifact."""

# A change in what is put into a document is a change of this name: it is part
# of the schema, so an index written before it is seen to be old.
_WORDS = "words-3"
_STALE = "stale"
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@cache
def schema() -> Any:
    """Return the tantivy schema: facets as raw fast text, words split, numbers for the order."""
    builder = tantivy.SchemaBuilder()
    builder.add_text_field("key", tokenizer_name="raw", index_option="basic")
    for facet in FACETS:
        builder.add_text_field(facet, fast=True, tokenizer_name="raw", index_option="basic")
    for text in ("heading", "words"):
        builder.add_text_field(text, tokenizer_name=_WORDS, index_option="freq")
    for number in ("created", "modified", "tie"):
        builder.add_unsigned_field(number, indexed=True, fast=True)
    for raw, fast in (("signature", True), ("fitting", False)):
        builder.add_text_field(raw, fast=fast, tokenizer_name="raw", index_option="basic")
    for kept in ("summary", "signed"):
        builder.add_bytes_field(kept, stored=True)
    return builder.build()


@cache
def _analyzer() -> Any:
    split = tantivy.TextAnalyzerBuilder(tantivy.Tokenizer.simple())
    return split.filter(tantivy.Filter.lowercase()).filter(tantivy.Filter.ascii_fold()).build()


def words(text: str) -> list[str]:
    """Split a text as the index does: "Protein-folding in C++" gives protein, folding, in, c."""
    found: list[str] = _analyzer().analyze(text)
    return found


def open_folder(folder: Path) -> Any:
    """Open the tantivy index in a folder that is the index's own.

    What is missing, damaged or of another version is replaced by an empty
    index, marked stale until `settle` is called.
    """
    folder.mkdir(parents=True, exist_ok=True)
    try:
        if tantivy.Index.exists(str(folder)):
            return _open(folder)
    except (ValueError, OSError):  # tantivy's words for damage, another schema and another version
        shutil.rmtree(folder)
        folder.mkdir()
    (folder / _STALE).touch()
    return _open(folder)


def is_stale(folder: Path) -> bool:
    """Say whether the index was made anew and not filled since."""
    return (folder / _STALE).exists()


def settle(folder: Path) -> None:
    """Note that the index holds everything it should."""
    (folder / _STALE).unlink(missing_ok=True)


def _open(folder: Path) -> Any:
    engine = tantivy.Index(schema(), path=str(folder))
    engine.register_tokenizer(_WORDS, _analyzer())
    engine.config_reader("manual")
    engine.reload()
    return engine


def document(artifact: Artifact) -> Any:
    """Return the document of an artifact."""
    made = tantivy.Document()
    made.add_text("key", artifact.key)
    for facet, values in facets(artifact).items():
        for value in values:
            made.add_text(facet, value)
    heading = f"{artifact.title} {artifact.name}"
    made.add_text("heading", heading)
    made.add_text("words", f"{heading} {_body(artifact)}")
    made.add_unsigned("created", microseconds(artifact.created))
    made.add_unsigned("modified", microseconds(artifact.modified))
    made.add_unsigned("tie", tie(artifact.key))
    made.add_bytes("summary", orjson.dumps(artifact.summary()))
    if offered(artifact):
        _sign(made, Signature.of(artifact))
    return made


def _sign(made: Any, signature: Signature) -> None:
    made.add_bytes("signed", signature.text())
    made.add_text("signature", signature.digest)
    for word in signature.words():
        made.add_text("fitting", word)


def summary(searcher: Any, address: Any) -> dict[str, Any]:
    """Return what a hit shows of the artifact at an address."""
    shown: dict[str, Any] = orjson.loads(searcher.doc(address).get_first("summary"))
    return shown


def signature(searcher: Any, digest: str) -> Signature:
    """Return the signature of this digest, which some artifact of the index has."""
    ((_, address),) = searcher.search(term("signature", digest), 1, count=False).hits
    return Signature.read(searcher.doc(address).get_first("signed"))


def any_of(field: str, values: Iterable[str]) -> Any:
    """Return the clause for what has any of these values of a raw field."""
    return tantivy.Query.term_set_query(schema(), field, list(values))


def term(field: str, value: str) -> Any:
    """Return the clause for a value of a raw field."""
    return tantivy.Query.term_query(schema(), field, value, "basic")


def between(field: str, lowest: int, highest: int) -> Any:
    """Return the clause for the numbers of a range, both ends included."""
    return tantivy.Query.range_query(schema(), field, tantivy.FieldType.Unsigned, lowest, highest)


def facets(artifact: Artifact) -> dict[str, list[str]]:
    """Return an artifact's values by facet, each once; what is not known has none.

    An architecture counts as every kind that it is one of, as its types in the
    graph do.  Formats are those of the forms that can be had: neither what failed its
    proof nor what only comes along counts.
    """
    forms = [file.format for file in artifact.files if file.role in ("original", "converted")]
    values = {
        "kind": [artifact.kind],
        "tag": artifact.tags,
        "framework": [artifact.framework],
        "task": [artifact.task],
        "license": [artifact.license],
        "creator": [person.name for person in artifact.creators],
        "format": forms,
        "architecture": [artifact.architecture, *broader(artifact.architecture)],
        "status": [artifact.status],
        "owner": [artifact.owner],
        "project": [project.name for project in artifact.projects],
        "machine": [machine.name for machine in artifact.machines],
    }
    return {facet: list(dict.fromkeys(filter(None, found))) for facet, found in values.items()}


def tie(key: str) -> int:
    """Return a number that orders keys as their text does, by their first eight bytes.

    A catalogue's keys are eight letters and a character computed from them.
    """
    return int.from_bytes(key.encode()[:8].ljust(8, b"\0"))


def microseconds(time: str) -> int:
    """Return a time of ISO 8601, UTC where it says no zone, in microseconds since 1970; 0 for none and for earlier ones."""
    if not time:
        return 0
    read = datetime.fromisoformat(time)
    return max(0, (read.replace(tzinfo=read.tzinfo or UTC) - _EPOCH) // timedelta(microseconds=1))


def _body(artifact: Artifact) -> str:
    people = [person.name for person in artifact.creators]
    columns = [column.name for column in artifact.columns]
    settings = [f"{name} {value}" for name, value in artifact.hyperparameters.items()]
    named = [artifact.key, artifact.owner, artifact.task, artifact.framework, artifact.architecture]
    said = [*artifact.tags, *people, *columns, *settings, *artifact.operators, *_surroundings(artifact)]
    return " ".join(filter(None, [artifact.description, *said, *named]))


def _surroundings(artifact: Artifact) -> Iterator[str | None]:
    """Yield what is said of an artifact's projects and machines."""
    for project in artifact.projects:
        yield from (project.name, project.award, *project.funders)
    for machine in artifact.machines:
        yield from (machine.name, machine.kind, machine.cpu, machine.gpu, machine.vendor)
