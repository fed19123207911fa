from __future__ import annotations

import re
from pathlib import Path

import pyoxigraph as ox
import pytest
from pyoxigraph import BlankNode, NamedNode, Triple

from hpcfair_kg.activity import Job
from hpcfair_kg.artifact import Artifact
from hpcfair_kg.errors import NotFound
from hpcfair_kg.knowledge import ontology, vocabulary
from hpcfair_kg.knowledge.describe import describe
from hpcfair_kg.knowledge.namespaces import TERMS
from hpcfair_kg.knowledge.provenance import ACTIVITIES, provenance
from hpcfair_kg.knowledge.vocabulary import (
    ARCHITECTURES,
    DCAT,
    FAIR4ML,
    HK,
    HPC,
    OWL,
    PREFIXES,
    PROV,
    RDF,
    RDFS,
    SKOS,
    XSD,
)

OURS = (str(HK), str(HPC))


def parsed(name: str) -> tuple[Triple, ...]:
    return ontology.triples(name)


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


def test_a_defined_class_tells_its_definition() -> None:
    found = {entry.name: entry.definitions for entry in ontology.glossary("hk.ttl") if entry.definitions}
    assert found["hk:ProvedModel"] == ('hpc:AIModel and (hk:verdict some (hk:outcome value "equal"))',)
    assert found["hk:RemoteArtifact"] == ("dcat:Dataset and (dcat:distribution some hk:RemoteFile)",)


def test_every_defined_class_can_be_told() -> None:
    defined = {
        t.subject.value
        for t in ontology.triples()
        if t.predicate == OWL.equivalentClass and isinstance(t.object, BlankNode)
    }
    entries = [entry for name in ontology.MODULES for entry in ontology.glossary(name)]
    assert defined == {entry.iri for entry in entries if entry.definitions}


def test_a_term_has_the_fragment_of_its_iri_where_it_is_ours() -> None:
    assert ontology.anchor(HK.Verification.value) == "Verification"
    assert ontology.anchor(HPC.AIModel.value) == "hpc-AIModel"


def test_every_hk_term_in_the_source_is_declared() -> None:
    package = Path(vocabulary.__file__).parents[1]
    named = {
        m for path in package.rglob("*.py") for m in re.findall(r"\bHK\.([A-Za-z]\w+)", path.read_text())
    }
    assert {HK[name].value for name in named} <= set(ontology.terms())


def test_every_file_is_a_module() -> None:
    assert sorted(path.name for path in ontology.folder("ontology").glob("*.ttl")) == sorted(ontology.MODULES)


def test_no_term_is_declared_twice() -> None:
    labelled = [t.subject for t in ontology.triples() if t.predicate == RDFS.label]
    assert len(labelled) == len(set(labelled)) == len(ontology.terms())


def test_what_a_property_of_ours_is_said_of_and_what_it_says() -> None:
    entries = {entry.name: entry for entry in ontology.glossary("hk.ttl")}
    anywhere = {"hk:readFrom", "hk:position", "hk:reason", "hk:opset", "hk:elementType", "hk:owner"}
    either = {"hk:measuredOn", "hk:shapesTried"}
    for name, entry in entries.items():
        if entry.kind.endswith("Property"):
            assert bool(entry.domain) == (name not in anywhere), name
            assert bool(entry.range) == (name not in either), name


def test_every_term_that_ours_rest_on_is_declared() -> None:
    pointed = {
        t.object.value
        for t in ontology.triples()
        if t.predicate in (RDFS.subClassOf, RDFS.subPropertyOf, RDFS.domain, RDFS.range)
        if isinstance(t.object, NamedNode) and t.object.value.startswith(OURS)
    }
    aligned = {
        t.subject.value for t in ontology.triples("alignments.ttl") if t.subject.value.startswith(OURS)
    }
    assert pointed | aligned <= set(ontology.terms())


@pytest.mark.parametrize("name", ["hk.ttl", "hpc-used.ttl", "hpc-errata.ttl"])
def test_every_term_is_labelled_defined_and_says_whose_it_is(name: str) -> None:
    triples = parsed(name)
    declared = {
        t.subject
        for t in triples
        if t.predicate == RDF.type and t.object != OWL.Ontology and isinstance(t.subject, NamedNode)
    }
    for property in (RDFS.label, SKOS.definition, RDFS.isDefinedBy):
        assert {t.subject for t in triples if t.predicate == property} >= declared, property
    labels = [t.object.value for t in triples if t.predicate == RDFS.label]
    assert len(labels) == len(set(labels)) == len(declared)


