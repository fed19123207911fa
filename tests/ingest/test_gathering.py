"""What of a path is harvested."""

from __future__ import annotations

from pathlib import Path

import pytest

from hpcfair_kg.errors import NotFound
from hpcfair_kg.ingest.gathering import gather


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder in which descriptions lie among other things."""
    files = {
        "a/croissant.json": '{"@context": {}}',
        "a/config.json": '{"hidden_size": 8}',
        "a/model.safetensors": "weights",
        "b/README.md": "---\nlicense: mit\n---\n",
        "b/NOTES.md": "---\nx: y\n---\n",
        "c/README.md": "# A program\n",
        "c/graph.ttl": "",
        "c/page.xml": "<html/>",
        "c/data.xml": "<rdf:RDF/>",
    }
    for name, text in files.items():
        path = tmp_path / "site" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return tmp_path / "site"


def test_a_folder_is_walked_for_what_looks_like_a_description(folder: Path) -> None:
    found = {given.name: given.kind for given in gather([folder])}
    assert found == {
        "a/croissant.json": "application/json",
        "b/README.md": "text/markdown",
        "c/data.xml": "application/rdf+xml",
        "c/graph.ttl": "text/turtle",
    }


def test_the_address_of_a_folder_goes_on_below_it(folder: Path) -> None:
    found = {given.name: given.address for given in gather([folder], "https://huggingface.co/")}
    assert found["a/croissant.json"] == "https://huggingface.co/a/croissant.json"
    assert found["b/README.md"] == "https://huggingface.co/b"


def test_a_file_is_taken_at_ones_word(folder: Path) -> None:
    (given,) = gather([folder / "a/config.json"], "https://d.example/x")
    assert (given.name, given.kind, given.address) == (
        "config.json",
        "application/json",
        "https://d.example/x",
    )
    (given,) = gather([folder / "a/model.safetensors"])
    assert given.kind == ""


def test_what_is_not_there_is_told(tmp_path: Path) -> None:
    with pytest.raises(NotFound, match="no file or folder"):
        gather([tmp_path / "nothing"])
