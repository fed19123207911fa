from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from hpcfair_kg.cli import main
from tests.onnx_files import linear


@pytest.fixture
def model(tmp_path: Path) -> Path:
    """A small ONNX file."""
    return linear(tmp_path / "m.onnx")


def test_a_file_is_measured_here(model: Path) -> None:
    words = ["bench", str(model), "--batch", "1,4", "--threads", "1", "--repeats", "5"]
    shown = CliRunner().invoke(main, words)
    assert shown.exit_code == 0, shown.output
    rows = [line.split("\t") for line in shown.stdout.splitlines()]
    assert [(row[0], row[1], row[6]) for row in rows] == [("1", "1", "5"), ("4", "1", "5")]
    assert "cores" in shown.stderr or "core" in shown.stderr


def test_its_figures_are_json_with_their_units(model: Path) -> None:
    shown = CliRunner().invoke(main, ["bench", str(model), "--batch", "2", "--repeats", "5", "--json"])
    document = json.loads(shown.stdout)
    assert document["ok"]
    case = document["cases"][0]
    assert case["latency_p50_ms"] <= case["latency_p99_ms"]
    assert case["samples_per_second"] > 0
    assert case["peak_memory_bytes"] > 1e6
    assert document["hardware"]["cores"] >= 1


def test_what_is_no_model_is_refused(tmp_path: Path) -> None:
    (tmp_path / "m.onnx").write_text("no model")
    shown = CliRunner().invoke(main, ["bench", str(tmp_path / "m.onnx")])
    assert shown.exit_code == 1
    assert "is no ONNX model" in shown.output


@pytest.mark.parametrize("wrong", ["0", "1,-8", "many", ""])
def test_counts_are_whole_numbers(model: Path, wrong: str) -> None:
    shown = CliRunner().invoke(main, ["bench", str(model), "--batch", wrong])
    assert shown.exit_code == 2
    assert "whole numbers from 1 up, such as 1,8,32" in shown.output


def test_a_case_that_fails_is_in_the_table_and_the_exit_code(model: Path) -> None:
    shown = CliRunner().invoke(main, ["bench", str(model), "--batch", f"1,{1 << 28}", "--repeats", "3"])
    assert shown.exit_code == 1
    assert "failed: inputs for a batch of 268435456" in shown.stdout
