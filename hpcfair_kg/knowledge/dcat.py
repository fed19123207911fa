"""The catalogue as a whole, as others harvest it: DCAT 3 in pages, and the FAIR Data Point that leads to them.

A page is what DCAT-AP 3.0.1 asks for (https://semiceu.github.io/DCAT-AP/releases/3.0.1/),
its paging is Hydra's, and its members are an LDP container of the documents
that describe each one (https://www.w3.org/TR/ldp/, section 5.5).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from pyoxigraph import Literal, NamedNode, Triple

from hpcfair_kg import __version__
from hpcfair_kg.artifact import Artifact
from hpcfair_kg.knowledge.codecs import INTEGER, TIME
from hpcfair_kg.knowledge.site import Site
from hpcfair_kg.knowledge.terms import typed
from hpcfair_kg.knowledge.views.construct import constructed
from hpcfair_kg.knowledge.vocabulary import DATACITE, DCAT, DCTERMS, FDP, FOAF, HYDRA, LDP, RDF

DESCRIPTION: Final = "Models and datasets, each with its files, how it was converted and what proved it"
ENGLISH: Final = "http://id.loc.gov/vocabulary/iso639-1/en"
SPECIFICATION: Final = "https://specs.fairdatapoint.org/fdp-specs-v1.2.html"

Value = NamedNode | Literal


@dataclass(frozen=True, slots=True)
class Page:
    """One page of the catalogue: its address, the first one's, the next one's, and how many artifacts there are."""

    address: str
    first: str
    next: str | None
    total: int


@dataclass(frozen=True, slots=True)
class Service:
    """One way to the data: a path below the site, what it is, the standard that it keeps to."""

    path: str
    title: str
    description: str
    standard: str


SERVICES: Final = (
    Service(
        "sparql", "SPARQL", "Questions to the whole public graph", "https://www.w3.org/TR/sparql11-protocol/"
    ),
    Service("api/search", "API", "Search, records, uploads and jobs", "https://spec.openapis.org/oas/v3.1.0"),
    Service("harvest.jsonl", "Feed", "Every record as JSON-LD, a line each", "https://jsonlines.org/"),
    Service("oai", "OAI-PMH", "Records and withdrawals by date", "http://www.openarchives.org/OAI/2.0/"),
)


def page(site: Site, artifacts: Sequence[Artifact], at: Page, modified: str | None) -> list[Triple]:
    """Return a page of the catalogue, which changed last when it says: what it is, what serves it, these artifacts."""
    return [
        *dict.fromkeys([*_catalogue(site, modified), *constructed("dcat_ap.rq", artifacts, site)]),
        *_interfaces(site),
        *_paging(site, at),
        *_members(site, artifacts),
    ]


def point(site: Site, modified: str | None) -> list[Triple]:
    """Return the FAIR Data Point, with the catalogue that it leads to (https://specs.fairdatapoint.org)."""
    root, catalogue = NamedNode(site.root), NamedNode(site.catalogue)
    identifier, container = NamedNode(f"{site.root}#identifier"), NamedNode(f"{site.root}#catalogs")
    docs = NamedNode(f"{site.address}/docs")
    said: Mapping[NamedNode, Value] = {
        DCTERMS.title: Literal(f"FAIR Data Point of {site.publisher}"),
        DCTERMS.description: Literal("Leads to the catalogue, and from there to every model and dataset"),
        DCTERMS.publisher: NamedNode(site.agent),
        DCTERMS.language: NamedNode(ENGLISH),
        DCAT.version: Literal(__version__),
        DCAT.endpointURL: root,
        FDP.conformsToFdpSpec: NamedNode(SPECIFICATION),
        FDP.metadataIdentifier: identifier,
        FDP.metadataCatalog: catalogue,
        FOAF.page: docs,
    }
    return [
        *_node(root, (FDP.FAIRDataPoint, FDP.MetadataService, DCAT.DataService, DCAT.Resource), said),
        *_node(identifier, (DATACITE.Identifier,), {DCTERMS.identifier: Literal(site.root)}),
        *typed(NamedNode(ENGLISH), (DCTERMS.LinguisticSystem,)),
        *typed(docs, (FOAF.Document,)),
        *_container(container, LDP.DirectContainer, root, FDP.metadataCatalog, [catalogue]),
        *_changed(root, FDP.metadataModified, modified),
        *_catalogue(site, modified),
    ]


def _catalogue(site: Site, modified: str | None) -> Iterator[Triple]:
    """Yield what is said of the catalogue on each of its pages."""
    catalogue, publisher, root = NamedNode(site.catalogue), NamedNode(site.agent), NamedNode(site.root)
    said: Mapping[NamedNode, Value] = {
        DCTERMS.title: Literal(site.title),
        DCTERMS.description: Literal(DESCRIPTION),
        DCTERMS.publisher: publisher,
        DCTERMS.isPartOf: root,
        DCAT.version: Literal(__version__),
        FOAF.homepage: root,
    }
    yield from _node(catalogue, (DCAT.Catalog, DCAT.Resource), said)
    yield from _node(publisher, (FOAF.Agent,), {FOAF.name: Literal(site.publisher)})
    yield from _changed(catalogue, DCTERMS.modified, modified)
    yield Triple(root, RDF.type, FOAF.Document)
    for service in SERVICES:
        yield Triple(catalogue, DCAT.service, NamedNode(f"{site.address}/{service.path}"))
        yield from _service(site, service)


def _service(site: Site, service: Service) -> Iterator[Triple]:
    node, standard = NamedNode(f"{site.address}/{service.path}"), NamedNode(service.standard)
    said: Mapping[NamedNode, Value] = {
        DCTERMS.title: Literal(service.title),
        DCTERMS.description: Literal(service.description),
        DCTERMS.publisher: NamedNode(site.agent),
        DCTERMS.conformsTo: standard,
        DCAT.endpointURL: node,
    }
    yield from _node(node, (DCAT.DataService,), said)
    yield Triple(standard, RDF.type, DCTERMS.Standard)


def _interfaces(site: Site) -> Iterator[Triple]:
    """Yield where the services are described; the shapes of the FAIR Data Point would have text here."""
    described = NamedNode(f"{site.address}/openapi.json")
    for service in SERVICES:
        yield Triple(NamedNode(f"{site.address}/{service.path}"), DCAT.endpointDescription, described)


def _paging(site: Site, at: Page) -> Iterator[Triple]:
    """Yield where the other pages are; PagedCollection is the name that older harvesters look for."""
    catalogue, view = NamedNode(site.catalogue), NamedNode(at.address)
    yield Triple(catalogue, HYDRA.totalItems, INTEGER.write(at.total))
    yield Triple(catalogue, HYDRA.view, view)
    yield from _node(
        view, (HYDRA.PartialCollectionView, HYDRA.PagedCollection), {HYDRA.first: NamedNode(at.first)}
    )
    if at.next:
        yield Triple(view, HYDRA.next, NamedNode(at.next))


def _members(site: Site, artifacts: Iterable[Artifact]) -> Iterator[Triple]:
    """Yield the container of the documents whose primary topics are the datasets of the page."""
    catalogue = NamedNode(site.catalogue)
    documents = {NamedNode(f"{a.id}/views/fdp"): NamedNode(a.id) for a in artifacts}
    container = NamedNode(f"{site.catalogue}#datasets")
    yield from _container(container, LDP.IndirectContainer, catalogue, DCAT.dataset, documents)
    yield Triple(container, LDP.insertedContentRelation, FOAF.primaryTopic)
    yield from (Triple(document, FOAF.primaryTopic, topic) for document, topic in documents.items())


def _container(
    node: NamedNode, kind: NamedNode, of: NamedNode, relation: NamedNode, contained: Iterable[NamedNode]
) -> Iterator[Triple]:
    yield from _node(node, (kind,), {LDP.membershipResource: of, LDP.hasMemberRelation: relation})
    yield from (Triple(node, LDP.contains, member) for member in contained)


def _changed(node: NamedNode, predicate: NamedNode, modified: str | None) -> Iterator[Triple]:
    if modified:
        yield Triple(node, predicate, TIME.write(modified))


def _node(node: NamedNode, kinds: Iterable[NamedNode], said: Mapping[NamedNode, Value]) -> Iterator[Triple]:
    yield from typed(node, kinds)
    yield from (Triple(node, predicate, value) for predicate, value in said.items())
