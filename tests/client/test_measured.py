from __future__ import annotations

import doctest

from hpcfair_kg.activity import Hardware, Measurement, Step
from hpcfair_kg.artifact import plain
from hpcfair_kg.client import facts
from hpcfair_kg.client.measured import Benchmark

GOOD = Step(
    "benchmark", "succeeded", batch=8, threads=2, repeats=50,
    measurements=(
        Measurement("latencyP50", 1.25, "MilliSEC", "urn:m"), Measurement("latencyP99", 2.0, "MilliSEC", "urn:m"),
        Measurement("throughput", 6400.0, "PER-SEC", "urn:m"), Measurement("peakMemory", 81e6, "BYTE", "urn:m"),
    ),
)  # fmt: skip
BAD = Step("benchmark", "failed", batch=64, threads=2, detail="ran out of <memory>")


def test_a_result_is_read_and_shown() -> None:
    found = Benchmark.of(
        {"model": "urn:m", "steps": [plain(GOOD), plain(BAD)], "hardware": plain(Hardware("EPYC", 2))},
        "run-1",
    )
    assert not found.ok
    assert found.steps == (GOOD, BAD)
    assert found.cases[0]["samples_per_second"] == 6400.0
    assert found.rows == [
        ("8", "2", "1.25", "2", "6,400", "81", "50", ""),
        ("64", "2", "", "", "", "", "", "failed: ran out of <memory>"),
    ]
    assert "EPYC, 2 cores" in found._repr_html_()
    assert "&lt;memory&gt;" in found._repr_html_()


def test_the_examples_of_facts_are_true() -> None:
    assert doctest.testmod(facts).failed == 0
