"""The catalogue as a whole, which pyshacl checks against the shapes of DCAT-AP and of the FAIR Data Point."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from pyoxigraph import Triple
from rdflib import DCAT, RDF, Graph, Namespace, URIRef
from rdflib.namespace import DCTERMS, FOAF

from hpcfair_kg.artifact import Artifact
from hpcfair_kg.knowledge.dcat import SERVICES, Page, page, point
from hpcfair_kg.knowledge.jsonld import serialise
from hpcfair_kg.knowledge.site import Site
from tests.dialects import bare, hostile

BASE = "https://models.example.org"
SITE = Site(BASE, "Example Computing Centre", "https://ror.org/02nv7yv05")
FDP, HYDRA, LDP, SH = map(
    Namespace,
    (
        "https://w3id.org/fdp/fdp-o#",
        "http://www.w3.org/ns/hydra/core#",
        "http://www.w3.org/ns/ldp#",
        "http://www.w3.org/ns/shacl#",
    ),
)
DCAT_AP = ("dcat-ap/dcat-ap-SHACL.ttl",)
POINT = (
    "fdp/0011_shape-data-service.ttl",
    "fdp/0011_shape-metadata-service.ttl",
    "fdp/0016_shape-resource.ttl",
    "fdp/0016_shape-catalog.ttl",
    "fdp/0016_shape-data-service.ttl",
    "fdp/0017_shape-fdp.ttl",
)
TIME = "2026-03-01T12:00:07Z"
ONE = Page(f"{BASE}/catalog", f"{BASE}/catalog", None, 3)
MIDDLE = Page(f"{BASE}/catalog?cursor=b", f"{BASE}/catalog", f"{BASE}/catalog?cursor=c", 300)


def graph(triples: list[Triple]) -> Graph:
    return Graph().parse(data=serialise(triples, "nt"), format="nt")


@pytest.fixture
def violations(reference: Path) -> Callable[..., str]:
    """A function: the report of pyshacl where a graph does not meet the shapes in some files."""
    from pyshacl import validate

    def found(graph: Graph, *paths: str) -> str:
        shapes = Graph()
        for path in paths:
            shapes.parse(reference / "vocab" / path)
        # DCAT-AP 3.0.1 names two property shapes of data services that it does not define.
        for shape, property in list(shapes.subject_objects(SH.property)):
            if (property, SH.path, None) not in shapes:
                shapes.remove((shape, SH.property, property))
        conforms, _, text = validate(graph, shacl_graph=shapes, advanced=True)
        return "" if conforms else str(text)

    return found


@pytest.fixture
def artifacts(model: Artifact, dataset: Artifact, harvested: Artifact) -> list[Artifact]:
    """What there may be on one page."""
    several = [
        model,
        bare(replace(dataset, status="ready")),
        hostile(model),
        replace(harvested, license=""),
        replace(model, kind="workflow"),
    ]
    return [replace(a, id=f"{BASE}/ark:/99999/k{n}", key=f"k{n}") for n, a in enumerate(several)]


class TestPage:
    def test_dcat_ap_finds_nothing_wrong(self, artifacts: list[Artifact], violations) -> None:
        for shown in (artifacts, []):
            for at in (ONE, MIDDLE):
                assert not violations(graph(page(SITE, shown, at, TIME)), *DCAT_AP)

    def test_dcat_ap_does_find_what_is_missing(self, artifacts: list[Artifact], violations) -> None:
        found = graph(page(SITE, artifacts, ONE, TIME))
        found.remove((URIRef(f"{BASE}/sparql"), DCAT.endpointURL, None))
        assert "MinCount" in violations(found, *DCAT_AP)

    def test_a_harvester_finds_in_it_what_it_needs(self, artifacts: list[Artifact], model: Artifact) -> None:
        found = graph(page(SITE, artifacts, ONE, TIME))
        assert set(found.objects(URIRef(f"{BASE}/catalog"), DCAT.dataset)) == {
            URIRef(a.id) for a in artifacts
        }
        dataset = URIRef(artifacts[0].id)
        for term in [
            "title",
            "description",
            "identifier",
            "issued",
            "modified",
            "publisher",
            "license",
            "creator",
            "accessRights",
        ]:
            assert found.value(dataset, DCTERMS[term]), term
        assert set(map(str, found.objects(dataset, DCAT.keyword))) == set(model.tags)
        file = next(iter(found.objects(dataset, DCAT.distribution)))
        assert found.value(file, DCAT.downloadURL)
        assert found.value(file, DCAT.mediaType)
        assert found.value(file, DCAT.byteSize) is not None
        record = found.value(None, FOAF.primaryTopic, dataset, any=True)
        assert record
        assert len(set(found.subjects(RDF.type, DCAT.CatalogRecord))) == len(artifacts)

    def test_its_services_say_where_and_by_which_standard(self, artifacts: list[Artifact]) -> None:
        found = graph(page(SITE, artifacts, ONE, TIME))
        services = set(found.objects(URIRef(f"{BASE}/catalog"), DCAT.service))
        assert services == {URIRef(f"{BASE}/{service.path}") for service in SERVICES}
        for service in services:
            assert found.value(service, DCAT.endpointURL) == service
            assert found.value(service, DCTERMS.conformsTo)
            assert found.value(service, DCAT.endpointDescription) == URIRef(f"{BASE}/openapi.json")

    def test_it_leads_to_the_next_page_and_the_last_one_does_not(self, artifacts: list[Artifact]) -> None:
        found = graph(page(SITE, artifacts, MIDDLE, TIME))
        view = found.value(URIRef(f"{BASE}/catalog"), HYDRA.view)
        assert view == URIRef(MIDDLE.address)
        assert found.value(view, HYDRA.next) == URIRef(MIDDLE.next or "")
        assert found.value(URIRef(f"{BASE}/catalog"), HYDRA.totalItems).toPython() == 300
        assert not list(graph(page(SITE, artifacts, ONE, TIME)).objects(None, HYDRA.next))

    def test_its_members_are_the_documents_that_describe_each(self, artifacts: list[Artifact]) -> None:
        found = graph(page(SITE, artifacts, ONE, TIME))
        container = found.value(None, LDP.membershipResource, URIRef(f"{BASE}/catalog"))
        topics = {found.value(d, FOAF.primaryTopic) for d in found.objects(container, LDP.contains)}
        assert topics == {URIRef(a.id) for a in artifacts}


class TestPoint:
    def test_its_shapes_find_nothing(self, violations) -> None:
        found = graph(point(SITE, TIME))
        assert not violations(found, *POINT)
        assert not violations(found, *DCAT_AP)

    def test_its_shapes_do_find_what_is_missing(self, violations) -> None:
        found = graph(point(SITE, TIME))
        found.remove((URIRef(f"{BASE}/"), DCTERMS.publisher, None))
        assert "MinCount" in violations(found, *POINT)

    def test_it_leads_to_the_catalogue(self) -> None:
        found = graph(point(SITE, TIME))
        root, catalogue = URIRef(f"{BASE}/"), URIRef(f"{BASE}/catalog")
        assert (root, RDF.type, FDP.FAIRDataPoint) in found
        assert list(found.objects(root, FDP.metadataCatalog)) == [catalogue]
        assert found.value(catalogue, DCTERMS.isPartOf) == root
        assert str(found.value(root, FDP.metadataModified)) == "2026-03-01T12:00:07+00:00"
        assert not list(graph(point(SITE, None)).objects(None, DCTERMS.modified))
        container = found.value(None, LDP.hasMemberRelation, FDP.metadataCatalog)
        assert list(found.objects(container, LDP.contains)) == [catalogue]
