"""Croissant 1.0 and 1.1: datasets with their files and the fields of their records (https://docs.mlcommons.org/croissant/)."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any, ClassVar, Final
from urllib.parse import unquote

from pyoxigraph import Literal, NamedNode

from hpcfair_kg.knowledge.harvest import works
from hpcfair_kg.knowledge.harvest.base import Description, Dialect, Document
from hpcfair_kg.knowledge.harvest.graph import Thing
from hpcfair_kg.knowledge.harvest.schema_org import variables, work
from hpcfair_kg.knowledge.namespaces import canonical
from hpcfair_kg.knowledge.vocabulary import CR, DCTERMS, PROV, SCHEMA

_SPEC: Final = "http://mlcommons.org/croissant/"
_TYPES: Final = {
    "Boolean": "bool", "Text": "string", "Integer": "int64", "Number": "float64", "Float": "float64",
    "Date": "datetime64[D]", "DateTime": "datetime64[us]", "Time": "time", "URL": "string",
} | {
    name: name.lower()
    for name in (
        "Int8", "Int16", "Int32", "Int64", "UInt8", "UInt16", "UInt32", "UInt64", "Float16", "Float32", "Float64",
    )
}  # fmt: skip


class Croissant(Dialect):
    """Datasets with their record sets as columns."""

    name: ClassVar[str] = "croissant"
    rank: ClassVar[int] = 20

    def read(self, document: Document) -> Iterator[Description]:
        """Yield each dataset that says it is Croissant, or has what only Croissant has."""
        for thing in document.graph.things(SCHEMA.Dataset):
            if _is_croissant(thing):
                document.graph.claim(thing)
                description = work(thing, document, self.name)
                description.say(kind="dataset", columns=_columns(thing))
                description.say(derived_from=works.references(thing, PROV.wasDerivedFrom, SCHEMA.isBasedOn))
                description.remark(*_patterns(thing))
                yield description


def _is_croissant(thing: Thing) -> bool:
    conforms = any(text.startswith(_SPEC) for text in thing.texts(DCTERMS.conformsTo))
    return conforms or CR.recordSet in thing.graph.said[thing.node]


def _columns(thing: Thing) -> list[dict[str, Any]]:
    """Return the fields of all record sets; of several, each with the name of its own before it."""
    sets = thing.things(CR.recordSet)
    found = []
    for records in sets:
        prefix = f"{_named(records)}/" if len(sets) > 1 else ""
        found += [_column(field, prefix, records) for field in records.things(CR.field)]
    listed = {column["name"] for column in found}
    return [*found, *(column for column in variables(thing) if column["name"] not in listed)]


def _column(field: Thing, prefix: str, records: Thing) -> dict[str, Any]:
    # Where a name carries that of its record set, as the @id of a field does, "records/age" is "age".
    name = _named(field).removeprefix(f"{_named(records)}/")
    column: dict[str, Any] = {"name": prefix + name, "dtype": _dtype(field)}
    shape = field.line(CR.arrayShape)
    if shape:
        column["shape"] = [int(d) if d.strip().lstrip("-").isdigit() else d.strip() for d in shape.split(",")]
    elif "true" in (field.line(CR.isArray), field.line(CR.repeated)):
        column["shape"] = [-1]
    return column


def _dtype(field: Thing) -> str:
    """Return NumPy's name of the first type that it has one for; a field with parts is a struct."""
    if CR.subField in field.graph.said[field.node]:
        return "struct"
    kinds = []
    for value in field.values(CR.dataType):
        field.graph.spoken.add(value)
        iri = value.value if isinstance(value, (NamedNode, Literal)) else ""
        kinds.append(canonical(iri).replace(":", "/").rpartition("/")[2])
    known = [_TYPES[kind] for kind in kinds if kind in _TYPES]
    return next(iter([*known, *kinds]), "unknown")


def _named(thing: Thing) -> str:
    return thing.line(SCHEMA.name) or unquote(re.split("[#/]", thing.node.value)[-1]) or "unnamed"


def _patterns(thing: Thing) -> Iterator[str]:
    """Yield a remark for each set of files, which is no file but a pattern."""
    for file in thing.things(SCHEMA.distribution):
        if file.is_a(CR.FileSet):
            pattern = ", ".join(file.lines(CR.includes)) or "?"
            yield f"{_named(file)} is a set of files, {pattern}: they are not listed one by one"


PLUGINS = (Croissant(),)
