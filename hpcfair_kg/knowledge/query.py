"""A question to the catalogue: words, chosen facets, and which page; read from URL parameters."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from hpcfair_kg.errors import UnknownParameter
from hpcfair_kg.knowledge import cursors
from hpcfair_kg.knowledge.index import FACETS

PARAMETERS = ("q", *FACETS, "facets", "limit", "cursor")
DEFAULT_FACETS = ("kind", "framework", "task", "license", "tag", "status")
MOST = 500
LONGEST = 1000
TOO_MUCH = 1 << 64


@dataclass(frozen=True)
class Query:
    """One question: words, chosen values by facet, the facets to count, and which page.

    `limit` is 0 to 500 hits (0: counts only); `cursor` is the `next` of the
    page before.  Raises `UnknownParameter` for what is none of these.
    """

    q: str = ""
    filters: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    facets: tuple[str, ...] = DEFAULT_FACETS
    limit: int = 20
    cursor: str | None = None

    def __post_init__(self) -> None:
        for facet in (*self.filters, *self.facets):
            if facet not in FACETS:
                raise refusal(f"there is no facet {facet!r}", FACETS, facet)
        if not 0 <= self.limit <= MOST:
            raise refusal(f"limit is {self.limit}; it must be a whole number from 0 to {MOST}")
        if len(self.q) > LONGEST:
            raise refusal(f"q has {len(self.q)} characters; {LONGEST} are the most")


@dataclass(frozen=True)
class Place:
    """A place in the order of hits: its value (time or score), its tie-breaker, how many came before."""

    value: float
    tie: int
    seen: int

    def cursor(self, digest: str) -> str:
        """Return the place as text for the query of this digest."""
        return cursors.write(digest, self.value, self.tie, self.seen)

    @classmethod
    def read(cls, cursor: str, digest: str) -> Place:
        """Read a cursor; raises `UnknownParameter` for another query's, and for what is none."""
        try:
            whose, *place = cursors.read(cursor)
            value, tie, seen = (n for n in place if not isinstance(n, str) and 0 <= n < TOO_MUCH)
        except ValueError as exc:
            raise refusal("the cursor is none that a search gave; leave it out to begin again") from exc
        if whose != digest:
            raise refusal("the cursor is another query's; leave it out to begin this one")
        return cls(value, int(tie), min(int(seen), TOO_MUCH >> 1))


def parse(args: Iterable[tuple[str, str]]) -> Query:
    """Read a query from URL parameters, an empty one counting as not given.

    Facets repeat; `facets` lists names, separated by commas.  Raises
    `UnknownParameter`, naming the parameters there are, for one that is not, is
    given twice, or has no value of its type.
    """
    given: dict[str, list[str]] = {}
    for name, value in args:
        if name not in PARAMETERS:
            raise refusal(f"unknown parameter {name!r}", near=name)
        # A lone surrogate, which some decoders let through, is no text to the engine.
        given.setdefault(name, []).append(value.encode("utf-8", "replace").decode())
    filters = {facet: chosen for facet in FACETS if (chosen := _values(given.get(facet, [])))}
    facets = _values(",".join(given["facets"]).split(",")) if "facets" in given else DEFAULT_FACETS
    once = {name: single(name, given.get(name, [])) for name in ("q", "limit", "cursor")}
    limit = number(once["limit"]) if once["limit"] else Query.limit
    return Query(once["q"], filters, facets, limit, once["cursor"] or None)


def refusal(message: str, known: Iterable[str] = PARAMETERS, near: str = "") -> UnknownParameter:
    """Make the error for a parameter: what is wrong, what is nearest, what there is."""
    names = list(known)
    if close := difflib.get_close_matches(near, names, n=1):
        message += f"; did you mean {close[0]!r}?"
    if near:
        message += f" There are: {', '.join(names)}" if close else f"; there are: {', '.join(names)}"
    return UnknownParameter(message, known=names)


def _values(given: Iterable[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(value.strip() for value in given if value.strip()))


def single(name: str, given: list[str], known: Iterable[str] = PARAMETERS) -> str:
    """Return the one value of a parameter, "" for none; raises `UnknownParameter` for several."""
    if len(given) > 1:
        raise refusal(f"{name} is given {len(given)} times; once is enough", known)
    return given[0].strip() if given else ""


def number(text: str, known: Iterable[str] = PARAMETERS) -> int:
    """Return how many hits a limit asks for; raises `UnknownParameter` for what is no such number."""
    if not (text.isascii() and text.isdigit() and len(text) < 10):
        raise refusal(f"limit is {text!r}; it must be a whole number from 0 to {MOST}", known)
    return int(text)
