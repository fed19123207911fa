import onnx
import pytest

from hpcfair_kg.formats.base import Bundle, Inspection
from hpcfair_kg.formats.onnx import Onnx
from hpcfair_kg.models.steps import Steps
from hpcfair_kg.models.task import Answer, Task
from tests.onnx_files import linear, tree


def task(tmp_path, plugin=None):
    bundle = Bundle(tmp_path, ("in.onnx",))
    return Task(
        bundle, ("in.onnx",), plugin or Onnx(), tmp_path / "a.b.onnx", 18, 7, (), Steps(lambda e: None)
    )


def test_evidence_is_named_after_the_form(tmp_path):
    assert task(tmp_path).evidence.name == "a.b.evidence.onnx"


def test_a_form_is_listed_renamed_and_removed_with_its_weights(tmp_path):
    it = task(tmp_path)
    linear(it.target, save_as_external_data=True, location="a.b.onnx.data", size_threshold=0)
    assert [f["name"] for f in it.listed(it.target, "converted", 18)] == ["a.b.onnx", "a.b.onnx.data"]
    it.rename(it.target, it.evidence)
    assert onnx.load(it.evidence).graph.initializer[0].raw_data
    assert it.written(it.target) == ()
    it.clear(it.evidence)
    assert list(tmp_path.iterdir()) == []


class TestPortrait:
    """What tells the architecture: what the original says itself, else the graph of its form, else names."""

    @pytest.fixture
    def portrait(self, tmp_path):
        def portrait(inspection, form="stump.onnx"):
            class Saying(Onnx):
                def inspect(self, bundle, names):
                    return inspection

            tree(tmp_path / "stump.onnx", (None, 13))
            linear(tmp_path / "linear.onnx")
            return task(tmp_path, Saying()).portrayed(Answer("ready"), tmp_path / form)

        return portrait

    def test_the_form_is_counted_and_told(self, portrait):
        answer = portrait(Inspection())
        assert answer.operators == {"ai.onnx.ml.TreeEnsembleRegressor": 1}
        assert (answer.architecture, answer.evidence) == (
            "DecisionTree",
            "1 TreeEnsembleRegressor of one tree among 1 operator of stump.onnx",
        )

    def test_the_original_tells_more_than_its_form(self, portrait):
        answer = portrait(Inspection(architecture="GradientBoosting", evidence="gbtree of 1 tree in m.json"))
        assert (answer.architecture, answer.evidence) == ("GradientBoosting", "gbtree of 1 tree in m.json")

    def test_the_form_tells_more_than_names(self, portrait):
        names = Inspection(architecture="LongShortTermMemory", evidence="LSTM among …", by_names=True)
        assert portrait(names).architecture == "DecisionTree"
        assert portrait(names, "linear.onnx").architecture == "LongShortTermMemory"

    def test_nothing_is_guessed(self, portrait):
        answer = portrait(Inspection(), "linear.onnx")
        assert (answer.architecture, answer.evidence, answer.operators) == (None, None, {"MatMul": 1})


def test_parameters_are_counted_as_the_original_does(tmp_path):
    linear(tmp_path / "in.onnx")

    class Counting(Onnx):
        def inspect(self, bundle, names):
            return Inspection(parameters=99)

    class Silent(Onnx):
        def inspect(self, bundle, names):
            return Inspection()

    assert task(tmp_path, Counting()).parameters(tmp_path / "in.onnx") == 99
    assert task(tmp_path, Silent()).parameters(tmp_path / "in.onnx") == 6
