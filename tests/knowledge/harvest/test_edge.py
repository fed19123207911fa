"""The edge for what the box read: every fault at once, and nothing half-taken."""

from __future__ import annotations

from typing import Any

import pytest

from hpcfair_kg.errors import InvalidMetadata
from hpcfair_kg.knowledge.harvest.edge import Received, receive

FILE = {"name": "x.csv", "format": "csv", "role": "original", "remote": "https://d.example/x.csv", "size": 3}
RECORD = {"kind": "dataset", "title": "Größe der Welt", "license": "MIT", "files": [FILE]}


def received(source: str = "https://d.example/1", **said: Any) -> Received:
    return receive(
        {"source": source, "dialect": "dcat", "document": "x", "record": RECORD | said, "report": []}
    )


def test_a_description_becomes_metadata_and_what_no_author_says() -> None:
    found = received(columns=[{"name": "a", "dtype": "float64", "shape": [-1, "n"]}], parameters=3)
    assert (found.metadata.name, found.metadata.title) == ("groe-der-welt", "Größe der Welt")
    assert found.found["files"][0].remote == "https://d.example/x.csv"
    assert found.found["columns"][0].shape == (-1, "n")
    assert found.found["parameters"] == 3


@pytest.mark.parametrize(
    ("title", "source", "name"),
    [
        ("日本語", "https://d.example/sets/Iris/", "iris"),
        ("", "urn:uuid:12-34", "12-34"),
        ("日", "https://d.example/日", "dataset"),
    ],
)
def test_a_name_is_found_for_everything(title: str, source: str, name: str) -> None:
    assert received(source, title=title).metadata.name == name


def test_every_fault_is_told_at_once() -> None:
    with pytest.raises(InvalidMetadata) as refused:
        received(
            "relative/address of mine",
            license="MIT License\n\nPermission is hereby granted",
            creators=[{"name": "A", "orcid": "0000-0002-1825-0098"}],
            description="x" * 200_000,
            files=[FILE | {"remote": "file:///etc/passwd"}, FILE | {"size": -1, "sha256": "zz"}],
            columns=[{"name": "a"}],
        )
    paths = {entry["path"] for entry in refused.value.members["report"]}
    assert paths >= {"@id", "license", "creators[0].orcid", "description", "files[0].remote", "files[1].size"}
    assert paths >= {"files[1].sha256", "columns[0].dtype"}


def test_without_an_address_it_says_how_to_give_one() -> None:
    with pytest.raises(InvalidMetadata, match=r"--source on the command line, \?source= over HTTP"):
        received("")


def test_a_table_may_have_thousands_of_columns() -> None:
    columns = [{"name": f"c{n}", "dtype": "float32"} for n in range(5000)]
    assert len(received(columns=columns).found["columns"]) == 5000


def test_a_withdrawal_has_its_reason() -> None:
    assert received(status="withdrawn", reason="wrong").withdrawn == "wrong"
    assert received().withdrawn is None
