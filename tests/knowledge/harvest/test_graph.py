"""A stranger's graph notes what was asked of it."""

from __future__ import annotations

import pyoxigraph as ox
import pytest
from pyoxigraph import NamedNode

from hpcfair_kg.knowledge.harvest.graph import Graph, Thing, short
from hpcfair_kg.knowledge.vocabulary import DCTERMS, FOAF, HPC, SCHEMA

TEXT = """
@prefix s: <https://schema.org/> . @prefix t: <http://purl.org/dc/terms/> . @prefix f: <http://xmlns.com/foaf/0.1/> .
<http://x/a> a s:Dataset ; t:title "Titel"@de , "Title"@en , "Titre"@fr ; t:description "two\\n lines" ;
    s:name "one" , "two" ; s:creator [ a s:Person ; f:name "Ada" ] ; s:unknown 1 .
<http://x/b> a s:Thing . <http://x/c> a <https://example.org/HPC-Ontology#AIModel> .
"""


@pytest.fixture
def graph() -> Graph:
    return Graph(q.triple for q in ox.parse(TEXT, format=ox.RdfFormat.TURTLE))


@pytest.fixture
def thing(graph: Graph) -> Thing:
    (thing,) = graph.things(SCHEMA.Dataset)
    return thing


def test_a_text_is_in_the_likeliest_language(thing: Thing) -> None:
    assert thing.text(DCTERMS.title) == "Title"
    assert thing.line(DCTERMS.description) == "two lines"
    assert thing.report == []


def test_what_is_said_twice_is_a_fault(thing: Thing) -> None:
    assert thing.text(SCHEMA.name) == "one"
    assert thing.report[0]["message"] == "schema:name is said 2 times, 'one' and 'two': say it once"


def test_terms_in_circulation_have_their_iri_here(graph: Graph) -> None:
    assert [thing.iri for thing in graph.things(HPC.AIModel)] == ["http://x/c"]


def test_what_is_claimed_is_left_alone(graph: Graph, thing: Thing) -> None:
    graph.claim(thing)
    assert graph.things(SCHEMA.Dataset) == []


def test_what_nobody_asked_for_is_counted(graph: Graph, thing: Thing) -> None:
    thing.text(DCTERMS.title)
    (person,) = thing.things(SCHEMA.creator)
    person.text(SCHEMA.email)
    assert graph.not_understood() == {
        "schema:Dataset dcterms:description": 1,
        "schema:Dataset schema:name": 1,
        "schema:Dataset schema:unknown": 1,
        "schema:Person foaf:name": 1,
        "schema:Thing": 1,
        "hpc:AIModel": 1,
    }
    assert person.text(FOAF.name) == "Ada"


def test_a_term_without_a_prefix_is_whole() -> None:
    assert short(NamedNode("http://nobody.example/term")) == "http://nobody.example/term"
