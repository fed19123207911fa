import numpy as np
import pytest

from hpcfair_kg.errors import InvalidConfig
from hpcfair_kg.models import rows
from hpcfair_kg.models.joining import join
from tests.models.test_over import chain


def test_a_chain_becomes_one_file_proved_equal(tmp_path):
    rows.write(tmp_path / "in.csv", {"x": np.ones((3, 3), np.float32)})
    events, out = [], tmp_path / "out.onnx"
    answer = join(chain(tmp_path), str(out), 7, events.append, str(tmp_path / "in.csv"))
    assert (answer["verdict"]["outcome"], answer["reason"]) == ("equal", None)
    assert answer["links"] == [
        {"name": "first", "wires": ["x <- input x"]},
        {"name": "second", "wires": ["h <- first.y"]},
    ]
    done = [(e["name"], e["state"]) for e in events if e["state"] != "running"]
    assert done == [("merge", "succeeded"), ("verify:merged", "succeeded")]
    assert events[-1]["verdict"]["seed"] == 7
    assert out.exists()


def test_without_a_file_the_models_own_inputs_feed_it(tmp_path):
    assert join(chain(tmp_path), str(tmp_path / "o.onnx"), 7, lambda e: None)["wiring"].startswith("input x")


def test_what_cannot_be_merged_says_why(tmp_path, monkeypatch):
    from hpcfair_kg.models import merge

    monkeypatch.setattr(merge, "LIMIT", 10)
    events = []
    answer = join(chain(tmp_path), str(tmp_path / "out.onnx"), 7, events.append)
    assert answer["verdict"] is None
    assert "larger than what one ONNX file holds" in answer["reason"] == events[-1]["detail"]
    assert not (tmp_path / "out.onnx").exists()


def test_no_wiring_no_file(tmp_path):
    with pytest.raises(InvalidConfig, match=r"takes nothing|nothing fits"):
        join(chain(tmp_path)[::-1], str(tmp_path / "out.onnx"), 7, lambda e: None)
