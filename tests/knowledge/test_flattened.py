from __future__ import annotations

from typing import Any

import pytest

from hpcfair_kg.artifact import Artifact
from hpcfair_kg.knowledge.describe import describe
from hpcfair_kg.knowledge.expand import expand
from hpcfair_kg.knowledge.jsonld import jsonld
from hpcfair_kg.knowledge.metadata import parse

HPC = {"hpc": "https://hpc-fair.github.io/ontology#", "hk": "https://w3id.org/hpcfair-kg/ns#"}


def test_what_stands_behind_an_artifact_comes_back(model: Artifact) -> None:
    again = parse(jsonld(describe(model)))
    assert (again.projects, again.machines, again.workflow) == (
        model.projects,
        model.machines,
        model.workflow,
    )
    assert (again.tested_on, again.architecture) == (model.tested_on, model.architecture)


@pytest.mark.parametrize("namespace", [HPC["hpc"], "https://github.com/HPC-FAIR/HPC-Ontology#"])
def test_the_words_of_the_hpc_ontology_are_understood(namespace: str) -> None:
    document: dict[str, Any] = {
        "@context": {**HPC, "hpc": namespace},
        "hk:name": "tree",
        "hpc:project": {"@id": "https://example.org/p1", "hpc:name": "Xplacer", "hpc:fundedBy": "DOE"},
        "hpc:targetMachine": {
            "@type": ["hpc:Cluster", "hpc:SuperComputer"],
            "hpc:name": "lassen",
            "hpc:coprocessor": {"hpc:name": "Tesla V100", "hpc:vendor": {"hpc:name": "Nvidia"}},
        },
    }
    assert expand(document) == {
        "name": "tree",
        "projects": [{"name": "Xplacer", "id": "https://example.org/p1", "funders": ["DOE"]}],
        "machines": [{"name": "lassen", "kind": "SuperComputer", "gpu": "Tesla V100", "vendor": "Nvidia"}],
    }
