import pytest

from hpcfair_kg.activity import Step
from hpcfair_kg.errors import CorruptFile
from hpcfair_kg.models.steps import LONGEST, Steps, said, software


def test_each_change_of_a_step_is_told_and_its_end_is_kept():
    told = []
    steps = Steps(told.append)
    step = steps.begin(Step("convert", "running", detail="skl2onnx"))
    steps.end(step, "failed", detail="no")
    assert [(e["event"], e["name"], e["state"], e["detail"]) for e in told] == [
        ("step", "convert", "running", "skl2onnx"),
        ("step", "convert", "failed", "no"),
    ]
    (kept,) = steps.done
    assert kept.started == told[0]["started"] == told[1]["started"]
    assert kept.ended >= kept.started


@pytest.mark.parametrize(
    ("error", "text"),
    [
        (ValueError("bad\n\n  value"), "bad\n  value"),
        (KeyError("w"), "KeyError: 'w'"),
        (NotImplementedError(), "NotImplementedError"),
        (RuntimeError('============\nTraceback (most recent call last):\n  File "a.py", line 3\nno'), "no"),
        (CorruptFile("x is cut off"), "x is cut off"),
    ],
)
def test_an_error_is_put_in_a_few_words(error, text):
    assert said(error) == text


def test_a_long_error_is_cut_to_2_kb_of_whole_characters():
    text = said(ValueError("é" * 1_000_000))
    assert len(text.encode()) <= LONGEST
    assert set(text) == {"é"}


def test_software_names_distributions_and_versions():
    found = software(("yaml", "onnxruntime", "not_there_at_all"))
    assert [entry.split()[0] for entry in found] == ["PyYAML", "onnxruntime"]
    assert all(entry.split()[1][0].isdigit() for entry in found)
