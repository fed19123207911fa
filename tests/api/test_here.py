import numpy as np
import onnx
import pyoxigraph as ox
import pytest
from onnx import TensorProto, helper

from hpcfair_kg import modelAPI
from hpcfair_kg.errors import InvalidConfig, WrongInput
from hpcfair_kg.knowledge.runs import read_run
from hpcfair_kg.knowledge.validate import Shapes
from hpcfair_kg.models import infer
from tests import processed

F = TensorProto.FLOAT


@pytest.fixture(autouse=True)
def here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def make(here):
    def save(name, op, source, target, columns=3):
        nodes = [helper.make_node(op, [source], [target])]
        ends = [helper.make_tensor_value_info(n, F, ["batch", columns]) for n in (source, target)]
        graph = helper.make_graph(nodes, name, ends[:1], ends[1:])
        model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=8)
        onnx.save(model, here / f"{name}.onnx")

    return save


def chain(**changes):
    return {
        "general_args": {"task": "inference", "tag": "collaboration", "backend": "onnx"},
        "task_args": {"model_file": ["first.onnx", "second.onnx"], "input": "in.txt", **changes},
        "out_args": {"export_file": "out.txt"},
    }


def test_a_collaboration_runs_the_chain_and_merges_it(make, here):
    make("first", "Neg", "x", "h")
    make("second", "Abs", "state", "y")
    (here / "in.txt").write_text("1 2 3\n-4 5 6.5\n")
    lines = []
    result = modelAPI(say=lines.append).collaborate(chain())
    assert (here / "out.txt").read_text() == "1.0 2.0 3.0\n4.0 5.0 6.5\n"
    assert result.wiring == "input x -> first.x, first.h -> second.state"
    assert result.verdict.outcome == "equal"
    assert result.merged.name == "out.onnx"
    again = infer.run(infer.load(result.merged), {"x": np.float32([[-1, 0, 1]])})
    assert again["y"].tolist() == [[1, 0, 1]]
    assert "merged: out.onnx, equal to the chained run" in lines[0]


def test_the_asked_for_opset_that_the_parts_have_not_is_said(make, here):
    make("first", "Neg", "x", "h")
    make("second", "Abs", "h", "y")
    (here / "in.txt").write_text("1 2 3\n")
    result = modelAPI(say=lambda line: None).collaborate(chain(onnx_version=10))
    assert any("onnx_version 10 was asked for" in warning for warning in result.warnings)


def test_a_part_is_not_overwritten_by_the_merged_file(make, here):
    make("first", "Neg", "x", "h")
    make("out", "Abs", "h", "y")
    before = (here / "out.onnx").read_bytes()
    (here / "in.txt").write_text("1 2 3\n")
    result = modelAPI(say=lambda line: None).collaborate(chain(model_file=["first.onnx", "out.onnx"]))
    assert result.merged.name == "out.merged.onnx"
    assert (here / "out.onnx").read_bytes() == before


def test_models_that_do_not_fit_are_told_what_each_takes_and_gives(make, here):
    make("first", "Neg", "x", "h")
    make("second", "Abs", "state", "y", columns=4)
    (here / "in.txt").write_text("1 2 3\n")
    with pytest.raises(InvalidConfig, match=r"first takes x float32 \[batch, 3\] and gives h"):
        modelAPI().collaborate(chain())
    assert not (here / "out.txt").exists()


def test_one_model_is_no_collaboration(make):
    make("first", "Neg", "x", "h")
    with pytest.raises(InvalidConfig, match="two or more"):
        modelAPI().collaborate(chain(model_file="first.onnx"))


def inference(**changes):
    return {
        "general_args": {"task": "inference"},
        "task_args": {"model_file": ["first.onnx", "second.onnx"], "input": "in.csv", **changes},
        "out_args": {"export_file": ["one.csv", "two.npy"]},
    }


def test_inference_runs_each_model_on_its_input(make, here):
    make("first", "Neg", "x", "h")
    make("second", "Abs", "state", "y")
    (here / "in.csv").write_text("a,b,c\n1,-2,3\n")
    one, two = modelAPI(say=lambda line: None).inference(inference())
    assert one.outputs["h"].tolist() == [[-1, 2, -3]]
    assert (here / "one.csv").read_text().splitlines() == ["h[0],h[1],h[2]", "-1.0,2.0,-3.0"]
    assert np.load(here / "two.npy").tolist() == [[1, 2, 3]]
    assert two.paths[0].name == "two.npy"