def test_every_hk_term_declared_is_of_our_namespace() -> None:
    assert all(t.subject in HK for t in ontology.triples("hk.ttl") if t.predicate == RDFS.label)


def test_the_errata_are_of_what_is_missing_or_wrong(reference: Path) -> None:
    upstream = list(
        ox.parse(path=reference / "hpc-ontology-1.1.0" / "ontology.ttl", format=ox.RdfFormat.TURTLE)
    )
    declared = {q.subject for q in upstream if q.predicate == RDF.type}
    ranges = {(q.subject, q.object) for q in upstream if q.predicate == RDFS.range}
    ours = {t.subject for t in parsed("hpc-errata.ttl") if t.predicate == RDFS.label}
    mended = {node for node in ours & declared if node in HPC}
    assert mended == {
        HPC[f"{which}{what}Time"] for which in ("inclusive", "exclusive") for what in ("", "Percentage")
    }
    assert all({(node, XSD.decimal), (node, XSD.double)} <= ranges for node in mended)
    assert not [t for t in parsed("hpc-errata.ttl") if t.subject in mended and t.predicate == RDFS.range]


def test_what_the_errata_declare_is_spoken_of_upstream(reference: Path) -> None:
    comments = (reference / "hpc-ontology-1.1.0" / "ontology.ttl").read_text()
    of_models = {
        t.subject for t in parsed("hpc-errata.ttl") if t.predicate == RDFS.domain and t.object == HPC.AIModel
    }
    # The paper's table of models has this one, the comment calls it "format".
    spoken = {node.value.rpartition("#")[2] for node in of_models} - {"modelFormat"}
    assert {name for name in spoken if f"hpc:{name}" not in comments} == set()


def test_a_range_of_ours_is_one_that_upstream_does_not_state(reference: Path) -> None:
    upstream = ox.parse(path=reference / "hpc-ontology-1.1.0" / "ontology.ttl", format=ox.RdfFormat.TURTLE)
    ranged = {q.subject for q in upstream if q.predicate == RDFS.range}
    assert not {t.subject for t in parsed("hpc-errata.ttl") if t.predicate == RDFS.range} & ranged


def test_the_re_homed_classes_are_those_that_are_mapped_on_import() -> None:
    same = {
        t.object.value: t.subject.value
        for t in parsed("hpc-errata.ttl")
        if t.predicate == OWL.equivalentClass and isinstance(t.object, NamedNode)
    }
    assert same == TERMS
    assert len(same) == 6


def test_our_hpc_terms_are_those_of_the_release(reference: Path) -> None:
    upstream = ox.parse(path=reference / "hpc-ontology-1.1.0" / "ontology.ttl", format=ox.RdfFormat.TURTLE)
    facts = {(q.subject, q.predicate, q.object) for q in upstream}
    declared = {(s, o) for s, p, o in facts if p == RDF.type}
    for subject, predicate, value in parsed("hpc-used.ttl"):
        if predicate == RDF.type:
            assert (subject, value) in declared, subject
        if predicate in (RDFS.subClassOf, RDFS.subPropertyOf, OWL.equivalentClass):
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


@pytest.mark.parametrize(
    ("prefix", "name"),
    [
        (str(PROV), "prov-o/prov-o.ttl"),
        (str(DCAT), "dcat3/dcat3.ttl"),
        (str(FAIR4ML), "fair4ml/fair4ml-0.1.0.jsonld"),
    ],
)
def test_what_we_align_to_is_there(reference: Path, prefix: str, name: str) -> None:
    known = (reference / "vocab" / name).read_text()
    spoken = {
        node.value.removeprefix(prefix)
        for triple in parsed("alignments.ttl")
        for node in (triple.subject, triple.object)
        if isinstance(node, NamedNode) and node.value.startswith(prefix)
    }
    assert spoken
    assert {term for term in spoken if not re.search(rf"[:#/]{term}\b", known)} == set()


def test_the_context_names_our_prefixes_as_the_vocabulary_does() -> None:
    context = ontology.context()
    assert {name: context[name] for name in PREFIXES} == PREFIXES


def test_an_unknown_file_is_answered_with_those_there_are() -> None:
    with pytest.raises(NotFound, match=r"context\.jsonld, hk\.ttl, hpc-errata\.ttl"):
        ontology.text("../pyproject.toml")


def test_terms_have_their_labels() -> None:
    assert ontology.terms()[HK.normalisedError.value] == "normalised error"
    assert all(NamedNode(iri) for iri in ontology.terms())
