"""How values become RDF terms and are had back: one codec for each kind of value.

The spellings are those that the store keeps: Oxigraph makes every derived
integer an xsd:integer and cuts the zeros at the end of a fraction.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import quote, unquote

from pyoxigraph import Literal, NamedNode

from hpcfair_kg.artifact import Dimension
from hpcfair_kg.knowledge import licenses
from hpcfair_kg.knowledge.vocabulary import ACCESS_RIGHTS, MEDIA_TYPES, RDF, XSD

Value = NamedNode | Literal
ACCESS: Final[dict[str, NamedNode]] = {
    "public": NamedNode(ACCESS_RIGHTS + "PUBLIC"),
    "restricted": NamedNode(ACCESS_RIGHTS + "RESTRICTED"),
    "private": NamedNode(ACCESS_RIGHTS + "NON_PUBLIC"),
}
_VISIBILITY = {iri: name for name, iri in ACCESS.items()}
_NUMBER = re.compile(r"-?[0-9]+")
_IRI = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:")


@dataclass(frozen=True, slots=True)
class Codec:
    """How values of one kind are written as RDF terms, and read."""

    write: Callable[[Any], Value]
    read: Callable[[Any], Any]


def iri_or_text(value: str) -> Value:
    """Return an IRI where the text is one, else the text itself: a reference that nobody resolved."""
    if _IRI.match(value):
        try:
            return NamedNode(value)
        except ValueError:
            pass
    return Literal(value)


def scalar(value: Any) -> Literal:
    """Return a JSON value as a typed literal; what XSD has no type for is an rdf:JSON."""
    if isinstance(value, bool):
        return Literal(value)
    if isinstance(value, int):
        return Literal(str(value), datatype=XSD.integer)
    if isinstance(value, (float, str)):
        return Literal(value)
    return _json(value)


def unscalar(literal: Literal) -> Any:
    """Return the JSON value of a literal that `scalar` wrote."""
    return _PARSERS.get(literal.datatype, str)(literal.value)


def _json(value: Any) -> Literal:
    return Literal(
        json.dumps(value, separators=(",", ":"), sort_keys=True, ensure_ascii=False), datatype=RDF.JSON
    )


_PARSERS: Mapping[NamedNode, Callable[[str], Any]] = {
    XSD.integer: int,
    XSD.double: float,
    XSD.boolean: lambda text: text in ("true", "1"),
    RDF.JSON: json.loads,
}


def _shape(shape: tuple[Dimension, ...]) -> Literal:
    return Literal(",".join(_dimension(d) for d in shape))


def _dimension(dimension: Dimension) -> str:
    """Write a dimension so that a name is never mistaken for a number, nor its comma for the next one."""
    if isinstance(dimension, int):
        return str(dimension)
    if _NUMBER.fullmatch(dimension):
        return f"%{ord(dimension[0]):02X}{dimension[1:]}"
    return dimension.replace("%", "%25").replace(",", "%2C")


def _unshape(literal: Literal) -> tuple[Dimension, ...]:
    parts = literal.value.split(",")
    return tuple(int(part) if _NUMBER.fullmatch(part) else unquote(part) for part in parts)


def _time(text: str) -> Literal:
    whole, dot, fraction = text.removesuffix("Z").partition(".")
    fraction = fraction.rstrip("0")
    short = f"{whole}.{fraction}Z" if fraction else f"{whole}Z"
    return Literal(short if dot and text.endswith("Z") else text, datatype=XSD.dateTime)


def _untime(literal: Literal) -> str:
    """Return a time with its fraction at microseconds, so that times sort as text."""
    whole, dot, fraction = str(literal.value).partition(".")
    return f"{whole}.{fraction.removesuffix('Z'):0<6}Z" if dot and fraction.endswith("Z") else literal.value


def _text(term: Value) -> str:
    return str(term.value)


TEXT: Final = Codec(Literal, _text)
INTEGER: Final = Codec(lambda value: Literal(str(value), datatype=XSD.integer), lambda term: int(term.value))
DOUBLE: Final = Codec(lambda value: Literal(float(value)), lambda term: float(term.value))
TIME: Final = Codec(_time, _untime)
IRI: Final = Codec(NamedNode, _text)
REFERENCE: Final = Codec(iri_or_text, _text)
LICENSE: Final = Codec(lambda text: NamedNode(licenses.iri(text)), lambda term: licenses.text(term.value))
VISIBILITY: Final = Codec(ACCESS.__getitem__, _VISIBILITY.__getitem__)
SHAPE: Final = Codec(_shape, _unshape)
TRIALS: Final = Codec(_json, lambda term: tuple(tuple(shape) for shape in json.loads(term.value)))
MEDIA: Final = Codec(
    lambda text: NamedNode(MEDIA_TYPES + quote(text, safe="/+")),
    lambda term: unquote(term.value.removeprefix(MEDIA_TYPES)),
)
