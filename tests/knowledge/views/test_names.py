from __future__ import annotations

import pytest

from hpcfair_kg.artifact import Person
from hpcfair_kg.knowledge.views.names import Name, split

ORCID = "0000-0002-1825-0097"


@pytest.mark.parametrize(
    ("name", "parts"),
    [
        ("A. Author", Name("A.", "", "Author")),
        ("Author, A.", Name("A.", "", "Author")),
        ("Ludwig van Beethoven", Name("Ludwig", "van", "Beethoven")),
        ("Charles Louis de la Vallée Poussin", Name("Charles Louis", "de la", "Vallée Poussin")),
        ("bell hooks", Name("bell", "", "hooks")),
        ("Plato", Name("", "", "Plato")),
        ("  Two   Spaces ", Name("Two", "", "Spaces")),
        ("a b c d", Name("a", "b c", "d")),
        (",", None),
        ("Author,", None),
        ("", None),
        ("Smith, J., Jr.", None),
        ("Johnson and Johnson", None),
    ],
)
def test_a_person_s_name_is_divided_where_that_is_sure(name: str, parts: Name | None) -> None:
    assert split(Person(name, ORCID)) == parts


def test_a_name_that_may_be_an_organisation_s_stays_whole() -> None:
    assert split(Person("Lawrence Livermore National Laboratory")) is None
