from __future__ import annotations

import re

import pyoxigraph as ox
import pytest

from hpcfair_kg.errors import by_code
from hpcfair_kg.knowledge.jsonld import SYNTAXES
from hpcfair_kg.knowledge.ontology import terms, triples
from server.documents import description
from server.negotiation import RDF
from tests.server.parts import Filled

HTML = {"Accept": "text/html"}
METHODS = {"get", "post", "patch", "delete", "put"}


def test_the_ontology_the_shapes_and_the_context(filled: Filled) -> None:
    ontology = filled.client.get("/ns")
    assert ontology.mimetype == "text/turtle"
    said = {t.subject.value for t in ox.parse(ontology.data, format=ox.RdfFormat.TURTLE)}
    assert "https://w3id.org/hpcfair-kg/ns#Verification" in said
    shapes = filled.client.get("/shapes")
    assert b"NodeShape" in shapes.data
    context = filled.client.get("/context.jsonld")
    assert (context.mimetype, "@context" in context.get_json(force=True)) == ("application/ld+json", True)


@pytest.mark.parametrize("suffix", ["ttl", "jsonld", "nt", "rdf"])
def test_the_ontology_is_the_same_in_every_syntax(filled: Filled, suffix: str) -> None:
    answer = filled.client.get("/ns", headers={"Accept": RDF[suffix]})
    assert answer.mimetype == RDF[suffix]
    assert {q.triple for q in ox.parse(answer.data, format=SYNTAXES[suffix])} == set(triples())


def test_the_ontology_is_a_page_too(filled: Filled) -> None:
    page = filled.client.get("/ns", headers=HTML)
    assert page.mimetype == "text/html"
    anchors = re.findall(r'<dt id="([^"]+)"', page.text)
    assert len(anchors) == len(set(anchors)) == len(terms())
    assert {"Verification", "hpc-AIModel", "hpc-modelType", "Transformer"} <= set(anchors)
    assert "Running two forms of a model on the same inputs" in page.text


def test_defined_classes_and_individuals_are_told_from_the_rest(filled: Filled) -> None:
    page = filled.client.get("/ns", headers=HTML).text
    assert (
        'defined as <code class="expression">hpc:AIModel and (prov:wasDerivedFrom some hpc:AIModel)' in page
    )
    assert page.count("defined as") == page.count("defined class") >= 3
    metrics = page.partition("<h3>Metrics</h3>")[2].partition("<h")[0]
    assert {"latencyP50", "throughput"} <= set(re.findall(r'<dt id="([^"]+)"', metrics))
    assert "latencyP50" not in page.partition("<h3>Metrics</h3>")[0]


def test_every_link_within_the_page_of_terms_leads_to_a_term(filled: Filled) -> None:
    page = filled.client.get("/ns", headers=HTML).text
    ids = set(re.findall(r'id="([^"]+)"', page))
    links = re.findall(r'href="#([^"]+)"', page)
    assert set(links) <= ids
    assert links.count("InferenceRun") >= 3


@pytest.mark.parametrize("code", [*by_code(), "internal-error"])
def test_every_problem_is_explained(filled: Filled, code: str) -> None:
    assert (
        filled.client.get(f"/problems/{code}", headers={"Accept": "application/json"}).get_json()["code"]
        == code
    )
    assert code in filled.client.get(f"/problems/{code}", headers=HTML).text


def test_an_unknown_problem(filled: Filled) -> None:
    assert "not-found" in filled.client.get("/problems/nothing").get_json()["detail"]


def test_the_api_is_described_whole(filled: Filled) -> None:
    served = filled.client.get("/openapi.json").get_json()
    assert served == description(filled.hub.settings.base)
    assert served["openapi"].startswith("3.1")
    described = {(path, m) for path, methods in served["paths"].items() for m in methods if m in METHODS}
    names = {"spoken": "id", "job_id": "job", "run_id": "run"}
    routes = set()
    for rule in filled.client.application.url_map.iter_rules():
        path = re.sub(r"<(?:\w+:)?(\w+)>", lambda m: f"{{{names.get(m[1], m[1])}}}", rule.rule)
        if path.startswith(("/v2/models/", "/v2/repository/models/")):
            path = path.replace("{name}", "{model}")
        path = path.replace("/views/{name}", "/views/{view}")
        if path.startswith("/static") or path.endswith(".{suffix}"):
            continue
        routes |= {(path, method.lower()) for method in rule.methods or () if method.lower() in METHODS}
    assert routes == described


def test_every_reference_of_the_description_leads_somewhere(filled: Filled) -> None:
    served = filled.client.get("/openapi.json")
    document = served.get_json()
    for reference in set(re.findall(r'"\$ref":"#/([^"]+)"', served.text)):
        found = document
        for name in reference.split("/"):
            found = found[name]
    tags = {tag["name"] for tag in document["tags"]}
    for methods in document["paths"].values():
        assert {tag for name, op in methods.items() if name in METHODS for tag in op["tags"]} <= tags


def test_people_can_read_it(filled: Filled) -> None:
    page = filled.client.get("/docs").text
    assert "/api/artifacts/{id}" in page
    assert page.count("<h1") == 1


def test_crawlers_are_told(filled: Filled) -> None:
    assert "Disallow: /api/" in filled.client.get("/robots.txt").text
