"""What every view has to bear, whoever's dialect it speaks; and what those made by a CONSTRUCT promise."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from functools import cache
from pathlib import Path

import pyoxigraph as ox
import pytest
from rdflib import Graph, URIRef
from rdflib.namespace import DCTERMS

from hpcfair_kg.artifact import Artifact, File, Machine, Metric, Person, Project, TensorSpec
from hpcfair_kg.knowledge.views import base

GOLDEN = Path(__file__).parent / "knowledge" / "views" / "golden"
HOSTILE = "]]> \"\"\" ''' \\ <b>&amp;{{7*7}} ?x } . @prefix : <urn:x> . </script>\n\u202e ü 日本 \N{BOMB} \\u0041 -->"


def bare(artifact: Artifact) -> Artifact:
    """Return an artifact of which its author said nothing but what is required."""
    few = Artifact(artifact.id, artifact.key, artifact.owner, artifact.name, kind=artifact.kind)
    kept = {
        field: getattr(artifact, field) for field in ("license", "files", "created", "modified", "status")
    }
    return replace(few, **kept)


def hostile(artifact: Artifact) -> Artifact:
    """Return an artifact whose every text is made to break out of its place."""
    files = (
        File('a "b" <c> #d?e=%20&f.onnx', "onnx", "original", 1, "ab" * 32, "text/plain"),
        File("dir/]]> ü 日本.csv", "csv", "converted", 2**40, "cd" * 32, "text/csv"),
    )
    return replace(
        artifact,
        title=HOSTILE,
        description=HOSTILE,
        version='1"0 <x>',
        tags=(HOSTILE, "a,b"),
        license="LicenseRef-a.b-c",
        creators=(Person(HOSTILE), Person(HOSTILE, "0000-0002-1825-0097")),
        framework=HOSTILE,
        architecture=HOSTILE,
        task=HOSTILE,
        files=files,
        inputs=(TensorSpec(HOSTILE, HOSTILE, ("a,b", -1, HOSTILE)),),
        metrics=(Metric(HOSTILE, float("nan"), HOSTILE), Metric("x", 1e308)),
        trained_on=(HOSTILE, "http://other.example/a%20b", "http://not an iri/<>", "doi:10.5281/zenodo.1"),
        tested_on=(HOSTILE, "http://other.example/c"),
        derived_from=(HOSTILE, "https://doi.org/10.5281/zenodo.2"),
        workflow=HOSTILE,
        architecture_evidence=HOSTILE,
        operators={HOSTILE: 2},
        hyperparameters={HOSTILE: HOSTILE},
        hyperparameter_sources={HOSTILE: HOSTILE},
        projects=(Project(HOSTILE, funders=(HOSTILE, "https://ror.org/021nxhr62"), award=HOSTILE),),
        machines=(Machine(HOSTILE, cpu=HOSTILE, gpu=HOSTILE, vendor=HOSTILE),),
        previous=HOSTILE,
        status="ready",
        reason=None,
    )


def remote(artifact: Artifact) -> Artifact:
    """Return an artifact that was harvested: its files lie elsewhere, one of them unhashed and unmeasured."""
    known, unknown = artifact.files[0], replace(artifact.files[0], name="more é.bin", size=None, sha256="")
    return replace(
        artifact,
        files=(
            replace(known, remote="https://data.example.org/known"),
            replace(unknown, remote="https://data.example.org/un%20known?x=1&y=2"),
        ),
        source="https://data.example.org/described?x=1&y=2",
        status="registered",
        reason=None,
        identity="",
    )


def variants(artifact: Artifact) -> Iterator[tuple[str, Artifact]]:
    """Yield the artifact as it may come: whole, bare, hostile, harvested, withdrawn, under a licence of one's own."""
    yield "whole", artifact
    yield "bare", bare(artifact)
    yield "hostile", hostile(artifact)
    yield "harvested", remote(artifact)
    yield "withdrawn", replace(artifact, status="withdrawn", reason=HOSTILE)
    yield "expression", replace(artifact, license="MIT OR LicenseRef-House", status="ready", reason=None)


@cache
def shapes(*paths: Path) -> Graph:
    """Return the shapes of these files in one graph."""
    graph = Graph()
    for path in paths:
        graph.parse(path)
    return graph


class ConstructContract:
    """A view in Turtle: the golden document, no violation of its party's shapes, no text that breaks out.

    A subclass says `name`, `shapes_in` the reference folder, and the
    `required` property without which the shapes must complain.
    """

    name: str
    shapes_in: tuple[str, ...]
    required: URIRef = DCTERMS.title

    @pytest.fixture
    def artifacts(self, model: Artifact, dataset: Artifact) -> list[Artifact]:
        """One of each kind that the view is of."""
        whole = (model, replace(dataset, status="ready", reason=None), replace(model, kind="workflow"))
        return [artifact for artifact in whole if self.name in base.fitting(artifact)]

    def graph(self, artifact: Artifact) -> Graph:
        view = base.find(artifact, self.name)
        assert view.media_type == "text/turtle"
        return Graph().parse(data=view.render(artifact), format="turtle")

    def violations(self, graph: Graph, reference: Path) -> str:
        """Return the report of pyshacl where the party's shapes are not met."""
        from pyshacl import validate

        found = shapes(*(reference / "vocab" / path for path in self.shapes_in))
        conforms, _, text = validate(graph, shacl_graph=found, advanced=True)
        return "" if conforms else str(text)

    def test_it_is_the_golden_one(self, model: Artifact) -> None:
        assert base.find(model, self.name).render(model) == (GOLDEN / f"{self.name}.ttl").read_bytes()

    def test_its_shapes_find_nothing(self, artifacts: list[Artifact], reference: Path) -> None:
        for artifact in artifacts:
            for how, variant in variants(artifact):
                assert not self.violations(self.graph(variant), reference), (artifact.kind, how)

    def test_its_shapes_do_find_what_is_missing(self, model: Artifact, reference: Path) -> None:
        graph = self.graph(model)
        graph.remove((URIRef(model.id), self.required, None))
        assert "MinCount" in self.violations(graph, reference)

    def test_hostile_text_stays_text(self, artifacts: list[Artifact]) -> None:
        for artifact in artifacts:
            graph = self.graph(hostile(artifact))
            assert [str(title) for title in graph.objects(URIRef(artifact.id), DCTERMS.title)] == [HOSTILE]
            assert not [s for s in graph.subjects() if str(s).startswith("urn:")]

    def test_another_parser_reads_the_same_graph(self, artifacts: list[Artifact]) -> None:
        for artifact in artifacts:
            for _, variant in variants(artifact):
                body = base.find(variant, self.name).render(variant)
                assert len(set(ox.parse(body, format=ox.RdfFormat.TURTLE))) == len(self.graph(variant))
