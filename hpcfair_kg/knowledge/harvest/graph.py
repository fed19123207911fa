"""A stranger's graph as it is read: who asks for a property has understood it, and the rest can be told."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from functools import lru_cache
from typing import Any, Final

from pyoxigraph import BlankNode, Literal, NamedNode, Triple

from hpcfair_kg.knowledge.checks import Report, note
from hpcfair_kg.knowledge.namespaces import canonical
from hpcfair_kg.knowledge.terms import by_subject
from hpcfair_kg.knowledge.vocabulary import IT6, RDF, SCHEMA, WHOLE

HERE: Final = "https://relative.invalid/"
"""What relative references are resolved against where a document has no address."""
_PREFIXES: Final = {iri: name for name, iri in {**WHOLE, "schema": str(SCHEMA), "it6": str(IT6)}.items()}
_TYPE: Final = RDF.type

Node = NamedNode | BlankNode


class Graph:
    """The nodes of a document, every term by its IRI here; it notes what is asked of it."""

    def __init__(self, triples: Iterable[Triple] = ()) -> None:
        self.said: dict[Any, dict[NamedNode, list[Any]]] = by_subject(map(_here, triples))
        self.asked: set[tuple[Any, NamedNode]] = set()
        self.spoken: set[Any] = set()
        self.claimed: set[Any] = set()

    def things(self, *types: NamedNode) -> list[Thing]:
        """Return what is of one of these types and not claimed, in the order of the document."""
        wanted = set(types)
        found = (node for node, said in self.said.items() if not wanted.isdisjoint(said.get(_TYPE, ())))
        return [Thing(self, node, []) for node in found if node not in self.claimed]

    def claim(self, thing: Thing) -> None:
        """Note that a dialect describes this thing; the others leave it alone."""
        self.claimed.add(thing.node)

    def within(self, thing: Thing, *ends: NamedNode) -> list[Triple]:
        """Return what is said of a thing and of all that this leads to, short of other things that say an end."""
        found, waiting, seen = [], [thing.node], {thing.node}
        while waiting:
            node = waiting.pop()
            self.spoken.add(node)
            for predicate, values in self.said[node].items():
                self.asked.add((node, predicate))
                found += [Triple(node, predicate, value) for value in values]
                leads = [v for v in values if v in self.said and v not in seen]
                seen.update(leads)
                waiting += [v for v in leads if not any(end in self.said[v] for end in ends)]
        return found

    def not_understood(self) -> Counter[str]:
        """Count what no dialect asked for: "type property" of things that were looked at, types of those nobody names."""
        counts: Counter[str] = Counter()
        looked_at = {node for node, _ in self.asked}
        named = {value for said in self.said.values() for values in said.values() for value in values}
        for node, said in self.said.items():
            kinds = " ".join(sorted(map(short, said.get(_TYPE, ())))[:3])
            if node in looked_at:
                unasked = [p for p in said if p != _TYPE and (node, p) not in self.asked]
                counts.update(f"{kinds} {short(p)}".strip() for p in unasked)
            elif node not in named:
                counts[kinds or ", ".join(sorted(map(short, said))[:3])] += 1
        return counts


class Thing:
    """One node of a graph; what it says that nobody can make sense of goes into the `report`."""

    __slots__ = ("graph", "node", "report")

    def __init__(self, graph: Graph, node: Node, report: Report) -> None:
        self.graph, self.node, self.report = graph, node, report

    @property
    def iri(self) -> str:
        """The thing's own IRI; "" for one that has none."""
        absolute = isinstance(self.node, NamedNode) and not self.node.value.startswith(HERE)
        return self.node.value if absolute else ""

    def is_a(self, *types: NamedNode) -> bool:
        """Whether it has one of these types."""
        return not set(types).isdisjoint(self.graph.said.get(self.node, {}).get(_TYPE, ()))

    def values(self, *terms: NamedNode) -> list[Any]:
        """Return the values of the first of these properties that has any; all of them count as asked for."""
        said = self.graph.said.get(self.node, {})
        self.graph.asked.update((self.node, term) for term in terms)
        return list(dict.fromkeys(next((said[term] for term in terms if term in said), ())))

    def things(self, *terms: NamedNode) -> list[Thing]:
        """Return what these properties lead to, as things; text is none."""
        found = [v for v in self.values(*terms) if not isinstance(v, Literal)]
        self.graph.spoken.update(found)
        return [Thing(self.graph, node, self.report) for node in found]

    def texts(self, *terms: NamedNode) -> list[str]:
        """Return the values as text, each once, of texts in several languages those of the likeliest."""
        values = self.values(*terms)
        self.graph.spoken.update(v for v in values if not isinstance(v, Literal))
        return [str(v.value) for v in _preferred(values) if not isinstance(v, BlankNode)]

    def text(self, *terms: NamedNode) -> str | None:
        """Return the one value as text; several that differ are a fault."""
        found = list(dict.fromkeys(self.texts(*terms)))
        if len(found) > 1:
            path, said = short(terms[0]), " and ".join(repr(text[:60]) for text in found[:3])
            note(self.report, path, f"{path} is said {len(found)} times, {said}: say it once")
        return found[0] if found else None

    def line(self, *terms: NamedNode) -> str | None:
        """Return the one value as a text without line breaks."""
        return _one_line(self.text(*terms))

    def lines(self, *terms: NamedNode) -> list[str]:
        """Return the values as texts without line breaks."""
        return [line for text in self.texts(*terms) if (line := _one_line(text))]


def short(term: NamedNode) -> str:
    """Return a term with its prefix, as people write it.

    >>> short(NamedNode("http://purl.org/dc/terms/title"))
    'dcterms:title'
    """
    place = max(term.value.rfind("#"), term.value.rfind("/")) + 1
    prefix = _PREFIXES.get(term.value[:place])
    return f"{prefix}:{term.value[place:]}" if prefix else str(term.value)


def _one_line(text: str | None) -> str | None:
    return " ".join(text.split()) if text else None


def _preferred(values: list[Any]) -> Iterator[Any]:
    """Yield the values in English, or those in no language, or those in the first of the others."""
    languages = [v.language if isinstance(v, Literal) else None for v in values]
    wanted = min(languages, key=_strangeness, default=None)
    return (value for value, language in zip(values, languages, strict=True) if language == wanted)


def _strangeness(language: str | None) -> int:
    return {"en": 0, None: 1}.get(language, 2 if str(language).startswith("en-") else 3)


def _here(triple: Triple) -> Triple:
    subject, predicate, value = triple
    return Triple(_mapped(subject), _mapped(predicate), _mapped(value))


def _mapped(node: Any) -> Any:
    return _known(node) if isinstance(node, NamedNode) else node


@lru_cache(4096)
def _known(node: NamedNode) -> NamedNode:
    return NamedNode(canonical(node.value))
