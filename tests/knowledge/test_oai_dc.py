from __future__ import annotations

from dataclasses import replace
from xml.etree import ElementTree

from hpcfair_kg.artifact import Artifact
from hpcfair_kg.knowledge.oai_dc import NAMESPACE, oai_dc
from hpcfair_kg.knowledge.site import Site

DC = "{http://purl.org/dc/elements/1.1/}"
SITE = Site("https://models.example.org", "The Lab")
ELEMENTS = {
    "title", "creator", "subject", "description", "publisher", "contributor", "date", "type", "format",
    "identifier", "source", "language", "relation", "coverage", "rights",
}  # fmt: skip
"""The fifteen of http://www.openarchives.org/OAI/2.0/oai_dc.xsd."""


def said(artifact: Artifact) -> dict[str, list[str]]:
    """Return the values by element, having checked that these are the schema's."""
    root = ElementTree.fromstring(oai_dc(artifact, SITE))
    assert root.tag == f"{{{NAMESPACE}}}dc"
    found: dict[str, list[str]] = {}
    for element in root:
        assert element.tag.startswith(DC)
        assert not element.attrib
        assert len(element) == 0
        found.setdefault(element.tag.removeprefix(DC), []).append(element.text or "")
    assert found.keys() <= ELEMENTS
    return found


def test_a_model(model: Artifact) -> None:
    assert said(model) == {
        "title": ["Sequence encoder"],
        "creator": ["B. Second", "A. Author"],
        "subject": ["rnn", "seq2seq", "translation", "pytorch", "RecurrentNeuralNetwork"],
        "description": [model.description],
        "publisher": ["The Lab"],
        "contributor": ["Xplacer", "ZZ"],
        "date": ["2026-03-01T12:00:00.123450Z"],
        "type": ["Model"],
        "format": ["application/zip", "application/onnx", "text/markdown"],
        "identifier": [model.id, "ark:/99999/h7x2k9b4m"],
        "source": ["https://models.example.org/ark:/99999/h0000000y"],
        "relation": [
            "https://models.example.org/ark:/99999/h1111111z",
            "https://models.example.org/ark:/99999/d0000000x",
            "https://models.example.org/ark:/99999/w0000000q",
        ],
        "rights": ["MIT", "http://spdx.org/licenses/MIT", "info:eu-repo/semantics/openAccess"],
    }


def test_what_was_described_elsewhere_names_its_source(harvested: Artifact) -> None:
    found = said(harvested)
    assert (found["type"], found["source"]) == (["Dataset"], ["https://data.example.org/iris"])


def test_an_artifact_of_defaults_has_what_everyone_asks_for() -> None:
    found = said(Artifact("http://h/ark:/1/k", "k", "ada", "x"))
    assert (found["title"], found["creator"], found["rights"]) == (
        ["x"],
        ["ada"],
        ["info:eu-repo/semantics/openAccess"],
    )


def test_what_is_not_public_is_not_called_open(model: Artifact) -> None:
    assert said(replace(model, visibility="restricted"))["rights"] == ["MIT", "http://spdx.org/licenses/MIT"]


def test_what_xml_cannot_say_is_replaced(model: Artifact) -> None:
    assert said(replace(model, title="a\x00 <b> & ü"))["title"] == ["a\N{REPLACEMENT CHARACTER} <b> & ü"]
