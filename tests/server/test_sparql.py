from __future__ import annotations

import json
from typing import Any

import pyoxigraph as ox
import pytest

from server.sparql import examples
from tests.server.parts import Filled

ALL = "SELECT ?s WHERE { ?s a <https://hpc-fair.github.io/ontology#AIModel> }"
BROWSER = {"Accept": "text/html,application/xhtml+xml,*/*;q=0.8"}
GRAPH = "CONSTRUCT { ?s a ?t } WHERE { ?s a ?t }"


def ways(query: str) -> list[dict[str, Any]]:
    """Return the protocol's three operations as Flask's client takes them."""
    return [
        {"method": "GET", "query_string": {"query": query}},
        {"method": "POST", "data": {"query": query}},
        {"method": "POST", "data": query, "content_type": "application/sparql-query"},
    ]


@pytest.mark.parametrize("way", range(3))
def test_a_query_is_asked_in_three_ways(filled: Filled, way: int) -> None:
    answer = filled.client.open("/sparql", **ways(ALL)[way])
    assert answer.content_type == "application/sparql-results+json"
    found = {row["s"]["value"] for row in json.loads(answer.data)["results"]["bindings"]}
    assert filled.model.id in found
    assert filled.dataset.id not in found


@pytest.mark.parametrize(
    "media_type",
    [
        "application/sparql-results+json",
        "application/sparql-results+xml",
        "text/csv",
        "text/tab-separated-values",
    ],
)
def test_rows_come_in_the_form_asked_for(filled: Filled, media_type: str) -> None:
    answer = filled.client.get(
        "/sparql", query_string={"query": ALL}, headers={"Accept": f"{media_type}, */*;q=0.1"}
    )
    assert answer.mimetype == media_type
    assert filled.model.id in answer.text


@pytest.mark.parametrize(
    "media_type", ["text/turtle", "application/n-triples", "application/rdf+xml", "application/ld+json"]
)
def test_graphs_come_in_the_form_asked_for(filled: Filled, media_type: str) -> None:
    answer = filled.client.get("/sparql", query_string={"query": GRAPH}, headers={"Accept": media_type})
    assert answer.mimetype == media_type
    format = ox.RdfFormat.from_media_type(media_type)
    assert any(quad.subject.value == filled.model.id for quad in ox.parse(answer.data, format=format))


def test_the_better_liked_form_is_sent(filled: Filled) -> None:
    accept = {"Accept": "application/sparql-results+xml;q=0.5, text/csv;q=0.9"}
    assert filled.client.get("/sparql", query_string={"query": ALL}, headers=accept).mimetype == "text/csv"


def test_graphs_of_the_dataset_are_chosen_by_the_protocol(filled: Filled) -> None:
    def asked(**graphs: str) -> str:
        query = {"query": "ASK { ?s a <https://hpc-fair.github.io/ontology#AIModel> }", **graphs}
        return str(json.loads(filled.client.get("/sparql", query_string=query).data)["boolean"])

    assert asked(**{"default-graph-uri": filled.model.id}) == "True"
    assert asked(**{"default-graph-uri": filled.dataset.id}) == "False"
    assert asked(**{"default-graph-uri": "http://example.org/unknown"}) == "False"


@pytest.mark.parametrize(
    ("request_", "status", "code"),
    [
        ({"query_string": {"query": "SELEC"}}, 400, "query-syntax"),
        ({"query_string": [("query", ALL), ("query", ALL)]}, 400, "query-syntax"),
        ({"method": "POST", "data": {"nothing": "x"}}, 400, "query-syntax"),
        (
            {"query_string": {"query": "SELECT * { SERVICE <http://127.0.0.1/> { ?s ?p ?o } }"}},
            403,
            "query-refused",
        ),
        ({"query_string": {"query": "SELECT * " + "{" * 500 + "}" * 500}}, 422, "query-limit"),
        ({"method": "POST", "data": {"update": "DROP ALL"}}, 403, "query-refused"),
        (
            {"method": "POST", "data": "DROP ALL", "content_type": "application/sparql-update"},
            403,
            "query-refused",
        ),
        ({"method": "POST", "data": "x", "content_type": "text/plain"}, 415, "unknown-format"),
    ],
)
def test_what_is_not_answered(filled: Filled, request_: dict[str, Any], status: int, code: str) -> None:
    answer = filled.client.open("/sparql", **request_)
    assert (answer.status_code, answer.content_type) == (status, "application/problem+json")
    assert answer.get_json()["type"].endswith(f"/problems/{code}")


def test_a_bare_get_describes_the_service(filled: Filled) -> None:
    answer = filled.client.get("/sparql")
    assert answer.mimetype == "text/turtle"
    triples = {
        (t.subject.value, t.predicate.value.rpartition("#")[2])
        for t in ox.parse(answer.data, format=ox.RdfFormat.TURTLE)
    }
    assert (f"{filled.hub.settings.base}/sparql", "endpoint") in triples


class TestPage:
    def test_a_person_gets_a_form_with_examples(self, filled: Filled) -> None:
        page = filled.client.get("/sparql", headers=BROWSER)
        assert page.mimetype == "text/html"
        assert "<textarea" in page.text
        assert all(title in page.text for title, _ in examples())

    def test_rows_are_shown_as_a_table(self, filled: Filled) -> None:
        page = filled.client.get("/sparql", query_string={"query": ALL}, headers=BROWSER)
        assert f">{filled.model.id}</a>" in page.text

    def test_a_graph_is_shown_as_text(self, filled: Filled) -> None:
        page = filled.client.get("/sparql", query_string={"query": GRAPH}, headers=BROWSER)
        assert "AIModel" in page.text

    def test_what_is_wrong_stands_beside_the_query(self, filled: Filled) -> None:
        page = filled.client.get("/sparql", query_string={"query": "SELEC <b>"}, headers=BROWSER)
        assert page.status_code == 400
        assert "SELEC &lt;b&gt;" in page.text
        assert 'role="alert"' in page.text

    @pytest.mark.parametrize("number", range(len(examples())))
    def test_each_example_runs(self, filled: Filled, number: int) -> None:
        answer = filled.client.get("/sparql", query_string={"query": examples()[number][1]})
        assert answer.status_code == 200, answer.text
