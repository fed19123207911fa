from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from hpcfair_kg.models.again import again
from tests.onnx_files import laid, linear, recognised


def done(tmp_path: Path, original: Path, recorded: Path | None, **more: Any) -> dict[str, Any]:
    """Convert a file again in folders of its own, as a box would."""
    seen = recognised(tmp_path, original)
    names, beside = [original.name], []
    if recorded is not None:
        place = tmp_path / "in" / "recorded"
        place.mkdir()
        (place / recorded.name).write_bytes(recorded.read_bytes())
        beside = [f"recorded/{recorded.name}"]
    (tmp_path / "out").mkdir()
    asked = {
        "folder": str(tmp_path / "in"), "names": names, "claimed": seen["claimed"], "format": seen["format"],
        "out": str(tmp_path / "out"), "stem": "m", "opset": 18, "seed": 7, "samples": [],
    }  # fmt: skip
    events: list[Any] = []
    digests = [hashlib.sha256(recorded.read_bytes()).hexdigest()] if recorded else []
    answer = again(asked | more, beside, digests, events.append)
    assert {event["event"] for event in events} == {"progress"}
    return answer


def regression(path: Path, seed: int = 0) -> Path:
    """A small model of scikit-learn's as skops."""
    skops = pytest.importorskip("skops.io")
    linear_model = pytest.importorskip("sklearn.linear_model")
    rng = np.random.default_rng(seed)
    x = rng.standard_normal((60, 3))
    skops.dump(linear_model.LinearRegression().fit(x, x @ rng.standard_normal(3)), path)
    return path


def first_form(tmp_path: Path, original: Path) -> Path:
    place = tmp_path / "first"
    place.mkdir()
    answer = done(place, original, None)
    assert answer["answer"]["status"] == "ready"
    assert answer["same"] is False
    return place / "out" / "m.onnx"


def test_what_came_as_onnx_is_examined_again(tmp_path: Path) -> None:
    answer = done(tmp_path, linear(tmp_path / "m.onnx"), None)
    assert answer["answer"]["verdict"]["outcome"] == "consistent"
    assert (answer["same"], answer["alike"]) == (True, None)


def test_the_same_bytes_need_no_comparison(tmp_path: Path) -> None:
    original = linear(tmp_path / "m.onnx", opset=6)
    answer = done(tmp_path, original, first_form(tmp_path, original))
    assert (answer["same"], answer["alike"]) == (True, None)
    assert answer["proof"] == answer["answer"]["verdict"]


def test_other_bytes_of_the_same_function_are_alike(tmp_path: Path) -> None:
    import onnx

    original = regression(tmp_path / "m.skops")
    form = onnx.load(first_form(tmp_path, original))
    form.doc_string = "written on another day"
    onnx.save(form, tmp_path / "recorded.onnx")
    answer = done(tmp_path, original, tmp_path / "recorded.onnx")
    assert answer["same"] is False
    assert (answer["alike"]["outcome"], answer["alike"]["max_abs"]) == ("equal", 0.0)
    assert answer["proof"] == answer["answer"]["verdict"]


def test_another_function_is_told_and_fails_its_proof(tmp_path: Path) -> None:
    original, other = regression(tmp_path / "m.skops"), regression(tmp_path / "other.skops", seed=1)
    recorded = first_form(tmp_path, other)
    answer = done(tmp_path, original, recorded)
    assert answer["alike"]["outcome"] == answer["proof"]["outcome"] == "different"
    assert answer["answer"]["verdict"]["outcome"] == "equal"


def test_laid_out_files_are_left_alone(tmp_path: Path) -> None:
    folder, _ = laid(tmp_path, linear(tmp_path / "m.onnx"))
    before = (folder / "m.onnx").read_bytes()
    done(tmp_path, tmp_path / "m.onnx", None)
    assert (folder / "m.onnx").read_bytes() == before
