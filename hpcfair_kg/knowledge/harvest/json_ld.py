"""Foreign JSON-LD made ready for a parser: bounded, its contexts those that are shipped, what a parser would drop told.

Nothing is fetched.  A context known by address is our own, or schema.org's, for
which a vocabulary that takes every term stands in.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from typing import Any, Final

import orjson

from hpcfair_kg.errors import CorruptFile, InvalidMetadata
from hpcfair_kg.knowledge.ontology import context as ours
from hpcfair_kg.knowledge.vocabulary import SCHEMA

DEPTH: Final = 64
"""How deep a document may be nested: a record of our own needs 6, Croissant 10; at 5,000 a parser crashes."""
_SCHEMA_ORG: Final = re.compile(
    r"https?://(www\.)?schema\.org(/|/docs/jsonldcontext\.jsonl?d?)?", re.IGNORECASE
)
_BAD_IRI: Final = re.compile(r"[a-z][a-z0-9+.-]*://.*[\s<>\"{}|\\^`]", re.IGNORECASE)
_STAND_IN: Final = {"@vocab": str(SCHEMA), "schema": str(SCHEMA), "id": "@id", "type": "@type"}


def prepared(data: bytes, not_understood: Counter[str]) -> bytes:
    """Return a JSON-LD document that a parser can be given; keys that it would drop are counted.

    Raises `CorruptFile` for what is no JSON-LD or nested too deep, and
    `InvalidMetadata` for contexts that would have to be fetched and for IRIs
    that are none: a parser drops what they stand for without a word.
    """
    document = _loaded(data)
    nested = _parts(document)
    contexts = [part["@context"] for part in nested if "@context" in part]
    if not contexts:
        raise CorruptFile("this JSON has no @context, so nothing says what its keys mean; JSON-LD has one")
    _refuse_remote(contexts)
    for part in nested:
        if "@context" in part:
            part["@context"] = _inlined(part["@context"])
    terms = _Terms(part["@context"] for part in nested if "@context" in part)
    _refuse_bad(nested, terms)
    not_understood.update(terms.unknown(nested))
    return orjson.dumps(document)


def _loaded(data: bytes) -> Any:
    try:
        document = orjson.loads(data)
    except orjson.JSONDecodeError as exc:
        if "depth" in str(exc):
            raise _too_deep() from exc
        raise CorruptFile(f"this is no JSON: {exc}") from exc
    if not isinstance(document, (dict, list)):
        raise CorruptFile("this JSON holds no object; a description is one")
    return document


def _parts(document: Any) -> list[dict[str, Any]]:
    """Return every object of a document but those inside contexts and JSON literals, found without recursion."""
    waiting, found = [(document, 0)], []
    while waiting:
        value, depth = waiting.pop()
        if depth > DEPTH:
            raise _too_deep()
        if isinstance(value, dict):
            found.append(value)
            waiting += ((item, depth + 1) for key, item in value.items() if key != "@context")
        elif isinstance(value, list):
            waiting += ((item, depth + 1) for item in value)
    return found


def _too_deep() -> CorruptFile:
    return CorruptFile(f"this JSON is nested more than {DEPTH} levels deep, which no description needs")


def _refuse_remote(contexts: list[Any]) -> None:
    remote = {str(a) for c in contexts for a in _addresses(c) if _shipped(a) is None}
    if remote:
        named = ", ".join(sorted(remote))[:500]
        message = f"the context {named} is not shipped, and nothing is fetched: write the definitions into the document"
        raise InvalidMetadata(
            message, report=[{"path": "@context", "message": message, "value": named[:200]}]
        )


def _addresses(context: Any) -> Iterator[Any]:
    for one in _listed(context):
        if isinstance(one, dict):
            yield from ([one["@import"]] if "@import" in one else ())
            scoped = (
                term["@context"] for term in one.values() if isinstance(term, dict) and "@context" in term
            )
            for inner in scoped:
                yield from (address for address in _listed(inner) if isinstance(address, str))
        elif one is not None:
            yield one


def _shipped(address: Any) -> dict[str, Any] | None:
    """Return the context that an address stands for, where it is shipped."""
    if not isinstance(address, str):
        return None
    if address == "context.jsonld" or address.endswith("/context.jsonld"):
        return ours()
    return _STAND_IN if _SCHEMA_ORG.fullmatch(address) else None


def _inlined(context: Any) -> Any:
    found = [_shipped(one) if isinstance(one, str) else one for one in _listed(context)]
    return found[0] if len(found) == 1 else found


def _refuse_bad(parts: list[dict[str, Any]], terms: _Terms) -> None:
    """Refuse IRIs with spaces and other characters that none can have (RFC 3987)."""
    bad = [
        (key, value)
        for part in parts
        for key, values in part.items()
        if key in terms.of_iris
        for value in _listed(values)
        if isinstance(value, str) and _BAD_IRI.match(value)
    ]
    if bad:
        report = [
            {"path": key, "message": f"{value[:200]!r} is no IRI: write a space as %20", "value": value[:200]}
            for key, value in bad
        ]
        raise InvalidMetadata("; ".join(entry["message"] for entry in report)[:2000], report=report)


class _Terms:
    """What the contexts of a document define: every term, and those whose values are IRIs."""

    def __init__(self, contexts: Iterator[Any]) -> None:
        self._known: set[str] = set()
        self.of_iris = {"@id"}
        self._anything = False
        waiting = list(contexts)
        while waiting:
            context = waiting.pop()
            if isinstance(context, list):
                waiting += context
            elif isinstance(context, dict):
                self._anything |= bool(context.get("@vocab"))
                for term, definition in context.items():
                    self._define(term, definition)
                    if isinstance(definition, dict) and "@context" in definition:
                        waiting.append(definition["@context"])

    def _define(self, term: str, definition: Any) -> None:
        self._known.add(term)
        if definition == "@id" or (isinstance(definition, dict) and definition.get("@type") == "@id"):
            self.of_iris.add(term)

    def unknown(self, parts: list[dict[str, Any]]) -> Counter[str]:
        """Count the keys that no context defines."""
        if self._anything:
            return Counter()
        keys = (key for part in parts for key in part if key not in self._known)
        return Counter(f"key {key[:200]}" for key in keys if not key.startswith("@") and ":" not in key)


def _listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]
