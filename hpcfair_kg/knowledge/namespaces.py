"""The other IRIs by which known terms go around, and the one IRI that each of them has here.

Published data of the HPC Ontology's own project uses four namespaces that are
not the ontology's; its development version mints six classes in the default
namespace of another tool; schema.org is written with http and with https.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from hpcfair_kg.knowledge.vocabulary import HK, HPC, SCHEMA

NAMESPACES: Final[Mapping[str, str]] = {
    "https://hpc-fair.github.io/ontology/#": str(HPC),
    "https://github.com/HPC-FAIR/HPC-Ontology#": str(HPC),
    "https://github.com/HPC-FAIR/HPC-Ontology/blob/main/hpc-ontology.ttl#": str(HPC),
    "https://example.org/HPC-Ontology#": str(HPC),
    "https://schema.org/": str(SCHEMA),
}
"""What a term in circulation begins with, and what it begins with here."""

_CO_ODE: Final = "http://www.co-ode.org/ontologies/ont.owl#"
TERMS: Final[Mapping[str, str]] = {
    _CO_ODE + name: HK[name].value
    for name in (
        "Transformer", "Encoder", "Decoder", "EncoderDecoder", "GraphNeuralNetwork", "MessagePassingNeuralNetwork",
    )
}  # fmt: skip
"""Single terms that have another home here; `ontology/hpc-errata.ttl` declares them."""


def canonical(iri: str) -> str:
    """Return the IRI that a term has here; one that is in no table is returned as it is.

    >>> canonical("https://example.org/HPC-Ontology#AIModel")
    'https://hpc-fair.github.io/ontology#AIModel'
    """
    for wrong, right in NAMESPACES.items():
        if iri.startswith(wrong):
            return right + iri.removeprefix(wrong)
    return TERMS.get(iri, iri)


def canonical_node(node: Mapping[str, Any]) -> dict[str, Any]:
    """Return a node of flattened JSON-LD with its properties, types and references by their IRIs here.

    A property that was there by two names has the values of both.
    """
    found: dict[str, Any] = {}
    for key, values in node.items():
        if key == "@id":
            found[key] = canonical(values)
        elif key == "@type":
            found[key] = list(dict.fromkeys(map(canonical, values)))
        else:
            found.setdefault(canonical(key), []).extend(map(_value, values))
    return found


def _value(value: Any) -> Any:
    return {**value, "@id": canonical(value["@id"])} if isinstance(value, dict) and "@id" in value else value
