from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from hpcfair_kg.activity import Measurement, Verdict
from hpcfair_kg.models import likeness

PROOF = Verdict("equal", 1e-7, max_abs=2e-7, rms=1e-8, shapes=((3, 4), (1, 4)), seed=7, opset=18)


def median(value: float, unit: str = "MilliSEC") -> tuple[Measurement, ...]:
    return (Measurement("latencyP50", value, unit, "urn:m"),)


def test_forms_are_compared_by_bytes_then_by_outputs() -> None:
    assert likeness.forms(True, None).likeness == "equal"
    assert likeness.forms(False, replace(PROOF, max_abs=0.0)).likeness == "equal"
    near = likeness.forms(False, PROOF)
    assert (near.likeness, near.bound) == ("within", 1e-7)
    far = likeness.forms(False, replace(PROOF, outcome="different", reason="off by 0.3"))
    assert (far.likeness, far.said, far.good) == ("different", "another function: off by 0.3", False)
    assert likeness.forms(False, None).likeness == "different"


def test_verdicts_are_compared_figure_by_figure() -> None:
    assert likeness.verdicts(PROOF, PROOF).likeness == "equal"
    near = likeness.verdicts(PROOF, replace(PROOF, normalised=3e-7, shapes=((3, 4),)))
    assert near.likeness == "within"
    assert near.bound == pytest.approx(2e-7)
    assert "normalised 1e-07 then, 3e-07 now" in near.said
    assert "shapes [[3, 4], [1, 4]] then, [[3, 4]] now" in near.said
    bad = replace(PROOF, outcome="different", normalised=0.3, reason="far off")
    assert likeness.verdicts(bad, replace(bad, normalised=0.5)).likeness == "different"
    assert likeness.verdicts(PROOF, bad).said == "the outcome was equal and is different: far off"


def test_failures_are_the_same_whatever_folder_and_address_they_name() -> None:
    then = "cannot read /tmp/a1/in/m.pt2 at 0x7f00"
    assert likeness.failures(then, "cannot read /tmp/b2/in/m.pt2 at 0x7e11").likeness == "equal"
    assert likeness.failures(then, "no such operator").likeness == "different"


@pytest.mark.parametrize(
    ("then", "now", "same", "expected"),
    [
        (median(1.0), median(1.9), True, "within"),
        (median(1.0), median(2.1), True, "different"),
        (median(1.0), median(0.4), True, "different"),
        (median(1.0), median(40.0), False, "reported"),
        (median(500.0, "MicroSEC"), median(0.5), True, "within"),
    ],
)
def test_latencies_are_judged_on_the_same_hardware_only(
    then: tuple[Measurement, ...], now: tuple[Measurement, ...], same: bool, expected: str
) -> None:
    assert likeness.latencies(then, now, same).likeness == expected


@pytest.mark.parametrize(
    ("other", "expected"),
    [(1.0 + 1e-6, "within"), (2.0, "different"), (float("nan"), "different")],
)
def test_arrays_in_files_are_compared_by_their_values(tmp_path: Path, other: float, expected: str) -> None:
    for name, value in (("then", 1.0), ("now", other)):
        (tmp_path / name).mkdir()
        np.savez(tmp_path / name / "out.npz", y=np.array([value, 1.0], np.float32))
    then, now = (str(tmp_path / name / "out.npz") for name in ("then", "now"))
    assert likeness.arrays(then, now, lambda event: None)["likeness"] == expected


def test_other_files_differ_by_their_bytes(tmp_path: Path) -> None:
    answer = likeness.arrays(str(tmp_path / "out.csv"), str(tmp_path / "out.csv"), lambda event: None)
    assert answer == {"likeness": "different", "said": "another out.csv: its bytes differ", "bound": None}
