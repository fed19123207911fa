from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from hpcfair_kg.activity import Environment, Hardware, Job
from hpcfair_kg.artifact import Artifact
from hpcfair_kg.backends.graph.oxigraph import Oxigraph
from hpcfair_kg.errors import InvalidConfig
from hpcfair_kg.knowledge.catalogue import Catalogue
from hpcfair_kg.knowledge.check import check
from hpcfair_kg.knowledge.jsonld import canonical_hash
from hpcfair_kg.knowledge.rebase import base_url, rebase
from hpcfair_kg.knowledge.search import Index

OLD = "https://models.example.org"


def filled(
    graphs: Oxigraph, folder: Path, base: str, model: Artifact, dataset: Artifact, jobs: tuple[Job, ...]
) -> Catalogue:
    """Fill a store with two versions of a model, a dataset and surroundings, whose IRIs begin with a base."""
    index = Index(folder)
    catalogue = Catalogue(graphs, index, base, "99999")
    catalogue.commit(moved(dataset, base), [])
    first = moved(replace(model, previous=None, derived_from=(), workflow=None), base)
    catalogue.commit(first, [])
    second = first.id.replace("h7x2k9b4m", "h8x2k9b4z")
    later = replace(first, id=second, key="h8x2k9b4z", version="2.0", previous=first.id, identity="56" * 32)
    catalogue.commit(replace(later, job=None), [])
    catalogue.note(first.id, [job for job in jobs if not job.steps])
    catalogue.surround(Environment("3.11", "Linux", ("numpy 2",)), Hardware("EPYC", 2, 1 << 30))
    index.close()
    return catalogue


def moved(artifact: Artifact, base: str) -> Artifact:
    def elsewhere(iri: str) -> str:
        return iri.replace(OLD, base)

    return replace(
        artifact,
        id=elsewhere(artifact.id),
        trained_on=tuple(elsewhere(iri) for iri in artifact.trained_on if iri.startswith(OLD)),
        tested_on=tuple(map(elsewhere, artifact.tested_on)),
        metrics=tuple(replace(m, on=elsewhere(m.on) if m.on else None) for m in artifact.metrics),
    )


def hashes(graphs: Oxigraph) -> Mapping[str, str]:
    return {name: canonical_hash(graphs.triples(name)) for name in graphs.names()}


@pytest.mark.parametrize(
    "new", ["https://data.example.net", f"{OLD}/kg", "http://127.0.0.1:9", "https://models.example.org.uk"]
)
def test_a_rebased_store_is_one_that_was_filled_under_the_new_base(
    graphs: Oxigraph, tmp_path: Path, new: str, model: Artifact, dataset: Artifact, jobs: tuple[Job, ...]
) -> None:
    filled(graphs, tmp_path / "index", OLD, model, dataset, jobs)
    expected = Oxigraph(tmp_path / "other")
    filled(expected, tmp_path / "other-index", new, model, dataset, jobs)
    count = len(list(graphs.names()))
    assert list(rebase(graphs, OLD, new)) == [count]
    assert hashes(graphs) == hashes(expected)
    catalogue = Catalogue(graphs, Index(tmp_path / "new-index"), new, "99999")
    # the model failed its first job, so that the dataset it was trained on was withdrawn is all there is to say
    assert {f.severity for checked in check(graphs, catalogue) for f in checked.findings} <= {"warning"}
    expected.close()


def test_to_begin_again_is_to_go_on(
    graphs: Oxigraph, tmp_path: Path, model: Artifact, dataset: Artifact, jobs: tuple[Job, ...]
) -> None:
    filled(graphs, tmp_path / "index", OLD, model, dataset, jobs)
    whole, new = len(list(graphs.names())), f"{OLD}/kg"

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("hpcfair_kg.knowledge.rebase.BATCH", 3)
        assert next(rebase(graphs, OLD, new)) == 3
    assert list(rebase(graphs, OLD, new)) == [whole - 3]
    assert list(rebase(graphs, OLD, new)) == [0]
    assert not [name for name in graphs.names() if not name.startswith(f"{new}/")]


def test_what_only_looks_alike_is_left_alone(
    graphs: Oxigraph, tmp_path: Path, model: Artifact, dataset: Artifact
) -> None:
    catalogue = Catalogue(graphs, Index(tmp_path / "index"), OLD, "99999")
    foreign = (f"{OLD}.uk/ark:/99999/x", f"https://mirror.example.net/{OLD}/ark:/1", f"{OLD}/blog/ark")
    catalogue.commit(replace(model, derived_from=foreign), [])
    list(rebase(graphs, OLD, "https://n.example.org"))
    again = Catalogue(graphs, Index(tmp_path / "again"), "https://n.example.org", "99999")
    assert again.get(model.key).derived_from == tuple(sorted(foreign))


@pytest.mark.parametrize(
    "said",
    [
        "",
        "nonsense",
        "ftp://x.org",
        "http://",
        "https://x y",
        "https://x.org/ark:/1",
        "https://x.org/#a",
        "https://x.org:99999",
        "https://[::1",
        "https://ada:secret@x.org",
    ],
)
def test_what_is_no_base_address_is_refused(said: Any) -> None:
    with pytest.raises(InvalidConfig, match="is no base address; one reads"):
        base_url(said)


def test_a_slash_at_the_end_is_no_part_of_it() -> None:
    assert base_url("https://x.org/kg/") == "https://x.org/kg"