def test_input_of_the_wrong_shape_says_what_the_model_takes(make, here):
    make("first", "Neg", "x", "h")
    make("second", "Abs", "state", "y")
    (here / "in.csv").write_text("a,b\n1,-2\n")
    with pytest.raises(WrongInput, match=r"x has the shape \[1, 2\]; the model takes \['batch', 3\]"):
        modelAPI().inference(inference())


def test_as_many_inputs_as_models_or_one(make, here):
    make("first", "Neg", "x", "h")
    make("second", "Abs", "state", "y")
    with pytest.raises(InvalidConfig, match="input names 0 files"):
        modelAPI().inference(inference(input=[]))


def test_a_task_of_another_kind_is_refused_naming_both(make):
    with pytest.raises(InvalidConfig, match="a configuration for collaboration; conversion was asked for"):
        modelAPI().conversion(chain())


def test_run_does_what_the_configuration_is_for_and_says_what_it_cannot(make, here):
    make("first", "Neg", "x", "h")
    make("second", "Abs", "state", "y")
    (here / "in.txt").write_text("1 2 3\n")
    (result,) = modelAPI(say=lambda line: None).run(chain())
    assert result.outputs["y"].tolist() == [[1, 2, 3]]
    container = {"general_args": {"task": "container", "backend": "mlcube"}, "task_args": {"work_dir": "x"}}
    with pytest.raises(
        InvalidConfig, match="container, which this version does not do yet; it does: conversion"
    ):
        modelAPI().run(container)
    assert not hasattr(modelAPI(), "container")


def test_store_takes_a_model_into_the_catalogue_of_this_folder(make, here, monkeypatch):
    monkeypatch.setenv("HPCFAIR_DATA_DIR", str(here / "catalogue"))
    make("first", "Neg", "x", "h")
    task = {
        "general_args": {"task": "store", "tag": "signs"},
        "model_args": {
            "model_file": "first.onnx",
            "license": "MIT",
            "metadata": {"creators": [{"name": "A"}]},
        },
    }
    (stored,) = modelAPI(say=lambda line: None).store(task)
    assert stored.reason is None
    assert stored.artifact.status == "ready"
    assert stored.artifact.tags == ("signs",)
    (again,) = modelAPI(say=lambda line: None).store(task)
    assert again.artifact.key == stored.artifact.key
    task["model_args"]["license"] = "MTI"
    make("first", "Abs", "x", "h")
    (refused,) = modelAPI(say=lambda line: None).store(task)
    assert "license" in str(refused)


def test_how_a_run_went_is_written_beside_its_output_as_a_service_has_it(make, here):
    make("first", "Neg", "x", "h")
    make("second", "Abs", "state", "y")
    (here / "in.txt").write_text("1 2 3\n")
    result = modelAPI(say=lambda line: None).collaborate(chain())
    assert str(result.record) == "out.txt.prov.ttl"
    triples = [quad.triple for quad in ox.parse(path="out.txt.prov.ttl", format=ox.RdfFormat.TURTLE)]
    run = read_run(triples)
    assert (run.task, run.state) == ("collaboration", "succeeded")
    assert [step.name for step in run.steps] == ["infer", "merge", "verify:merged"]
    assert all(step.environment and step.hardware for step in run.steps)
    assert {"out.txt", "out.onnx"} == {file.name for file in run.files if file.role == "output"}
    assert Shapes().validate(triples) == []


def test_a_folder_with_a_tokenizer_takes_sentences(here):
    pytest.importorskip("tokenizers", reason="tokenizers comes with the extra `text`")
    processed.written(processed.texts(), here / "moods")
    (here / "in.txt").write_text("so so good\nbad\n")
    task = {
        "general_args": {"task": "inference"},
        "task_args": {"model_file": "moods", "input": "in.txt"},
        "out_args": {"export_file": "out.csv"},
    }
    (inferred,) = modelAPI(say=lambda line: None).inference(task)
    assert inferred.outputs["label"].tolist() == ["neutral", "bad"]
    assert (here / "out.csv").read_text().splitlines()[2].startswith("bad,")
