"""Changes the address that every IRI of a store begins with.

An IRI is the store's own when it is the old base followed by "/", "/#…" or
"/ark:/…", which is all that is ever made from a base.  So a graph that was
rewritten holds no such IRI any more: to begin again is to go on.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import TypeVar
from urllib.parse import urlsplit

from pyoxigraph import NamedNode, Triple

from hpcfair_kg.backends.graph.base import Graphs
from hpcfair_kg.errors import InvalidConfig
from hpcfair_kg.knowledge.check import batches

BATCH = 200
_SPOKEN = re.compile(r"https?://[^\s<>\"{}|\\^`?#]+")
Node = TypeVar("Node")
Move = Callable[[str], str]


def base_url(said: str) -> str:
    """Return an address as a base, without the slash at its end; raises `InvalidConfig` for what is none."""
    base = said.strip().rstrip("/")
    try:
        parts = urlsplit(base) if _SPOKEN.fullmatch(base) else None
        named = parts is not None and parts.hostname and parts.port != 0 and "@" not in parts.netloc
    except ValueError:
        named = False
    if not named or "/ark:" in base:
        raise InvalidConfig(f"{said!r} is no base address; one reads https://models.example.org or …/kg")
    return base


def rebase(graphs: Graphs, old: str, new: str) -> Iterator[int]:
    """Rewrite every graph that speaks of the old base, some at once; yield how many did after each time."""
    move, done = _mover(old, new), 0
    for names in batches(list(graphs.names()), BATCH):
        changed = _changed(graphs, names, move)
        if changed:
            graphs.write(dict.fromkeys(changed, ()) | {move(name): said for name, said in changed.items()})
        done += len(changed)
        yield done


def _mover(old: str, new: str) -> Move:
    own = re.compile(re.escape(old) + r"/(?=$|#|ark:/)")
    return lambda iri: own.sub(lambda _: f"{new}/", iri, count=1) if own.match(iri) else iri


def _changed(graphs: Graphs, names: Iterable[str], move: Move) -> Mapping[str, list[Triple]]:
    """Return the graphs that hold something of the old base, with their triples as they are to be."""
    changed = {}
    for name in names:
        before = graphs.triples(name)
        after = [
            Triple(_moved(t.subject, move), _moved(t.predicate, move), _moved(t.object, move)) for t in before
        ]
        if move(name) != name or after != before:
            changed[name] = after
    return changed


def _moved(term: Node, move: Move) -> Node:
    return type(term)(move(term.value)) if isinstance(term, NamedNode) else term
