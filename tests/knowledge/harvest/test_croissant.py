"""Croissant comes in with its files and fields, and our own view of it comes back."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import orjson
import pytest

from hpcfair_kg.artifact import Artifact, plain
from hpcfair_kg.knowledge.harvest.croissant import Croissant
from hpcfair_kg.knowledge.views.croissant import CONTEXT
from hpcfair_kg.knowledge.views.croissant import Croissant as View

Told = Callable[..., dict[str, Any]]
SHA = "ab" * 32


def dataset(**said: Any) -> dict[str, Any]:
    """Return a Croissant file with two record sets, a file in an archive and a set of files."""
    return {
        "@context": CONTEXT,
        "@type": "sc:Dataset",
        "@id": "https://data.example.org/iris",
        "conformsTo": "http://mlcommons.org/croissant/1.0",
        "name": "Iris of Kew",
        "description": {"de": "Schwertlilien", "en": "Irises"},
        "license": "https://creativecommons.org/licenses/by/4.0/",
        "keywords": "flowers, small",
        "creator": {"@type": "Person", "name": "R. Fisher", "@id": "https://orcid.org/0000-0002-1825-0097"},
        "distribution": [
            {"@type": "cr:FileObject", "@id": "all.zip", "name": "all.zip", "contentUrl": "https://data.example.org/all.zip",
             "contentSize": "1.2 GB", "encodingFormat": "application/zip", "sha256": "https://github.com/mlcommons/croissant/issues/80"},
            {"@type": "cr:FileObject", "@id": "iris.csv", "name": "iris.csv", "contentUrl": "iris.csv",
             "containedIn": {"@id": "all.zip"}, "encodingFormat": "text/csv", "sha256": SHA},
            {"@type": "cr:FileObject", "@id": "x", "name": "a table", "contentUrl": "https://data.example.org/t.parquet",
             "contentSize": "4600 B", "encodingFormat": "application/x-parquet", "sha256": SHA.upper()},
            {"@type": "cr:FileSet", "@id": "images", "containedIn": {"@id": "all.zip"}, "includes": "*.jpg"},
        ],
        "recordSet": [
            {"@type": "cr:RecordSet", "@id": "flowers", "name": "flowers", "field": [
                {"@type": "cr:Field", "@id": "flowers/length", "dataType": "sc:Float", "source": {"fileObject": {"@id": "iris.csv"}}},
                {"@type": "cr:Field", "@id": "flowers/box", "name": "flowers/box", "dataType": "cr:Float32", "isArray": True, "arrayShape": "-1,4"},
            ]},
            {"@type": "cr:RecordSet", "@id": "kinds", "name": "kinds", "field": [
                {"@type": "cr:Field", "@id": "kinds/name", "name": "name", "dataType": ["sc:Text", "sc:Enumeration"]},
                {"@type": "cr:Field", "@id": "kinds/parts", "name": "parts", "subField": {"@type": "cr:Field", "name": "petal", "dataType": "sc:Integer"}},
                {"@type": "cr:Field", "@id": "kinds/all", "name": "all", "dataType": "sc:ImageObject", "repeated": True},
            ]},
        ],
    } | said  # fmt: skip


def test_what_a_file_says_is_understood(one: Told) -> None:
    found = one(dataset())
    record = found["record"]
    assert (found["source"], found["dialect"]) == ("https://data.example.org/iris", "croissant")
    assert (record["kind"], record["title"], record["description"]) == ("dataset", "Iris of Kew", "Irises")
    assert (record["license"], record["tags"]) == ("CC-BY-4.0", ["flowers", "small"])
    assert record["creators"] == [{"name": "R. Fisher", "orcid": "https://orcid.org/0000-0002-1825-0097"}]
    zipped, table = record["files"]
    assert (zipped["name"], zipped["size"], zipped["sha256"]) == ("all.zip", None, "")
    assert (table["name"], table["format"], table["size"], table["sha256"]) == (
        "t.parquet",
        "parquet",
        4600,
        SHA,
    )


def test_fields_are_columns_by_the_name_of_their_record_set(one: Told) -> None:
    columns = {c["name"]: (c["dtype"], c.get("shape")) for c in one(dataset())["record"]["columns"]}
    assert columns == {
        "flowers/length": ("float64", None),
        "flowers/box": ("float32", [-1, 4]),
        "kinds/name": ("string", None),
        "kinds/parts": ("struct", None),
        "kinds/all": ("ImageObject", [-1]),
    }
    alone = dataset(recordSet=dataset()["recordSet"][0])
    assert [c["name"] for c in one(alone)["record"]["columns"]] == ["length", "box"]


def test_what_is_no_file_is_told(one: Told, told: Told) -> None:
    notes = " | ".join(one(dataset())["record"]["notes"])
    assert "images is a set of files, *.jpg" in notes
    assert "iris.csv is not listed: no address" in notes
    assert "the SHA-256 that is said of all.zip is none: 'https://github.com" in notes
    assert "all.zip is said to have 1.2 GB" in notes
    missed = told(dataset())["not_understood"]
    assert missed["cr:Field cr:source"] == 1
    assert missed["cr:Field cr:subField"] == 1


def test_a_relative_address_begins_where_the_document_was_found(one: Told) -> None:
    file = {"@type": "cr:FileObject", "name": "x.csv", "contentUrl": "data/x.csv"}
    found = one(dataset(distribution=file), address="https://data.example.org/sets/iris.json")
    assert found["record"]["files"][0]["remote"] == "https://data.example.org/sets/data/x.csv"


def test_without_an_id_it_is_known_by_where_it_was_found_or_by_its_page(one: Told) -> None:
    nameless = {
        key: value for key, value in dataset(url="https://data.example.org/page").items() if key != "@id"
    }
    assert one(nameless)["source"] == "https://data.example.org/page"
    assert (
        one(nameless, address="https://data.example.org/iris.json")["source"]
        == "https://data.example.org/iris.json"
    )


def test_our_own_view_comes_back(one: Told, dataset: Artifact) -> None:
    live = plain(dataset) | {"status": "ready"}
    record = one(View().render(Artifact.from_record(live)))["record"]
    same = ("title", "version", "license", "tags", "kind")
    assert {name: record.get(name, []) for name in same} == {name: live[name] for name in same}
    assert record["name"] == "iris"
    assert [c["name"] for c in record["columns"]] == [c.name for c in dataset.columns]
    assert [(f["name"], f["format"], f["size"], f["sha256"]) for f in record["files"]] == [
        ("iris.csv", "csv", 4600, "01" * 32)
    ]


@pytest.mark.parametrize("version", ["1.0", "1.1"])
def test_http_and_https_schema_org_are_one(one: Told, version: str) -> None:
    text = orjson.dumps(dataset(conformsTo=f"http://mlcommons.org/croissant/{version}"))
    plain_http = text.replace(b"https://schema.org/", b"http://schema.org/")
    assert one(text)["record"] == one(plain_http)["record"]


def test_a_dataset_of_schema_org_alone_is_left_to_that_dialect(told: Told) -> None:
    bare = {key: value for key, value in dataset().items() if key not in ("conformsTo", "recordSet")}
    assert [d["dialect"] for d in told(bare)["descriptions"]] == ["schema.org"]
    assert Croissant.rank < 50
