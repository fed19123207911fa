from __future__ import annotations

import json

import pytest

from hpcfair_kg.knowledge import checks
from hpcfair_kg.knowledge.checks import Report


def test_a_report_holds_what_json_can_hold() -> None:
    report: Report = []
    for value in ("x" * 10_000, "\ud800\x00", float("nan"), 10**400, {"deep": [1]}, None, 5, True):
        checks.note(report, "path", "message", value)
    assert [len(str(entry["value"])) <= 200 for entry in report] == [True] * 8
    assert json.loads(json.dumps(report, allow_nan=False).encode("utf-8")) == report
    assert [entry["value"] for entry in report[5:]] == [None, 5, True]


@pytest.mark.parametrize("character", ["\x00", "\x1b", "\x7f", "\ud800", "\uffff"])
def test_text_has_no_character_that_rdf_or_a_terminal_cannot_carry(character: str) -> None:
    report: Report = []
    checks.text(100)(f"a{character}b", "title", report)
    assert f"U+{ord(character):04X}" in report[0]["message"]


def test_html_and_every_script_are_text() -> None:
    report: Report = []
    said = "<script>alert('x')</script> größe 模型 🙂\n\tsecond line"
    assert checks.text(1000, line=False)(said, "description", report) == said
    assert not report


def test_text_is_measured_in_bytes() -> None:
    report: Report = []
    checks.text(10)("ü" * 5, "title", report)
    assert not report
    checks.text(10)("ü" * 6, "title", report)
    assert "12 bytes" in report[0]["message"]


def test_a_set_is_sorted_and_says_each_thing_once() -> None:
    report: Report = []
    assert checks.distinct("…", checks.text(10))(["b", " a ", "b", ""], "tags", report) == ("a", "b")
    assert not report


def test_unknown_keys_are_matched_with_what_was_meant() -> None:
    report: Report = []
    checks.unknown({"Licence": 1, "xyzzy": 2}, ("license", "name"), "", report)
    assert [entry["message"] for entry in report] == [
        "unknown key 'Licence'; did you mean 'license'? Else there are: license, name",
        "unknown key 'xyzzy'; there are: license, name",
    ]


@pytest.mark.parametrize("value", [True, "1", None, float("nan"), float("inf"), 2**63, []])
def test_a_figure_is_a_finite_number(value: object) -> None:
    report: Report = []
    checks.figure(value, "value", report)
    assert report[0]["path"] == "value"
