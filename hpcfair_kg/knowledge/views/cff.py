"""CITATION.cff: how a work is cited, in the file that GitHub, Zenodo and Zotero read.

Citation File Format 1.2.0, https://doi.org/10.5281/zenodo.5171937.
"""

from __future__ import annotations

import re
from typing import Any, Final

from hpcfair_kg.artifact import Artifact, Person
from hpcfair_kg.knowledge import licenses
from hpcfair_kg.knowledge.iris import ark
from hpcfair_kg.knowledge.site import Site
from hpcfair_kg.knowledge.views.base import View
from hpcfair_kg.knowledge.views.names import split
from hpcfair_kg.knowledge.views.origin import addresses
from hpcfair_kg.knowledge.views.yaml_text import dump
from hpcfair_kg.knowledge.vocabulary import ORCID

LISTED: Final = frozenset(licenses.COMMON) - {"CDLA-Permissive-2.0"}
"""Licences that the format's own list surely has: it is SPDX's of May 2021, and closed."""

_SOURCE: Final = "Where the work was described first"
_URL: Final = re.compile(r"https?://[^\s<>\"{}|\\^`]+")


class Citation(View):
    """An artifact as a CITATION.cff."""

    name = "cff"
    media_type = "application/yaml"

    def write(self, artifact: Artifact, site: Site) -> bytes:
        """Return the YAML; the format calls a model, too, software."""
        return dump(_document(artifact)).encode()


def _document(artifact: Artifact) -> dict[str, Any]:
    document = {
        "cff-version": "1.2.0",
        "message": _message(artifact),
        "type": "dataset" if artifact.kind == "dataset" else "software",
        "title": artifact.title,
        "abstract": artifact.description,
        "authors": [_author(person) for person in dict.fromkeys(artifact.creators)],
        "version": artifact.version,
        "date-released": artifact.created[:10],
        "keywords": list(dict.fromkeys(artifact.tags)),
        "url": artifact.id,
        "identifiers": [
            {"type": "other", "value": ark(artifact.id), "description": "ARK"},
            *({"type": "url", "value": iri, "description": _SOURCE} for iri in _sources(artifact)),
        ],
        **_license(artifact.license),
    }
    return {key: value for key, value in document.items() if value not in ("", [])}


def _sources(artifact: Artifact) -> list[str]:
    """Return where the work was described first, as an address that the format takes."""
    return [iri for iri in addresses([artifact.source or ""]) if _URL.fullmatch(iri)]


def _message(artifact: Artifact) -> str:
    """Say what to do, and what the format has no key for: withdrawal, and licences that it does not list."""
    said = [f"If you use this {artifact.kind}, please cite it as below."]
    if artifact.license and not _license(artifact.license):
        said.append(f"Its licence is {artifact.license}.")
    if artifact.status == "withdrawn":
        said.append(f"It was withdrawn: {artifact.reason}" if artifact.reason else "It was withdrawn.")
    return " ".join(said)


def _author(person: Person) -> dict[str, str]:
    orcid = {"orcid": ORCID + person.orcid} if person.orcid else {}
    name = split(person)
    if name is None:
        return {"name": person.name, **orcid}
    parts = {"family-names": name.family, "given-names": name.given, "name-particle": name.particle}
    return {key: part for key, part in parts.items() if part} | orcid


def _license(license: str) -> dict[str, Any]:
    """Return the licence as the format's keys: a list of ids means any of them, a URL leads to the text."""
    alternatives = license.split(" OR ")
    if all(one in LISTED for one in alternatives):
        return {"license": alternatives if len(alternatives) > 1 else license}
    if license.startswith(("http://", "https://")):
        return {"license-url": license}
    # An SPDX id that came after the format's list has its text at SPDX.
    if re.fullmatch(r"(?!LicenseRef-)[A-Za-z0-9.-]+", license):
        return {"license-url": f"https://spdx.org/licenses/{license}.html"}
    return {}


PLUGINS = (Citation(),)
