"""The FAIR Data Point's metadata, which pyshacl checks against the shapes of the reference implementation."""

from __future__ import annotations

from dataclasses import replace

from rdflib import DCAT, RDF, URIRef
from rdflib.namespace import DCTERMS

from hpcfair_kg.artifact import Artifact
from tests.dialects import ConstructContract


class TestFairDataPoint(ConstructContract):
    name = "fdp"
    shapes_in = (
        "fdp/0016_shape-resource.ttl",
        "fdp/0016_shape-catalog.ttl",
        "fdp/0017_shape-dataset.ttl",
        "fdp/0017_shape-distribution.ttl",
        "fdp/0017_shape-fdp.ttl",
    )

    def test_every_resource_is_part_of_one_up_to_the_catalogue(self, model: Artifact) -> None:
        graph = self.graph(model)
        parents = {s: graph.value(s, DCTERMS.isPartOf) for s in graph.subjects(RDF.type, DCAT.Resource)}
        assert parents.pop(URIRef(model.id)) == URIRef("https://models.example.org/catalog")
        assert set(parents.values()) == {URIRef(model.id)}
        assert len(parents) == len(model.files)

    def test_a_media_type_is_text(self, model: Artifact) -> None:
        types = {str(o) for o in self.graph(model).objects(None, DCAT.mediaType)}
        assert types == {"application/zip", "application/onnx", "text/markdown"}

    def test_a_withdrawn_one_offers_no_files(self, model: Artifact) -> None:
        assert not list(self.graph(replace(model, status="withdrawn")).objects(None, DCAT.distribution))
