"""How figures, sizes and verdicts are said in words, for the pages."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from math import isfinite
from typing import Any
from urllib.parse import unquote, urlsplit

from hpcfair_kg.activity import Verdict
from hpcfair_kg.artifact import Artifact, Dimension
from hpcfair_kg.client.facts import hardware
from hpcfair_kg.knowledge import ontology
from hpcfair_kg.knowledge.vocabulary import ARCHITECTURES, HPC

STATUSES = {
    "registered": "registered",
    "converting": "converting",
    "waiting-for-converter": "waiting for a converter",
    "ready": "ready",
    "not-convertible": "not convertible",
    "failed-proof": "failed its proof",
    "withdrawn": "withdrawn",
}
BADGES = {
    "equal": "proved equal",
    "different": "not equal",
    "consistent": "checked",
    "inconsistent": "inconsistent",
}
UNITS = ("kB", "MB", "GB", "TB")


def size(number: int | None) -> str:
    """Return a size in bytes as people read it; None is one that nobody knows.

    >>> size(52311), size(1), size(999_999), size(None)
    ('52.3 kB', '1 byte', '1.0 MB', '–')
    """
    if number is None:
        return "–"
    if number < 1000:
        return plural(number, "byte")
    amount, unit = number / 1000, 0
    while amount >= 999.95 and unit < len(UNITS) - 1:
        amount, unit = amount / 1000, unit + 1
    return f"{amount:.1f} {UNITS[unit]}"


def figure(number: float | None) -> str:
    """Return a measured figure to two digits, exact zeros and small whole numbers as they are.

    >>> figure(2.1345e-07), figure(0.0), figure(12.0), figure(None)
    ('2.1e-7', '0', '12', '–')
    """
    if number is None:
        return "–"
    if not isfinite(number):
        return "not a number" if number != number else "infinite"
    if number == int(number) and abs(number) < 1e6:
        return str(int(number))
    return f"{number:.2g}".replace("e-0", "e-").replace("e+0", "e") if abs(number) < 0.1 else f"{number:.6g}"


def shape(dimensions: Sequence[Dimension]) -> str:
    """Return a shape as it is written in mathematics.

    >>> shape(("batch", 13)), shape(())
    ('batch × 13', 'scalar')
    """
    return " × ".join(map(str, dimensions)) or "scalar"


def plural(number: int, noun: str) -> str:
    """Return a number with its noun.

    >>> plural(1, "shape"), plural(1200, "shape")
    ('1 shape', '1,200 shapes')
    """
    return f"{number:,} {noun}" if number == 1 else f"{number:,} {noun}s"


def class_iri(name: str) -> str:
    """Return the IRI of a class of models or machines, by the name that records have for it."""
    return ARCHITECTURES[name].value if name in ARCHITECTURES else f"{HPC}{name}"


def label(name: str) -> str:
    """Return what the ontology calls a class of models or machines.

    >>> label("RandomForest"), label("something else")
    ('Random forest', 'something else')
    """
    return ontology.terms().get(class_iri(name), name)


def host(address: str) -> str:
    """Return the host of an address, which says whose it is.

    >>> host("https://data.example.org:8443/iris.csv")
    'data.example.org:8443'
    """
    return urlsplit(address).netloc.rpartition("@")[2]


def day(time: str) -> str:
    """Return the day of an ISO 8601 time."""
    return time[:10]


def moment(time: str | None) -> str:
    """Return an ISO 8601 time to the second."""
    return (time or "")[:19].replace("T", " ")


def spoken_file(name: str) -> str:
    """Return a file's name; a step of a run speaks of an artifact's file by its IRI.

    >>> spoken_file("http://x/ark:/99999/k#file-encoder.onnx"), spoken_file("in.csv")
    ('encoder.onnx', 'in.csv')
    """
    return unquote(name.partition("#file-")[2]) if "#file-" in name else name


def found(verdict: Verdict) -> str:
    """Return what a step's proof found, in a few words.

    >>> found(Verdict("equal", normalised=2.1e-7, shapes=((1, 13),)))
    'equal, within 2.1e-7 on 1 shape'
    """
    within = "" if verdict.normalised is None else f", within {figure(verdict.normalised)}"
    return f"{verdict.outcome}{within}{_on(verdict)}"


def sentence(artifact: Artifact) -> str:
    """Return what is known of an artifact's ONNX form, in one sentence.

    >>> proved = Verdict("equal", normalised=2.1e-7, shapes=((1, 13), (7, 13)))
    >>> sentence(Artifact("i", "k", "ada", "m", status="ready", verdict=proved))
    'The ONNX form equals the original within 2.1e-7 on 2 shapes.'
    """
    verdict = artifact.verdict
    if artifact.status == "withdrawn":
        return "This artifact was withdrawn: its description stays, its files are no longer given out."
    if verdict is not None and verdict.outcome in SENTENCES:
        return SENTENCES[verdict.outcome](verdict)
    if artifact.kind == "model" and any(file.remote for file in artifact.files):
        return "The files of this model lie elsewhere: nothing was converted or proved here."
    return WITHOUT.get(artifact.status, "") if artifact.kind == "model" else ""


def badge(artifact: Artifact) -> str:
    """Return the verdict in two words, or nothing where there is none."""
    return BADGES.get(artifact.verdict.outcome, "") if artifact.verdict else ""


def _equal(verdict: Verdict) -> str:
    within = "exactly" if verdict.normalised == 0 else f"within {figure(verdict.normalised)}"
    return f"The ONNX form equals the original {within}{_on(verdict)}."


def _different(verdict: Verdict) -> str:
    return "The conversion succeeded and is wrong: its form is kept as evidence and never served."


def _consistent(verdict: Verdict) -> str:
    return f"The ONNX file is what it declares: what runs was checked against it{_on(verdict)}."


def _inconsistent(verdict: Verdict) -> str:
    return "The ONNX file is not what it declares: it can be downloaded and is not run here."


def _on(verdict: Verdict) -> str:
    return f" on {plural(len(verdict.shapes), 'shape')}" if verdict.shapes else ""


SENTENCES: dict[str, Callable[[Verdict], str]] = {
    "equal": _equal,
    "different": _different,
    "consistent": _consistent,
    "inconsistent": _inconsistent,
}
WITHOUT = {
    "registered": "There is no ONNX form of this model yet.",
    "converting": "The conversion to ONNX and its proof are under way.",
    "waiting-for-converter": "The conversion to ONNX waits for a converter that is not installed here.",
    "not-convertible": "This model has no ONNX form.",
    "failed-proof": "No conversion passed its proof, so there is no ONNX form to run.",
    "ready": "There is no ONNX form of this model.",
}
FILTERS: dict[str, Callable[..., Any]] = {
    "spoken_file": spoken_file,
    "found": found,
    "size": size,
    "figure": figure,
    "shape": shape,
    "plural": plural,
    "day": day,
    "moment": moment,
    "sentence": sentence,
    "badge": badge,
    "hardware": hardware,
    "class_iri": class_iri,
    "label": label,
    "anchor": ontology.anchor,
    "host": host,
    "status": lambda status: STATUSES.get(status, status),
}
