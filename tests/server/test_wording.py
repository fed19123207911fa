from __future__ import annotations

import doctest

import pytest

from hpcfair_kg.activity import Verdict
from hpcfair_kg.artifact import Artifact
from server import uploads, wording


@pytest.mark.parametrize("module", [wording, uploads])
def test_the_examples_in_the_docstrings(module: object) -> None:
    assert doctest.testmod(module).failed == 0  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("status", "verdict", "said"),
    [
        (
            "ready",
            Verdict("equal", normalised=0.0, shapes=((1,),)),
            "equals the original exactly on 1 shape.",
        ),
        ("failed-proof", Verdict("different", normalised=16.1), "never served"),
        ("ready", Verdict("consistent", shapes=((1, 2), (3, 2))), "on 2 shapes"),
        ("ready", Verdict("inconsistent"), "not what it declares"),
        ("converting", None, "under way"),
        ("waiting-for-converter", None, "waits for a converter"),
        ("not-convertible", None, "no ONNX form"),
        ("withdrawn", Verdict("equal", normalised=0.0), "was withdrawn"),
    ],
)
def test_what_is_known_in_one_sentence(status: str, verdict: Verdict | None, said: str) -> None:
    artifact = Artifact("i", "k", "ada", "m", status=status, verdict=verdict)  # type: ignore[arg-type]
    assert said in wording.sentence(artifact)


def test_a_dataset_needs_no_verdict() -> None:
    assert wording.sentence(Artifact("i", "k", "ada", "m", kind="dataset", status="ready")) == ""


@pytest.mark.parametrize(
    ("number", "said"),
    [
        (3.2e-6, "3.2e-6"),
        (16.1, "16.1"),
        (1.0, "1"),
        (0.95, "0.95"),
        (1e-12, "1e-12"),
        (240, "240"),
        (float("inf"), "infinite"),
        (float("nan"), "not a number"),
    ],
)
def test_figures(number: float, said: str) -> None:
    assert wording.figure(number) == said
