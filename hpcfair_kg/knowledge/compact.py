"""A graph as a tree of JSON-LD nodes in one fixed context: compaction without the general algorithm.

PyLD does the same for any context, in twenty times the time: a harvest of the
whole catalogue could not wait for it.  This knows what our context is made of
(terms with a type, sets, contexts within contexts, bases and one vocabulary),
and the tests hold it against PyLD (https://www.w3.org/TR/json-ld11-api/#compaction).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Final

from pyoxigraph import BlankNode, Literal, NamedNode

from hpcfair_kg.knowledge.vocabulary import RDF, XSD

Node = dict[str, Any]
Nodes = dict[Any, dict[NamedNode, list[Any]]]
"""A graph's objects by subject and property."""
_IRI: Final = "@id"
_TYPE, _STRING, _BOOLEAN, _INTEGER = RDF.type, XSD.string.value, XSD.boolean.value, XSD.integer.value
# Beyond this a JSON number is no longer exact everywhere (RFC 8259, section 6).
_EXACT: Final = 2**53


@dataclass(frozen=True, slots=True)
class Term:
    """What a property is called where its values are of one kind; `scope` is what its values are written in."""

    name: str
    scope: Scope
    coercion: str | None = None
    many: bool = False


class Scope:
    """One context as it is within another: what terms, types and IRIs are called there."""

    def __init__(self, context: Mapping[str, Any], within: Scope | None = None) -> None:
        self._prefixes: dict[str, str] = within._prefixes if within else _prefixes(context)
        self._defined: dict[str, Any] = {**(within._defined if within else {}), **context}
        self._base: str = self._defined.get("@base", "")
        self._vocabulary: str = self._defined.get("@vocab", "")
        self._namespaces = tuple(self._prefixes)
        self._words: dict[str, str] = {}
        self._terms: dict[tuple[str, str], Term] = {}
        self._scopes: dict[str, Scope] = {}
        self.id, self.type = self._alias("@id"), self._alias("@type")

    def term(self, predicate: str, kind: str) -> Term:
        """Return what a property is called whose value is an IRI ("@id"), of a datatype, or plain ("")."""
        found = self._terms.get((predicate, kind))
        if found is None:
            self._terms[predicate, kind] = found = self._choice(predicate, kind)
        return found

    def word(self, iri: str) -> str:
        """Return a property or a type as a word of the vocabulary, with its prefix, or whole."""
        found = self._words.get(iri)
        if found is None:
            local = self._vocabulary and iri.startswith(self._vocabulary)
            self._words[iri] = found = iri[len(self._vocabulary) :] if local else self._prefixed(iri)
        return found

    def reference(self, iri: str) -> str:
        """Return the IRI of a node: with its prefix, relative to the base, or whole."""
        short = self._prefixed(iri)
        return _relative(iri, self._base) if self._base and short == iri else short

    def _prefixed(self, iri: str) -> str:
        if not iri.startswith(self._namespaces):
            return iri
        namespace = next(space for space in self._namespaces if iri.startswith(space))
        return f"{self._prefixes[namespace]}:{iri[len(namespace) :]}" if iri != namespace else iri

    def _choice(self, predicate: str, kind: str) -> Term:
        """Choose among the terms of a property: sets first, then those of just this kind, then the shortest."""
        fitting = [term for term in self._called(predicate) if term.coercion in (kind, None)]
        order = sorted(fitting, key=lambda t: (not t.many, t.coercion is None, len(t.name), t.name))
        return order[0] if order else Term(self.word(predicate), self)

    def _called(self, predicate: str) -> Iterator[Term]:
        for name, said in self._defined.items():
            told = {"@id": said} if isinstance(said, str) else said
            if not name.startswith("@") and isinstance(told, Mapping) and self._iri(told["@id"]) == predicate:
                coercion = self._iri(told["@type"]) if "@type" in told else None
                yield Term(name, self._scope(name, told), coercion, told.get("@container") == "@set")

    def _scope(self, name: str, told: Mapping[str, Any]) -> Scope:
        if "@context" not in told:
            return self
        return self._scopes.setdefault(name, Scope(told["@context"], self))

    def _alias(self, keyword: str) -> str:
        names = (name for name, said in self._defined.items() if said == keyword)
        return min(names, key=lambda name: (len(name), name), default=keyword)

    def _iri(self, short: str) -> str:
        prefix, _, name = short.partition(":")
        return next((space + name for space, known in self._prefixes.items() if known == prefix), short)


def trees(nodes: Nodes, scope: Scope) -> list[Node]:
    """Return the nodes of a graph, in its order, each placed where it is first spoken of; empties `nodes`.

    Doubles stay text of their datatype: the JSON-LD algorithms keep 16 digits
    of a number, and a double needs 17.
    """

    def written(subject: Any, within: Scope) -> Node:
        node: Node = {within.id: _reference(subject, within)}
        said = nodes.pop(subject)
        if kinds := said.pop(_TYPE, None):
            words = [within.word(kind.value) for kind in kinds]
            node[within.type] = words if len(words) > 1 else words[0]
        for predicate, values in said.items():
            name = predicate.value
            for value in values:
                kind, read = _read(value) if isinstance(value, Literal) else (_IRI, value)
                term = within.term(name, kind)
                placed = kind == _IRI and value in nodes
                _add(node, term, written(value, term.scope) if placed else _value(kind, read, term))
        return node

    found = []
    while nodes:
        found.append(written(next(iter(nodes)), scope))
    return found


@lru_cache(1024)
def _relative(iri: str, base: str) -> str:
    """Return an IRI relative to the base: licences, media types and access rights, of which there are few."""
    from pyld.iri_resolver import unresolve

    return str(unresolve(iri, base))


def _prefixes(context: Mapping[str, Any]) -> dict[str, str]:
    """Return the prefixes by the namespaces that they stand for."""
    return {said: name for name, said in context.items() if isinstance(said, str) and said[-1] in "#/"}


def _read(literal: Literal) -> tuple[str, Any]:
    """Return the datatype of a literal and its value; "" where JSON has the type itself."""
    text, datatype = literal.value, literal.datatype.value
    if datatype == _STRING:
        return "", text
    if datatype == _INTEGER and abs(number := int(text)) < _EXACT:
        return "", number
    if datatype == _BOOLEAN:
        return "", text in ("true", "1")
    return ("", {"@language": literal.language, "@value": text}) if literal.language else (datatype, text)


def _add(node: Node, term: Term, value: Any) -> None:
    if term.many:
        node.setdefault(term.name, []).append(value)
    elif term.name not in node:
        node[term.name] = value
    elif isinstance(node[term.name], list):
        node[term.name].append(value)
    else:
        node[term.name] = [node[term.name], value]


def _value(kind: str, read: Any, term: Term) -> Any:
    """Return a value that is no node of its own: bare where JSON or the term tells what it is."""
    if kind == _IRI:
        reference = _reference(read, term.scope)
        return reference if term.coercion == _IRI else {term.scope.id: reference}
    if kind in ("", term.coercion):
        return read
    return {term.scope.type: term.scope.word(kind), "@value": read}


def _reference(node: Any, scope: Scope) -> str:
    """Return the name of a node, which may be a blank one."""
    return str(node) if isinstance(node, BlankNode) else scope.reference(node.value)
