from __future__ import annotations

import gc
from collections.abc import Iterable
from pathlib import Path

import pyoxigraph as ox
import pytest
from pyoxigraph import Literal, NamedNode, Triple

from hpcfair_kg.activity import Environment, Hardware, Job
from hpcfair_kg.artifact import Artifact
from hpcfair_kg.knowledge import ontology, reason
from hpcfair_kg.knowledge.describe import concept, describe
from hpcfair_kg.knowledge.provenance import provenance
from hpcfair_kg.knowledge.surroundings import environment, hardware
from hpcfair_kg.knowledge.vocabulary import DCAT, FAIR4ML, HPC, OWL, PROV, RDF, RDFS

IMPOSSIBLE = {
    HPC[f"{which}{what}Time"] for which in ("inclusive", "exclusive") for what in ("", "Percentage")
}
"""The properties whose ranges, taken together, no number meets."""

EXAMPLES = Path(__file__).parent / "examples"

needs_java = pytest.mark.skipif(reason.missing() is not None, reason=reason.missing() or "")
pytestmark = pytest.mark.reasoner


@pytest.fixture
def example(model: Artifact, dataset: Artifact, harvested: Artifact, jobs: tuple[Job, ...]) -> list[Triple]:
    """Everything that our own code says of artifacts, their jobs and what these ran in, and all that it may say one day."""
    records = [t for artifact in (model, dataset, harvested) for t in describe(artifact)]
    versions = concept([model])[1]
    _, software = environment(model.id, Environment("3.11", "Linux", ("numpy 2.1.0",)))
    _, computer = hardware(model.id, Hardware("EPYC", 2, 1 << 30, ("H100",), "https://site.example.org/m"))
    written = [t for path in sorted(EXAMPLES.glob("*.ttl")) for t in turtle(path)]
    return [*records, *versions, *provenance(model.id, jobs), *software, *computer, *written]


def turtle(path: Path) -> Iterable[Triple]:
    return [quad.triple for quad in ox.parse(path=path, format=ox.RdfFormat.TURTLE)]


def types(found: reason.Classification, iri: str) -> set[NamedNode]:
    return {t.object for t in found.types if t.subject == NamedNode(iri)}  # type: ignore[misc]


def test_what_is_missing_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("owlready2", reason="owlready2 is not installed: make reason")
    monkeypatch.setenv("PATH", "")
    assert "Java runtime" in (reason.missing() or "")
    monkeypatch.setattr(reason, "find_spec", lambda name: None)
    assert "owlready2 is not installed" in (reason.missing() or "")


@needs_java
def test_our_modules_and_a_full_example_are_consistent(example: list[Triple], model: Artifact) -> None:
    found = reason.classify([*ontology.triples(), *example])
    assert (found.consistent, found.unsatisfiable) == (True, ())
    assert types(found, model.id) >= {
        HPC.RecurrentNeuralNetwork, HPC.ArtificialNeuralNetwork, HPC.MachineLearningModel, HPC.AIModel,
        FAIR4ML.MLModel, DCAT.Dataset, PROV.Entity,
    }  # fmt: skip


@needs_java
def test_with_prov_o_our_modules_and_a_full_example_are_consistent(
    example: list[Triple], reference: Path
) -> None:
    prov = turtle(reference / "vocab" / "prov-o" / "prov-o.ttl")
    found = reason.classify([*ontology.triples(), *example, *prov])
    assert (found.consistent, found.unsatisfiable) == (True, ())


@needs_java
def test_with_prov_o_and_the_whole_hpc_ontology_all_is_consistent(
    example: list[Triple], reference: Path
) -> None:
    upstream = turtle(reference / "hpc-ontology-1.1.0" / "ontology.ttl")
    mended = [t for t in upstream if not (t.subject in IMPOSSIBLE and t.predicate == RDFS.range)]
    timed = [Triple(NamedNode("http://e/row"), HPC.inclusiveTime, Literal(1.5))]
    prov = turtle(reference / "vocab" / "prov-o" / "prov-o.ttl")
    found = reason.classify([*ontology.triples(), *example, *prov, *mended, *timed])
    assert (found.consistent, found.unsatisfiable) == (True, ())


@needs_java
def test_one_value_of_an_impossible_range_makes_a_graph_inconsistent() -> None:
    kinds = (OWL.DatatypeProperty,)
    xsd = "http://www.w3.org/2001/XMLSchema#"
    ranges = [
        Triple(HPC.inclusiveTime, RDFS.range, NamedNode(xsd + kind))
        for kind in ("decimal", "double", "float")
    ]
    declared = [Triple(HPC.inclusiveTime, RDF.type, kind) for kind in kinds]
    timed = [Triple(NamedNode("http://e/row"), HPC.inclusiveTime, Literal(1.5))]
    row = [Triple(NamedNode("http://e/row"), RDF.type, HPC.Thing), Triple(HPC.Thing, RDF.type, OWL.Class)]
    assert not reason.classify([*declared, *ranges, *row, *timed]).consistent


@needs_java
def test_a_class_without_a_possible_member_is_named() -> None:
    cat, dog, both = (NamedNode(f"http://e/{name}") for name in ("Cat", "Dog", "Both"))
    classes = [Triple(node, RDF.type, OWL.Class) for node in (cat, dog, both)]
    axioms = [
        Triple(cat, OWL.disjointWith, dog),
        Triple(both, RDFS.subClassOf, cat),
        Triple(both, RDFS.subClassOf, dog),
    ]
    found = reason.classify([*classes, *axioms])
    assert (found.consistent, found.unsatisfiable) == (True, ("http://e/Both",))


@needs_java
def test_what_was_classified_is_let_go() -> None:
    import owlready2

    def kept() -> int:
        gc.collect()
        return sum(type(thing) is owlready2.World for thing in gc.get_objects())

    cat = [Triple(NamedNode("http://e/Cat"), RDF.type, OWL.Class)]
    reason.classify(cat)
    before = kept()
    reason.classify(cat)
    assert kept() == before
