import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper

from hpcfair_kg import Client, modelAPI
from hpcfair_kg.errors import InvalidConfig, NotRunnable, WrongInput
from tests import processed

F = TensorProto.FLOAT


@pytest.fixture(autouse=True)
def here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HPCFAIR_CACHE", str(tmp_path / "cache"))
    return tmp_path


@pytest.fixture
def api(live):
    return modelAPI(live.url, live.token, say=lambda line: None)


def save(path, op, source, target, shift):
    """target = op(source) + shift, a file of its own for each shift."""
    nodes = [helper.make_node(op, [source], ["t"]), helper.make_node("Add", ["t", "w"], [target])]
    ends = [helper.make_tensor_value_info(n, F, ["batch", 2]) for n in (source, target)]
    graph = helper.make_graph(nodes, "g", ends[:1], ends[1:], [helper.make_tensor("w", F, [1], [shift])])
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=8), path)


def config(task, files, **arguments):
    return {
        "general_args": {"task": task, **arguments.pop("general", {})},
        "model_args": {"model_file": files, **arguments},
        "out_args": {"export_file": arguments.pop("out", [])},
    }


def test_store_and_then_convert_and_run_by_id(api, here):
    save(here / "there-a.onnx", "Neg", "x", "h", 0.25)
    task = config("store", "there-a.onnx", license="MIT", general={"tag": ["there"]})
    (stored,) = api.store(task)
    assert stored.artifact.tags == ("there",)
    assert stored.artifact.verdict.outcome == "consistent"
    assert stored.artifact.id in str(stored)
    assert stored.document()["artifact"]["name"] == "there-a"
    (converted,) = api.conversion(
        config("conversion", "ada/there-a") | {"out_args": {"export_file": "back.onnx"}}
    )
    assert (here / "back.onnx").read_bytes() == (here / "there-a.onnx").read_bytes()
    assert converted.verdict == stored.artifact.verdict
    (here / "in.txt").write_text("1 2\n")
    (inferred,) = api.inference(config("inference", stored.artifact.key, input="in.txt"))
    assert inferred.outputs["h"].tolist() == [[-0.75, -1.75]]


def test_models_are_chained_on_the_service(api, here, live):
    save(here / "there-first.onnx", "Neg", "x", "h", 0.5)
    save(here / "there-second.onnx", "Abs", "state", "y", 1.5)
    with Client(live.url, live.token) as client:
        client.upload(here / "there-first.onnx", name="elsewhere", license="MIT")
    (here / "in.txt").write_text("1 2\n-3 4\n")
    task = config(
        "inference",
        ["there-first.onnx", "there-second.onnx"],
        input="in.txt",
        general={"tag": "collaboration"},
    )
    result = api.collaborate(task | {"out_args": {"export_file": "out.txt"}})
    expected = np.abs(-np.array([[1, 2], [-3, 4]]) + 0.5) + 1.5
    np.testing.assert_allclose(np.loadtxt("out.txt"), expected)
    assert result.wiring == "input x -> there-first.x, there-first.h -> there-second.state"
    np.testing.assert_allclose(result.outputs["y"], expected)
    assert (result.rows, result.verdict.outcome, result.merged.name) == (2, "equal", "out.onnx")
    with Client(live.url, live.token) as client:
        workflow, model = client.get(result.workflow), client.get(result.model)
        assert [link.name for link in workflow.chain] == ["there-first", "there-second"]
        assert len(model.components) == 2
        told = client.sparql(f"ASK {{ <{result.run}> a <https://w3id.org/hpcfair-kg/ns#Run> }}")
        assert told is True
        np.testing.assert_allclose(client.infer(model.id, {"x": np.float32([[1, 2]])})["y"], expected[:1])


def test_what_fails_there_is_raised_here(api, here):
    save(here / "there-c.onnx", "Neg", "x", "h", 0.125)
    (here / "in.csv").write_text("x[0],x[1]\n1,two\n")
    task = config("inference", "there-c.onnx", input="in.csv")
    with pytest.raises(WrongInput, match="two"):
        api.inference(task | {"out_args": {"export_file": "out.txt"}})
    assert not (here / "out.txt").exists()
    with pytest.raises(InvalidConfig, match=r"none\.csv, which is not there"):
        api.inference(config("inference", "there-c.onnx", input="none.csv"))


def test_what_fails_for_one_is_that_ones_reason(api, here):
    (here / "broken.onnx").touch()
    save(here / "there-b.onnx", "Neg", "x", "h", 0.75)
    broken, good = api.conversion(config("conversion", ["broken.onnx", "there-b.onnx"]))
    assert "empty" in broken.reason
    assert good.ok
    assert (here / "there-b.onnx").is_file()


def test_a_dataset_cannot_be_run(api, here):
    (here / "table.csv").write_text("a,b\n3,4\n")
    (here / "in.txt").write_text("1 2\n")
    with pytest.raises(NotRunnable, match="no proved ONNX form"):
        api.inference(config("inference", "table.csv", input="in.txt"))


def test_what_comes_with_a_model_is_applied_there(api, here):
    pytest.importorskip("tokenizers", reason="tokenizers comes with the extra `text`")
    processed.written(processed.texts("there"), here / "there-moods")
    (stored,) = api.store(config("store", "there-moods", license="MIT"))
    (here / "in.txt").write_text("so so good\nbad\n")
    (inferred,) = api.inference(config("inference", stored.artifact.key, input="in.txt"))
    assert inferred.outputs["label"].tolist() == ["neutral", "bad"]
