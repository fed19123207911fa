"""The names of people as citations want them: given name, particle, family name.

A catalogue knows a creator by one line of text, which may be an organisation's.
Only who has an ORCID is surely a person; every other name is kept whole.
"""

from __future__ import annotations

from dataclasses import dataclass

from hpcfair_kg.artifact import Person


@dataclass(frozen=True, slots=True)
class Name:
    """A person's name in its parts; `particle` is a "von" or "de la" before the family name."""

    given: str
    particle: str
    family: str


def split(person: Person) -> Name | None:
    """Return the parts of a person's name as BibTeX divides it; None where the name has to stay whole.

    "Family, Given" says it itself; else a particle reaches from the first to
    the last word in lower case, and where there is none the family name is the
    last word (BibTeX's "First von Last").
    """
    family, comma, given = person.name.partition(",")
    words = person.name.split()
    if not person.orcid or "," in given or "and" in words or not words:
        return None
    if comma:
        return Name(given.strip(), "", family.strip()) if family.strip() and given.strip() else None
    lower = [place for place, word in enumerate(words) if word.islower() and 0 < place < len(words) - 1]
    first, last = (lower[0], lower[-1] + 1) if lower else (len(words) - 1, len(words) - 1)
    return Name(" ".join(words[:first]), " ".join(words[first:last]), " ".join(words[last:]))
