"""BibTeX: the citation as LaTeX users paste it.

An artifact is a @misc, the one type of classic BibTeX that fits and that
biblatex reads too.  TeX's own characters are written so that braces stay
balanced whatever a title holds.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from hpcfair_kg.artifact import Artifact, Person
from hpcfair_kg.knowledge.iris import ark
from hpcfair_kg.knowledge.site import Site
from hpcfair_kg.knowledge.views.base import View
from hpcfair_kg.knowledge.views.names import split

_TEX: Final = str.maketrans(
    {character: f"\\{character}" for character in "$&#_%"}
    | {
        "\\": r"\textbackslash{}",
        "{": r"\textbraceleft{}",
        "}": r"\textbraceright{}",
        "^": r"\textasciicircum{}",
        "~": r"\textasciitilde{}",
    }
)


class BibTeX(View):
    """An artifact as one BibTeX entry, in UTF-8."""

    name = "bibtex"
    media_type = "application/x-bibtex; charset=utf-8"

    def write(self, artifact: Artifact, site: Site) -> bytes:
        """Return the entry; its key is the artifact's name and key."""
        return entry(artifact, site).encode()


def entry(artifact: Artifact, site: Site) -> str:
    """Return the BibTeX entry of a complete artifact, as text."""
    fields = ",\n".join(f"  {name} = {value}" for name, value in _fields(artifact, site))
    return f"@misc{{{_key(artifact)},\n{fields}\n}}\n"


def _fields(artifact: Artifact, site: Site) -> Iterator[tuple[str, str]]:
    yield "author", _braced(" and ".join(map(_author, artifact.creators)))
    # Doubled: the title keeps its capitals.
    yield "title", _braced(_braced(_tex(artifact.title)))
    if artifact.created:
        year, month = artifact.created.split("-")[:2]
        yield "year", _braced(year)
        yield "month", str(int(month))
    yield "version", _braced(_tex(artifact.version))
    yield "publisher", _braced(_tex(site.publisher))
    yield "url", _braced(artifact.id)
    withdrawn = ", withdrawn" if artifact.status == "withdrawn" else ""
    source = f", described first at {_tex(artifact.source)}" if artifact.source else ""
    yield "note", _braced(f"{artifact.kind.capitalize()}, {ark(artifact.id)}{source}{withdrawn}")


def _key(artifact: Artifact) -> str:
    """Return a key that is readable, unique by the ARK, and free of what BibTeX reads as its own."""
    readable = re.sub(r"[^A-Za-z0-9.-]+", "-", artifact.name).strip("-")
    return f"{readable}:{artifact.key}"


def _author(person: Person) -> str:
    name = split(person)
    if name is None:
        return _braced(_tex(person.name))
    family = " ".join(filter(None, (_tex(name.particle), _tex(name.family))))
    return f"{family}, {_tex(name.given)}" if name.given else family


def _tex(text: str) -> str:
    return " ".join(text.split()).translate(_TEX)


def _braced(text: str) -> str:
    return f"{{{text}}}"


PLUGINS = (BibTeX(),)
