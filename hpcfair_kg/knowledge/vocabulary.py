"""Vocabulary IRIs, all in one place: a namespace's attribute is the term, ``DCAT.keyword``."""

from __future__ import annotations

from typing import Final

from pyoxigraph import NamedNode


class Namespace:
    """The terms that begin with one IRI, by attribute, or by item where a name is no identifier."""

    def __init__(self, iri: str) -> None:
        self._iri = iri

    def __getattr__(self, name: str) -> NamedNode:
        if name.startswith("_"):
            raise AttributeError(name)
        return NamedNode(self._iri + name)

    def __getitem__(self, name: str) -> NamedNode:
        return NamedNode(self._iri + name)

    def __contains__(self, term: object) -> bool:
        return isinstance(term, NamedNode) and term.value.startswith(self._iri)

    def __str__(self) -> str:
        return self._iri


HPC: Final = Namespace("https://hpc-fair.github.io/ontology#")
HK: Final = Namespace("https://w3id.org/hpcfair-kg/ns#")
DCAT: Final = Namespace("http://www.w3.org/ns/dcat#")
DCTERMS: Final = Namespace("http://purl.org/dc/terms/")
PROV: Final = Namespace("http://www.w3.org/ns/prov#")
FAIR4ML: Final = Namespace("https://w3id.org/fair4ml#")
SPDX: Final = Namespace("http://spdx.org/rdf/terms#")
CR: Final = Namespace("http://mlcommons.org/croissant/")
DQV: Final = Namespace("http://www.w3.org/ns/dqv#")
QUDT: Final = Namespace("http://qudt.org/schema/qudt/")
UNIT: Final = Namespace("http://qudt.org/vocab/unit/")
FOAF: Final = Namespace("http://xmlns.com/foaf/0.1/")
SCHEMA: Final = Namespace("http://schema.org/")
SKOS: Final = Namespace("http://www.w3.org/2004/02/skos/core#")
IT6: Final = Namespace("http://data.europa.eu/it6/")
SH: Final = Namespace("http://www.w3.org/ns/shacl#")
HYDRA: Final = Namespace("http://www.w3.org/ns/hydra/core#")
LDP: Final = Namespace("http://www.w3.org/ns/ldp#")
FDP: Final = Namespace("https://w3id.org/fdp/fdp-o#")
VOID: Final = Namespace("http://rdfs.org/ns/void#")
DATACITE: Final = Namespace("http://purl.org/spar/datacite/")
RDF: Final = Namespace("http://www.w3.org/1999/02/22-rdf-syntax-ns#")
RDFS: Final = Namespace("http://www.w3.org/2000/01/rdf-schema#")
OWL: Final = Namespace("http://www.w3.org/2002/07/owl#")
XSD: Final = Namespace("http://www.w3.org/2001/XMLSchema#")

ORCID: Final = "https://orcid.org/"
ROR: Final = "https://ror.org/"
MEDIA_TYPES: Final = "https://www.iana.org/assignments/media-types/"
ACCESS_RIGHTS: Final = "http://publications.europa.eu/resource/authority/access-right/"

PREFIXES: Final[dict[str, str]] = {
    "hpc": str(HPC),
    "hk": str(HK),
    "dcat": str(DCAT),
    "dcterms": str(DCTERMS),
    "prov": str(PROV),
    "fair4ml": str(FAIR4ML),
    "spdx": str(SPDX),
    "cr": str(CR),
    "dqv": str(DQV),
    "foaf": str(FOAF),
    "qudt": str(QUDT),
    "unit": str(UNIT),
    "rdf": str(RDF),
    "rdfs": str(RDFS),
    "xsd": str(XSD),
}
"""The prefixes of what the catalogue writes."""

WHOLE: Final[dict[str, str]] = PREFIXES | {
    "adms": "http://www.w3.org/ns/adms#",
    "datacite": str(DATACITE),
    "fdp": str(FDP),
    "hydra": str(HYDRA),
    "ldp": str(LDP),
    "skos": str(SKOS),
    "void": str(VOID),
}
"""The prefixes of what is said of the catalogue as a whole."""

ARCHITECTURES: Final[dict[str, NamedNode]] = {
    name: HPC[name]
    for name in (
        "ArtificialNeuralNetwork", "ConvolutionalNeuralNetwork", "DecisionTree", "DeepNeuralNetwork",
        "FeedforwardNeuralNetwork", "GeneralLinearModel", "GeneralizedLinearModel", "HiddenMarkovModel",
        "LinearRegressionModel", "LogisticRegressionModel", "LongShortTermMemory", "MultipleLinearRegressionModel",
        "RandomForest", "RecurrentNeuralNetwork", "SimpleLinearRegressionModel", "SupportVectorMachine",
    )
} | {
    name: HK[name]
    for name in (
        "Autoencoder", "Decoder", "Encoder", "EncoderDecoder", "GatedRecurrentUnit", "GradientBoosting",
        "GraphNeuralNetwork", "MessagePassingNeuralNetwork", "MultilayerPerceptron", "Transformer",
    )
}  # fmt: skip
"""The classes of models: those of the HPC Ontology 1.1.0, and ours for what it lacks."""
