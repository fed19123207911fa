import onnx

from hpcfair_kg.formats.base import Bundle, Inspection
from hpcfair_kg.formats.onnx import Onnx
from hpcfair_kg.models.steps import Steps
from hpcfair_kg.models.task import Task
from tests.onnx_files import linear


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
