from __future__ import annotations

import pytest
from pyoxigraph import NamedNode

from hpcfair_kg.knowledge import vocabulary
from hpcfair_kg.knowledge.vocabulary import ARCHITECTURES, DCAT, HK, PREFIXES


def test_a_term_is_an_attribute_or_an_item() -> None:
    assert DCAT.keyword == DCAT["keyword"] == NamedNode("http://www.w3.org/ns/dcat#keyword")


def test_a_namespace_knows_its_terms() -> None:
    assert DCAT.keyword in DCAT
    assert vocabulary.PROV.used not in DCAT
    assert "http://www.w3.org/ns/dcat#keyword" not in DCAT


def test_private_names_are_no_terms() -> None:
    with pytest.raises(AttributeError):
        _ = DCAT._repr_html_


def test_architectures_are_named_as_the_ontology_names_them() -> None:
    assert ARCHITECTURES["DecisionTree"].value == "https://hpc-fair.github.io/ontology#DecisionTree"
    assert ARCHITECTURES["Transformer"] == HK.Transformer


def test_every_prefix_is_one_of_the_namespaces() -> None:
    namespaces = {
        str(value) for value in vars(vocabulary).values() if isinstance(value, vocabulary.Namespace)
    }
    assert set(PREFIXES.values()) <= namespaces
