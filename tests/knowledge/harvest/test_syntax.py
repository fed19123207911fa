"""What bytes are taken for, and what is said of those that cannot be taken."""

from __future__ import annotations

import gzip
import io
import tarfile
from collections.abc import Callable
from typing import Any

import pytest

from hpcfair_kg.knowledge.harvest.syntax import media_type

Told = Callable[..., dict[str, Any]]
ENTITIES = '<?xml version="1.0"?><!DOCTYPE x [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;">]><x>&b;</x>'
NTRIPLES = "<https://d.example/1> <http://purl.org/dc/terms/title> {} .\n<https://d.example/1> <http://www.w3.org/1999/02/22-rdf-syntax-ns#type> <http://www.w3.org/ns/dcat#Dataset> .\n"


def archive() -> bytes:
    body = io.BytesIO()
    with tarfile.open(fileobj=body, mode="w") as tar:
        tar.addfile(tarfile.TarInfo("x.json"))
    return body.getvalue()


@pytest.mark.parametrize(
    ("data", "kind", "message"),
    [
        (b"", "text/turtle", "this is empty"),
        (b" \n", "application/ld+json", "this is empty"),
        (b"PK\x03\x04rest", "application/ld+json", "an archive; unpack it"),
        (gzip.compress(b"{}"), "application/json", "an archive; unpack it"),
        (archive(), "application/json", "an archive; unpack it"),
        ('{"@context": "é"}'.encode("latin-1"), "application/ld+json", "not UTF-8: byte 15"),
        ("<x/>".encode("utf-16"), "application/rdf+xml", "not UTF-8"),
        (ENTITIES.encode(), "application/rdf+xml", "DOCTYPE or entities"),
        (b"<a> <b", "text/turtle", "no Turtle: Parser error at line 1"),
        (b"<http://a/b c> a <http://www.w3.org/ns/dcat#Dataset> .", "text/turtle", "Invalid IRI"),
        (b"<x>", "application/rdf+xml", "no RDF/XML"),
        (b"{}", "application/pdf", "application/pdf is not taken here; what is: "),
        (
            b"<http://a> <http://b> <http://c> .",
            "text/turtle",
            "no model or dataset in a dialect that is known",
        ),
    ],
)
def test_what_cannot_be_read_is_told(told: Told, data: bytes, kind: str, message: str) -> None:
    found = told(data, kind)
    assert found["descriptions"] == []
    assert len(found["reasons"]) == 1
    assert message in found["reasons"][0]


def test_a_text_of_many_megabytes_is_told(told: Told) -> None:
    text = '{"@context": {"@vocab": "http://schema.org/"}, "name": "' + "x" * 10_000_000 + '"}'
    assert "several megabytes" in told(text)["reasons"][0]
    long = told(NTRIPLES.format('"' + "x" * 10_000_000 + '"'), "application/n-triples")["descriptions"]
    assert len(long[0]["record"]["title"]) == 1 << 20  # the other side refuses it


def test_deep_turtle_is_read_without_a_crash(told: Told) -> None:
    levels = 5000
    text = "@prefix : <http://x/> . :a :b " + "[ :b " * levels + "1" + " ]" * levels + " ."
    assert "no model or dataset" in told(text, "text/turtle")["reasons"][0]


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("a.TTL", "text/turtle"),
        ("x/README.md", "text/markdown"),
        ("feed.ndjson", "application/jsonl"),
        ("a.bin", None),
    ],
)
def test_the_ending_of_a_name_tells_the_media_type(name: str, kind: str | None) -> None:
    assert media_type(name) == kind
