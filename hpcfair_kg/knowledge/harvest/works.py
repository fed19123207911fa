"""What descriptions of all dialects say alike: people, dates, references, versions."""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import datetime
from typing import Any, Final
from urllib.parse import unquote

from pyoxigraph import Literal, NamedNode

from hpcfair_kg.knowledge.harvest.base import Description
from hpcfair_kg.knowledge.harvest.graph import HERE, Thing
from hpcfair_kg.knowledge.harvest.rights import licence
from hpcfair_kg.knowledge.vocabulary import (
    ARCHITECTURES,
    DCTERMS,
    FOAF,
    ORCID,
    RDFS,
    SCHEMA,
    SKOS,
)

NAMES: Final = (FOAF.name, SCHEMA.name, DCTERMS.title, SKOS.prefLabel, RDFS.label)
FRAMEWORKS: Final = {
    "pytorch": "pytorch", "torch": "pytorch", "tensorflow": "tensorflow", "tf": "tensorflow", "keras": "keras",
    "scikit-learn": "scikit-learn", "sklearn": "scikit-learn", "xgboost": "xgboost", "lightgbm": "lightgbm",
    "transformers": "transformers", "onnx": "onnx",
}  # fmt: skip
"""The frameworks of the record, by the names that they go by."""
_ORGANISATIONS: Final = (
    SCHEMA.Organization,
    FOAF.Organization,
    NamedNode("http://www.w3.org/ns/org#Organization"),
)
_ORCID: Final = re.compile(r"https?://(?:www\.)?orcid\.org/(.+?)/?", re.IGNORECASE)


def creators(description: Description, thing: Thing, *terms: NamedNode) -> None:
    """Add who made a thing; an organisation is known by its name, as a person is."""
    found = [_creator(description, value, thing) for value in thing.values(*terms)]
    description.say(creators=[person for person in found if person])


def _creator(description: Description, value: Any, thing: Thing) -> dict[str, Any] | None:
    if isinstance(value, Literal):
        return {"name": " ".join(value.value.split())} if value.value.strip() else None
    agent = Thing(thing.graph, value, thing.report)
    thing.graph.spoken.add(value)
    name = agent.line(*NAMES)
    if name and agent.is_a(*_ORGANISATIONS):
        description.remark(f"its creator {name} is an organisation")
    identifiers = [agent.iri, *agent.texts(SCHEMA.identifier), *agent.texts(DCTERMS.identifier)]
    orcid = next((match[1] for iri in identifiers if (match := _ORCID.fullmatch(iri))), None)
    if not name and not orcid and not agent.iri:
        return None
    return {"name": name or agent.iri} | ({"orcid": ORCID + orcid} if orcid else {})


def rights(description: Description, thing: Thing, term: NamedNode, *holders: Thing) -> None:
    """Add the licence; a licence that is a thing is known by its address, or else by its name.

    Where the thing itself names none, those count that its `holders` name, its files.
    """
    own, theirs = _licences(thing, term), [name for holder in holders for name in _licences(holder, term)]
    license, remark = licence(own or theirs)
    description.say(license=license)
    description.remark(remark)


def _licences(thing: Thing, term: NamedNode) -> list[str]:
    found = []
    for value in thing.values(term):
        if isinstance(value, Literal):
            found.append(value.value)
        else:
            work = Thing(thing.graph, value, thing.report)
            thing.graph.spoken.add(value)
            found.append(work.iri or next(iter(work.texts(SCHEMA.url) or work.texts(*NAMES)), ""))
    return found


def references(thing: Thing, *terms: NamedNode) -> list[str]:
    """Return what some properties refer to: IRIs, or the names of what has none of its own."""
    found = []
    for value in thing.values(*terms):
        if isinstance(value, Literal):
            found.append(value.value)
        else:
            other = Thing(thing.graph, value, thing.report)
            thing.graph.spoken.add(value)
            named = other.line(SCHEMA.url) or other.line(*NAMES) if is_part(other, thing) else None
            found.append(
                named or other.iri or (unquoted(value.value) if isinstance(value, NamedNode) else "")
            )
    return [reference for reference in dict.fromkeys(found) if reference]


def is_part(thing: Thing, whole: Thing) -> bool:
    """Whether a thing has no address but one within another's: it is a mention, described nowhere else."""
    return not thing.iri or bool(whole.iri and thing.iri.startswith(f"{whole.iri}#"))


def unquoted(iri: str) -> str:
    """Return a relative reference as it was written; an IRI stays as it is."""
    return unquote(iri.removeprefix(HERE)) if iri.startswith(HERE) else iri


def access(description: Description, thing: Thing, *terms: NamedNode) -> None:
    """Remark how the source restricts access, where it does; the files are its to give out."""
    said = [text.rpartition("/")[2] for text in thing.lines(*terms)]
    description.remark(*(f"its source grants access so: {word[:200]}" for word in said if word != "PUBLIC"))


def known_as(description: Description, thing: Thing, *terms: NamedNode) -> None:
    """Remark what else a thing is known by, such as its DOI; what its own IRI says is nothing else."""
    for term in terms:
        names = [name for name in thing.lines(term) if not description.source.endswith(name)]
        description.remark(*(f"its source also knows it as {name[:500]}" for name in names))


def dated(description: Description, thing: Thing, *terms: NamedNode) -> None:
    """Remark when a thing was published, in its own words where these are no date (ISO 8601)."""
    said = thing.line(*terms)
    if said:
        doubt = "" if _is_date(said) else ", which is no date such as 2024-05-31"
        description.remark(f"its source dates it {said[:100]}{doubt}")


def _is_date(said: str) -> bool:
    try:
        datetime.fromisoformat(said)
    except ValueError:
        return re.fullmatch(r"\d{4}(-(0[1-9]|1[0-2]))?", said) is not None
    return True


def version(said: str | None) -> str | None:
    """Return a version as the record writes it: without spaces and what an address has a meaning for.

    >>> version("Apertus 1")
    'Apertus-1'
    """
    return re.sub(r"[\s/@#?]+", "-", said.strip())[:64].strip("-") or None if said else None


def tags(said: Iterable[str]) -> list[str]:
    """Return keywords one by one, also where they were written with commas between them."""
    return sorted({tag for text in said for part in text.split(",") if (tag := part.strip())})


def architecture(description: Description, said: str | None) -> None:
    """Add the architecture where it is a class that is known here; other words become a remark."""
    if said in ARCHITECTURES:
        description.say(architecture=said)
    elif said:
        description.remark(f"its architecture, as its source has it: {said[:500]}")


def framework(description: Description, said: Iterable[str]) -> None:
    """Add the framework, if one of the words is the name of one."""
    known = [FRAMEWORKS[word.lower()] for word in said if word.lower() in FRAMEWORKS]
    description.say(framework=next(iter(known), None))
