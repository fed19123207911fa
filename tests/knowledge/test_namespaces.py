from __future__ import annotations

import pytest

from hpcfair_kg.knowledge.expand import expand
from hpcfair_kg.knowledge.namespaces import NAMESPACES, TERMS, canonical, canonical_node
from hpcfair_kg.knowledge.vocabulary import HPC, SCHEMA

WRONG = [wrong for wrong, right in NAMESPACES.items() if right == str(HPC)]


@pytest.mark.parametrize("wrong", WRONG)
def test_the_four_wrong_namespaces_are_mapped(wrong: str) -> None:
    assert canonical(wrong + "AIModel") == HPC.AIModel.value
    assert len(WRONG) == 4


def test_what_is_right_or_unknown_stays() -> None:
    assert canonical(HPC.AIModel.value) == HPC.AIModel.value
    assert canonical("https://github.com/HPC-FAIR/HPC-Ontology") == "https://github.com/HPC-FAIR/HPC-Ontology"
    assert canonical("https://schema.org/name") == SCHEMA.name.value


def test_the_six_classes_have_their_home() -> None:
    assert {canonical(term) for term in TERMS} == set(TERMS.values())
    assert len(TERMS) == 6


def test_a_node_with_both_names_of_a_property_has_both_values() -> None:
    node = {
        "@id": "_:a",
        "@type": [WRONG[0] + "AIModel", HPC.AIModel.value],
        WRONG[1] + "keyword": [{"@value": "a"}],
        HPC.keyword.value: [{"@value": "b"}, {"@id": WRONG[2] + "lassen"}],
    }
    assert canonical_node(node) == {
        "@id": "_:a",
        "@type": [HPC.AIModel.value],
        HPC.keyword.value: [{"@value": "a"}, {"@value": "b"}, {"@id": HPC.lassen.value}],
    }


@pytest.mark.parametrize("wrong", WRONG)
def test_a_description_in_a_wrong_namespace_is_understood(wrong: str) -> None:
    document = {
        "@context": {"hpc": wrong, "hk": "https://w3id.org/hpcfair-kg/ns#"},
        "@type": "hpc:Dataset",
        "hk:name": "x",
    }
    assert expand(document) == {"name": "x", "kind": "dataset"}
