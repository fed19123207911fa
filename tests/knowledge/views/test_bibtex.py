"""BibTeX entries that a BibTeX parser reads back, whatever stands in a title."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from hpcfair_kg.artifact import Artifact, Person
from hpcfair_kg.knowledge.views import base

ORCID = "0000-0002-1825-0097"


def view(artifact: Artifact) -> str:
    chosen = base.find(artifact, "bibtex")
    assert chosen.media_type == "application/x-bibtex; charset=utf-8"
    return chosen.render(artifact).decode()


def read(text: str) -> dict[str, str]:
    """Return the one entry's fields, its key as "key"."""
    bibtexparser = pytest.importorskip(
        "bibtexparser", reason="bibtexparser comes with the extra `validators`"
    )
    library = bibtexparser.parse_string(text)
    assert not library.failed_blocks
    assert [block.entry_type for block in library.blocks] == ["misc"]
    (entry,) = library.entries
    return {field.key: field.value for field in entry.fields} | {"key": entry.key}


def test_it_is_the_golden_one(model: Artifact) -> None:
    assert view(model) == (Path(__file__).parent / "golden/model.bib").read_text()


def test_a_parser_reads_it(model: Artifact) -> None:
    found = read(view(model))
    assert found["key"] == "encoder:h7x2k9b4m"
    assert found["author"] == "{B. Second} and Author, A."
    assert (found["year"], found["month"], found["version"]) == ("2026", "3", "1.1")
    assert found["url"] == model.id
    assert found["note"] == "Model, ark:/99999/h7x2k9b4m"


def test_a_harvested_one_names_its_source(harvested: Artifact) -> None:
    found = read(view(replace(harvested, source="https://data.example.org/a_b?c=%20&d={e")))
    assert found["note"] == (
        "Dataset, ark:/99999/d0000000x, described first at "
        r"https://data.example.org/a\_b?c=\%20\&d=\textbraceleft{}e"
    )


@pytest.mark.parametrize(
    ("title", "written"),
    [
        ('say "hi"', 'say "hi"'),
        ("}, author = {me", r"\textbraceright{}, author = \textbraceleft{}me"),
        ("{{{", r"\textbraceleft{}" * 3),
        ("two\n\n---\nlines", "two --- lines"),
        ("@misc{x, 50% of $x_1^2$ & #1 ~", r"@misc\textbraceleft{}x, 50\% of \$x\_1\textasciicircum{}2\$ \& \#1 \textasciitilde{}"),
        ("\\end{document} \\", r"\textbackslash{}end\textbraceleft{}document\textbraceright{} \textbackslash{}"),
        ("Größe 数", "Größe 数"),
    ],
)  # fmt: skip
def test_a_hostile_title_is_but_a_title(model: Artifact, title: str, written: str) -> None:
    found = read(view(replace(model, title=title)))
    assert found["title"] == f"{{{written}}}"
    assert found["author"] == "{B. Second} and Author, A."


@pytest.mark.parametrize(
    ("name", "written"),
    [
        ("Guido van Rossum", "van Rossum, Guido"),
        ("Charles Louis de la Vallée Poussin", "de la Vallée Poussin, Charles Louis"),
        ("Poussin, Charles", "Poussin, Charles"),
        ("Plato", "Plato"),
        ("Dennis {} Ritchie", r"Ritchie, Dennis \textbraceleft{}\textbraceright{}"),
        ("Johnson and Johnson", "{Johnson and Johnson}"),
        ("Author, A., Jr.", "{Author, A., Jr.}"),
    ],
)
def test_a_person_s_name_is_divided_as_bibtex_does(model: Artifact, name: str, written: str) -> None:
    assert read(view(replace(model, creators=(Person(name, ORCID),))))["author"] == written


def test_who_has_no_orcid_may_be_an_organisation_and_stays_whole(model: Artifact) -> None:
    artifact = replace(model, creators=(Person("Institute of Computing, Research and Data"),))
    assert read(view(artifact))["author"] == "{Institute of Computing, Research and Data}"


def test_a_name_that_bibtex_could_not_read_as_a_key_gets_one(dataset: Artifact) -> None:
    assert read(view(replace(dataset, name="a,b {c} %é@")))["key"] == "a-b-c:d0000000x"


def test_who_said_little_is_still_cited_and_a_withdrawal_is_said(dataset: Artifact) -> None:
    found = read(view(replace(dataset, title="", creators=())))
    assert (found["title"], found["author"]) == ("{iris}", "{ada}")
    assert found["note"] == "Dataset, ark:/99999/d0000000x, withdrawn"
