"""The formats that OAI-PMH hands records out in: one table, a writer for each."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

from hpcfair_kg.knowledge import oai_dc
from hpcfair_kg.knowledge.entries import Entry
from hpcfair_kg.knowledge.jsonld import serialise
from hpcfair_kg.knowledge.site import Site
from hpcfair_kg.knowledge.views import datacite
from hpcfair_kg.knowledge.vocabulary import RDF

_DECLARATION: Final = re.compile(rb"\A<\?xml[^>]*\?>\s*")


@dataclass(frozen=True, slots=True)
class Format:
    """One format: where its XML Schema is, the namespace of its root element, and what writes a record in it."""

    schema: str
    namespace: str
    write: Callable[[Entry, Site], bytes]

    def element(self, entry: Entry, site: Site) -> str:
        """Return a record as an element that may stand in another document."""
        return _DECLARATION.sub(b"", self.write(entry, site)).decode()


FORMATS: Final[Mapping[str, Format]] = {
    "oai_dc": Format(
        oai_dc.SCHEMA, oai_dc.NAMESPACE, lambda entry, site: oai_dc.oai_dc(entry.artifact, site)
    ),
    "rdf": Format(
        "http://www.openarchives.org/OAI/2.0/rdf.xsd",
        str(RDF),
        lambda entry, site: serialise(entry.triples, "rdf"),
    ),
    "oai_datacite": Format(
        datacite.SCHEMA,
        datacite.NAMESPACE,
        lambda entry, site: datacite.DataCite().render(entry.artifact, site),
    ),
}
"""The formats by the prefix that they are asked for with."""
