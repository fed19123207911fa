from __future__ import annotations

import re
from pathlib import Path

import pyoxigraph as ox
import pytest
from pyoxigraph import NamedNode, Triple

from hpcfair_kg.artifact import Artifact, Job
from hpcfair_kg.errors import NotFound
from hpcfair_kg.knowledge import ontology, vocabulary
from hpcfair_kg.knowledge.describe import describe
from hpcfair_kg.knowledge.provenance import ACTIVITIES, provenance
from hpcfair_kg.knowledge.vocabulary import ARCHITECTURES, HK, HPC, OWL, PREFIXES, RDF, RDFS, SKOS

OURS = (str(HK), str(HPC))


def parsed(name: str) -> list[Triple]:
    return [quad.triple for quad in ox.parse(ontology.text(name), format=ox.RdfFormat.TURTLE)]


def emitted(artifacts: list[Artifact], jobs: tuple[Job, ...]) -> set[str]:
    """Every property and class that the code writes."""
    triples = [t for a in artifacts for t in describe(a)] + provenance(artifacts[0].id, jobs)
    used = {t.predicate.value for t in triples} | {t.object.value for t in triples if t.predicate == RDF.type}
    return used | {term.value for term in (*ACTIVITIES.values(), *ARCHITECTURES.values())}


def test_every_term_written_is_declared_or_anothers(
    model: Artifact, dataset: Artifact, jobs: tuple[Job, ...]
) -> None:
    used = emitted([model, dataset], jobs)
    assert {term for term in used if term.startswith(OURS)} <= set(ontology.terms())
    foreign = {term for term in used if not term.startswith(OURS)}
    assert all(term.startswith(tuple(PREFIXES.values())) for term in foreign), foreign


def test_every_hk_term_in_the_source_is_declared() -> None:
    package = Path(vocabulary.__file__).parents[1]
    named = {
        m for path in package.rglob("*.py") for m in re.findall(r"\bHK\.([A-Za-z]\w+)", path.read_text())
    }
    assert {HK[name].value for name in named} <= set(ontology.terms())


@pytest.mark.parametrize("name", ["hk.ttl", "hpc-used.ttl"])
def test_every_term_is_labelled_defined_and_says_whose_it_is(name: str) -> None:
    triples = parsed(name)
    declared = {t.subject for t in triples if t.predicate == RDF.type and t.object != OWL.Ontology}
    for property in (RDFS.label, SKOS.definition, RDFS.isDefinedBy):
        assert {t.subject for t in triples if t.predicate == property} >= declared, property
    labels = [t.object.value for t in triples if t.predicate == RDFS.label]
    assert len(labels) == len(set(labels)) == len(declared)


def test_every_hk_term_declared_is_of_our_namespace() -> None:
    assert all(t.subject in HK for t in parsed("hk.ttl") if t.predicate == RDFS.label)


def test_our_hpc_terms_are_those_of_the_release(reference: Path) -> None:
    upstream = ox.parse(path=reference / "hpc-ontology-1.1.0" / "ontology.ttl", format=ox.RdfFormat.TURTLE)
    facts = {(q.subject, q.predicate, q.object) for q in upstream}
    declared = {(s, o) for s, p, o in facts if p == RDF.type}
    for subject, predicate, value in parsed("hpc-used.ttl"):
        if predicate == RDF.type:
            assert (subject, value) in declared, subject
        if predicate == RDFS.subClassOf:
            assert (subject, predicate, value) in facts, (subject, value)


def test_outside_terms_exist_in_their_vocabularies(
    reference: Path, model: Artifact, dataset: Artifact, jobs: tuple[Job, ...]
) -> None:
    vocab = reference / "vocab"
    files = {
        "dcat": "dcat3/dcat3.ttl", "prov": "prov-o/prov-o.ttl", "dqv": "dqv/dqv.ttl", "cr": "croissant/croissant.ttl",
    }  # fmt: skip
    used = emitted([model, dataset], jobs)
    for prefix, name in files.items():
        known = {q.subject.value for q in ox.parse(path=vocab / name, format=ox.RdfFormat.TURTLE)}
        if prefix == "cr":
            # The vocabulary file of Croissant 1.1 lacks what its specification defines.
            known.add("http://mlcommons.org/croissant/arrayShape")
        assert {term for term in used if term.startswith(PREFIXES[prefix])} <= known, prefix


def test_the_context_names_our_prefixes_as_the_vocabulary_does() -> None:
    context = ontology.context()
    assert {name: context[name] for name in PREFIXES} == PREFIXES


def test_an_unknown_file_is_answered_with_those_there_are() -> None:
    with pytest.raises(NotFound, match=r"context\.jsonld, hk\.ttl, hpc-used\.ttl"):
        ontology.text("../pyproject.toml")


def test_terms_have_their_labels() -> None:
    assert ontology.terms()[HK.normalisedError.value] == "normalised error"
    assert all(NamedNode(iri) for iri in ontology.terms())
