"""MLDCAT-AP 3.1.0, which pyshacl checks against SEMIC's own shapes."""

from __future__ import annotations

from dataclasses import replace

import pytest
from rdflib import Namespace, URIRef
from rdflib.namespace import DCTERMS, FOAF

from hpcfair_kg.artifact import Artifact
from hpcfair_kg.errors import NotFound
from hpcfair_kg.knowledge.views import base
from tests.dialects import ConstructContract, bare, remote

FRAPO = Namespace("http://purl.org/cerif/frapo/")
SPDX = Namespace("http://spdx.org/rdf/terms#")
IT6 = Namespace("http://data.europa.eu/it6/")


class TestMldcatAp(ConstructContract):
    name = "mldcat-ap"
    shapes_in = ("mldcat-ap/shacl_mldcat-ap-SHACL.ttl",)

    def test_what_the_model_was_trained_on_is_named(self, model: Artifact) -> None:
        graph = self.graph(model)
        data = {str(d): str(graph.value(d, DCTERMS.title)) for d in graph.objects(None, IT6.trainedOn)}
        assert data == {
            model.trained_on[0]: model.trained_on[0],
            f"{model.id}#trained-on-someone%2Felses%20data": "someone/elses data",
        }

    def test_what_the_model_was_tested_on_is_named(self, model: Artifact) -> None:
        graph = self.graph(replace(model, tested_on=("someone/elses data",)))
        (data,) = graph.objects(URIRef(model.id), IT6.testedOn)
        assert str(data) == f"{model.id}#tested-on-someone%2Felses%20data"
        assert str(graph.value(data, DCTERMS.title)) == "someone/elses data"

    def test_who_paid_is_named(self, model: Artifact) -> None:
        graph = self.graph(model)
        funders = graph.objects(URIRef(model.id), FRAPO.isFundedBy)
        assert {str(graph.value(funder, FOAF.name)) for funder in funders} == set(model.projects[0].funders)

    def test_a_harvested_model_names_its_source_and_the_files_that_nobody_hashed(
        self, model: Artifact
    ) -> None:
        graph = self.graph(remote(model))
        assert str(graph.value(URIRef(model.id), DCTERMS.source)) == remote(model).source
        files = {str(graph.value(f, IT6.url)): f for f in graph.objects(URIRef(model.id), IT6.hasFile)}
        assert set(files) == {file.remote for file in remote(model).files}
        hashed = [url for url, f in files.items() if graph.value(f, SPDX.checksum)]
        assert hashed == ["https://data.example.org/known"]

    def test_what_nobody_said_is_said_to_be_unknown(self, model: Artifact) -> None:
        graph = self.graph(bare(model))
        (data,) = graph.objects(URIRef(model.id), IT6.trainedOn)
        assert "not known" in str(graph.value(data, DCTERMS.description))
        assert str(graph.value(data, IT6.collectionDate)) == "unknown"

    def test_results_are_in_the_authors_order_and_absent_where_there_are_none(self, model: Artifact) -> None:
        said = self.graph(model).value(URIRef(model.id), IT6.evaluationResults)
        assert str(said) == f"accuracy 0.95 on {model.trained_on[0]}; BLEU score 41"
        assert self.graph(bare(model)).value(URIRef(model.id), IT6.evaluationResults) is None

    def test_a_withdrawn_one_keeps_the_hashes_of_its_files(self, model: Artifact) -> None:
        graph = self.graph(replace(model, status="withdrawn"))
        assert len(list(graph.objects(URIRef(model.id), IT6.hasFile))) == len(model.files)

    def test_of_a_dataset_there_is_none(self, dataset: Artifact) -> None:
        with pytest.raises(NotFound, match=r"no view 'mldcat-ap' of a dataset; there are: .*dcat-ap"):
            base.find(dataset, "mldcat-ap")
