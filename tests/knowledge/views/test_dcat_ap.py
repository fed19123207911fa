"""DCAT-AP 3.0.1, which pyshacl checks against SEMIC's own shapes."""

from __future__ import annotations

from dataclasses import replace

from rdflib import DCAT, PROV, URIRef
from rdflib.namespace import DCTERMS

from hpcfair_kg.artifact import Artifact
from tests.dialects import ConstructContract


class TestDcatAp(ConstructContract):
    name = "dcat-ap"
    shapes_in = ("dcat-ap/dcat-ap-SHACL.ttl",)

    def test_each_file_can_be_fetched_under_the_licence(self, model: Artifact) -> None:
        graph = self.graph(model)
        files = list(graph.objects(URIRef(model.id), DCAT.distribution))
        assert {str(graph.value(file, DCAT.downloadURL)) for file in files} == {
            model.url(f) for f in model.files
        }
        assert {str(graph.value(file, DCTERMS.license)) for file in files} == {"http://spdx.org/licenses/MIT"}

    def test_only_references_that_are_iris_are_relations(self, model: Artifact) -> None:
        related = self.graph(model).objects(URIRef(model.id), DCTERMS.relation)
        assert list(map(str, related)) == [model.trained_on[0]]

    def test_a_withdrawn_one_is_a_deleted_record_without_files(self, model: Artifact) -> None:
        graph = self.graph(replace(model, status="withdrawn"))
        assert not list(graph.objects(None, DCAT.distribution))
        assert str(graph.value(URIRef(model.id), PROV.invalidatedAtTime)) == "2026-03-01T12:00:07+00:00"
        status = graph.value(URIRef(f"{model.id}#record"), URIRef("http://www.w3.org/ns/adms#status"))
        assert str(status).endswith("/deleted")
