"""The one reader of ontology/: our terms, those of the HPC Ontology that we use, and the JSON-LD context."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import Any

import pyoxigraph as ox
from pyoxigraph import NamedNode

from hpcfair_kg.errors import NotFound
from hpcfair_kg.knowledge.vocabulary import RDFS

_HERE = Path(__file__).resolve()


def folder(name: str) -> Path:
    """Return where a folder of shipped files lies: beside the package in a checkout, else inside it."""
    root = _HERE.parents[2]
    # In site-packages another distribution's folder may be called "ontology" too.
    return root / name if (root / "pyproject.toml").is_file() else _HERE.parent / f"_{name}"


@cache
def text(name: str) -> str:
    """Return a file of the ontology, "hk.ttl" for one; raises `NotFound` with the names there are."""
    names = sorted(path.name for path in folder("ontology").iterdir())
    if name not in names:
        raise NotFound(f"the ontology has no file {name!r}; there are: {', '.join(names)}")
    return (folder("ontology") / name).read_text(encoding="utf-8")


@cache
def context() -> dict[str, Any]:
    """Return the JSON-LD context: what stands under "@context". It is shared: copy it to change it."""
    found: dict[str, Any] = json.loads(text("context.jsonld"))["@context"]
    return found


@cache
def terms() -> dict[str, str]:
    """Return the label of every term that the ontology declares, by its IRI."""
    return {
        triple.subject.value: triple.object.value
        for path in sorted(folder("ontology").glob("*.ttl"))
        for triple in ox.parse(path=path, format=ox.RdfFormat.TURTLE)
        if triple.predicate == RDFS.label and isinstance(triple.subject, NamedNode)
    }
