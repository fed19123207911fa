from __future__ import annotations

from xml.etree import ElementTree

import pyoxigraph as ox
import pytest
import rdflib

from hpcfair_kg.knowledge.describe import describe
from hpcfair_kg.knowledge.entries import Entry
from hpcfair_kg.knowledge.oai_formats import FORMATS
from hpcfair_kg.knowledge.site import Site

SITE = Site("https://models.example.org", "The Lab")


@pytest.fixture(params=["model", "dataset", "harvested"])
def entry(request: pytest.FixtureRequest) -> Entry:
    return Entry(tuple(describe(request.getfixturevalue(request.param))))


@pytest.mark.parametrize("prefix", FORMATS)
def test_an_element_may_stand_in_another_document_and_has_its_namespace(entry: Entry, prefix: str) -> None:
    text = FORMATS[prefix].element(entry, SITE)
    assert text.startswith("<")
    assert not text.startswith("<?")
    (root,) = ElementTree.fromstring(
        f'<metadata xmlns="http://www.openarchives.org/OAI/2.0/">{text}</metadata>'
    )
    assert root.tag.startswith(f"{{{FORMATS[prefix].namespace}}}")


def test_rdf_is_the_whole_record(entry: Entry) -> None:
    text = FORMATS["rdf"].element(entry, SITE)
    assert {quad.triple for quad in ox.parse(text, format=ox.RdfFormat.RDF_XML)} == set(entry.triples)
    assert len(rdflib.Graph().parse(data=text, format="xml")) == len(entry.triples)


def test_the_schema_of_datacite_is_the_one_that_the_record_names(entry: Entry) -> None:
    assert f"{FORMATS['oai_datacite'].namespace} {FORMATS['oai_datacite'].schema}" in FORMATS[
        "oai_datacite"
    ].element(entry, SITE)
