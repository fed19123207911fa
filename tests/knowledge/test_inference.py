from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

import pytest
from pyoxigraph import Literal, NamedNode, Triple

from hpcfair_kg.artifact import Artifact
from hpcfair_kg.backends.graph.oxigraph import Oxigraph
from hpcfair_kg.errors import MissingExtra
from hpcfair_kg.knowledge import inference, reason
from hpcfair_kg.knowledge.catalogue import Catalogue
from hpcfair_kg.knowledge.check import Finding
from hpcfair_kg.knowledge.inference import infer
from hpcfair_kg.knowledge.vocabulary import HK, HPC, RDF

BASE = "https://models.example.org"
needs_java = pytest.mark.skipif(reason.missing() is not None, reason=reason.missing() or "")
pytestmark = pytest.mark.reasoner


def ark(key: str) -> str:
    return f"{BASE}/ark:/99999/{key}"


@pytest.fixture
def three(catalogue: Catalogue, model: Artifact, dataset: Artifact, harvested: Artifact) -> list[Artifact]:
    """A proved model, one made out of it that failed its proof, and a dataset that lies elsewhere."""
    assert model.verdict is not None
    proved = replace(model, derived_from=(), trained_on=(), tested_on=(), metrics=(), previous=None)
    failed = replace(
        proved,
        id=ark("failed000"),
        key="failed000",
        name="failed",
        derived_from=(proved.id,),
        verdict=replace(model.verdict, outcome="different"),
        identity="99" * 32,
    )
    for artifact in (proved, failed, harvested):
        catalogue.commit(artifact, [])
    return [proved, failed, harvested]


def told(graphs: Oxigraph, catalogue: Catalogue) -> list[Finding]:
    return [finding for checked in infer(graphs, catalogue) for finding in checked.findings]


def defined(graphs: Oxigraph, artifact: Artifact) -> set[str]:
    """Return the defined classes that an artifact is inferred to be of."""
    found = {t.object.value for t in graphs.triples(f"{artifact.id}/inferred")}  # type: ignore[union-attr]
    return {iri.removeprefix(str(HK)) for iri in found if iri.startswith(str(HK))}


@needs_java
@pytest.mark.parametrize("batch", [1, 100])
def test_defined_classes_are_found_and_written(
    graphs: Oxigraph, catalogue: Catalogue, three: list[Artifact], monkeypatch: pytest.MonkeyPatch, batch: int
) -> None:
    monkeypatch.setattr(inference, "BATCH", batch)
    before = {a.id: set(graphs.triples(f"{a.id}/inferred")) for a in three}
    assert told(graphs, catalogue) == []
    assert [defined(graphs, a) for a in three] == [{"ProvedModel"}, {"DerivedModel"}, {"RemoteArtifact"}]
    # what every commit writes is a part of it
    assert all(before[a.id] <= set(graphs.triples(f"{a.id}/inferred")) for a in three)


@needs_java
def test_a_commit_leaves_nothing_that_is_out_of_date(
    graphs: Oxigraph, catalogue: Catalogue, three: list[Artifact]
) -> None:
    proved, *_ = three
    told(graphs, catalogue)
    catalogue.commit(replace(proved, verdict=None, status="converting"), [])
    assert defined(graphs, proved) == set()
    assert Triple(NamedNode(proved.id), RDF.type, HPC.MachineLearningModel) in graphs.triples(
        f"{proved.id}/inferred"
    )


@needs_java
def test_the_record_that_contradicts_the_ontology_is_named_and_the_others_classified(
    graphs: Oxigraph, catalogue: Catalogue, three: list[Artifact]
) -> None:
    proved, failed, _ = three
    wrong = Triple(NamedNode(failed.id), HK.parameterCount, Literal("many"))
    graphs.write({failed.id: [*graphs.triples(failed.id), wrong]})
    (found,) = told(graphs, catalogue)
    assert (found.about, "contradicts the ontology" in found.message) == (failed.id, True)
    assert defined(graphs, proved) == {"ProvedModel"}


def test_a_record_that_changes_meanwhile_gets_no_types_of_what_it_was(
    graphs: Oxigraph, catalogue: Catalogue, three: list[Artifact], monkeypatch: pytest.MonkeyPatch
) -> None:
    proved, failed, _ = three

    def slow(triples: Iterable[Triple]) -> reason.Classification:
        catalogue.commit(replace(proved, verdict=None, status="converting"), [])
        types = [(proved, HK.ProvedModel), (failed, HK.DerivedModel)]
        return reason.Classification(
            True, types=frozenset(Triple(NamedNode(a.id), RDF.type, kind) for a, kind in types)
        )

    monkeypatch.setattr(reason, "missing", lambda: None)
    monkeypatch.setattr(reason, "classify", slow)
    assert told(graphs, catalogue) == []
    assert (defined(graphs, proved), defined(graphs, failed)) == (set(), {"DerivedModel"})


def test_records_that_only_together_contradict_the_ontology_are_named_together(
    graphs: Oxigraph, catalogue: Catalogue, three: list[Artifact], monkeypatch: pytest.MonkeyPatch
) -> None:
    def both(triples: Iterable[Triple]) -> reason.Classification:
        said = {t.subject for t in triples if t.predicate == HK.handle}
        return reason.Classification(not said >= {NamedNode(a.id) for a in three[:2]})

    monkeypatch.setattr(reason, "missing", lambda: None)
    monkeypatch.setattr(reason, "classify", both)
    (found,) = told(graphs, catalogue)
    assert "contradicts the ontology together with" in found.message
    assert all(a.id in f"{found.about} {found.message}" for a in three[:2])


def test_what_is_missing_is_told(
    graphs: Oxigraph, catalogue: Catalogue, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reason, "missing", lambda: "there is no java")
    with pytest.raises(MissingExtra, match="there is no java"):
        told(graphs, catalogue)
