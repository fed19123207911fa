from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from hpcfair_kg.activity import Step
from hpcfair_kg.artifact import TensorSpec, plain
from hpcfair_kg.errors import BoxFailed
from hpcfair_kg.models import cases
from hpcfair_kg.models.cases import Case, Plan, measured

OPEN, FIXED = TensorSpec("x", "float32", ("batch", 3)), TensorSpec("x", "float32", (4, 3))


def test_each_batch_is_measured_with_one_thread_and_with_all() -> None:
    found = cases.cases((OPEN,), Plan((1, 8)), 2)
    assert found == [Case(1, 1), Case(1, 2), Case(8, 1), Case(8, 2)]
    assert cases.cases((OPEN,), Plan((1,)), 1) == [Case(1, 1)]


def test_more_threads_than_cores_are_cut_and_said() -> None:
    (case,) = cases.cases((OPEN,), Plan((1,), (99,)), 2)
    assert case == Case(1, 2, ("99 threads were asked for: there are 2 cores",))


def test_a_fixed_batch_is_the_only_one_and_said() -> None:
    (case,) = cases.cases((FIXED,), Plan((1, 8), (1,)), 2)
    assert case == Case(4, 1, ("its batch is fixed at 4",))
    assert cases.cases((FIXED,), Plan((4,), (1,)), 2) == [Case(4, 1)]
    assert cases.cases((TensorSpec("x", "float32"),), Plan((1,), (1,)), 2) == [Case(1, 1)]


def test_a_busy_machine_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "cpu_count", lambda: 4)
    monkeypatch.setattr(os, "getloadavg", lambda: (1.9, 0.0, 0.0))
    assert cases.load() == ()
    monkeypatch.setattr(os, "getloadavg", lambda: (2.1, 0.0, 0.0))
    assert cases.load() == ("the machine was busy when it began: load 2.1 on 4 cores",)


def answering(failure: BoxFailed | None = None) -> Any:
    """Return what answers as a box does, or ends the second case."""

    def ask(call: str, arguments: Mapping[str, Any]) -> Any:
        if call.endswith(":fit"):
            return {"inputs": [plain(OPEN)]}
        if failure and arguments["batch"] == 2:
            raise failure
        return plain(Step("benchmark", "succeeded", batch=arguments["batch"], threads=arguments["threads"]))

    return ask


def test_a_case_that_outgrows_its_box_has_failed_and_the_others_are_measured() -> None:
    ask = answering(BoxFailed("ran out of memory (limit 1 GiB)", cause="memory"))
    steps = list(measured(ask, Path("m.onnx"), Plan((1, 2, 4), (1,)), "urn:m", ("m.onnx",), 7))
    assert [(s.batch, s.state) for s in steps] == [(1, "succeeded"), (2, "failed"), (4, "succeeded")]
    assert steps[1].detail == "ran out of memory (limit 1 GiB)"


def test_a_benchmark_that_is_cancelled_ends() -> None:
    ask = answering(BoxFailed("was cancelled", cause="cancelled"))
    with pytest.raises(BoxFailed):
        list(measured(ask, Path("m.onnx"), Plan((1, 2), (1,)), "urn:m", (), 7))
