import numpy as np
import onnx
import onnxruntime
import pytest

from hpcfair_kg import Client
from hpcfair_kg.client import models
from hpcfair_kg.errors import CorruptFile, InvalidConfig, NotRunnable, Unreachable
from tests.client.conftest import projection


def test_a_model_is_a_session_here_and_offline(live, hub, large):
    session = hub.load_model(large.key, threads=1)
    assert isinstance(session, onnxruntime.InferenceSession)
    assert session.get_session_options().intra_op_num_threads == 1
    x = np.random.default_rng(0).standard_normal((2, 700), "float32")
    (given,) = session.run(None, {"x": x})
    np.testing.assert_allclose(given, hub.infer(large.key, {"x": x})["y"], rtol=1e-4, atol=1e-4)
    with Client(live.url, offline=True) as away:
        assert away.load_model(f"{large.owner}/{large.name}").run(None, {"x": x})[0].shape == (2, 700)


def test_weights_that_lie_beside_the_graph_come_too(live, hub, tmp_path):
    folder = tmp_path / "beside"
    folder.mkdir()
    projection(
        folder / "beside.onnx", 8, save_as_external_data=True, location="beside.onnx.data", size_threshold=0
    )
    entry = hub.upload(folder, name="beside", license="MIT")
    session = hub.load_model(entry.key)
    assert session.run(None, {"x": np.ones((1, 700), "float32")})[0].shape == (1, 700)
    assert isinstance(hub.load_model(entry.key, original=True, trust=True), onnx.ModelProto)


def test_what_was_not_proved_is_not_loaded_and_says_why(hub, tmp_path):
    (tmp_path / "notes.csv").write_text("a,b\n17,2\n3,49\n")
    entry = hub.upload(tmp_path / "notes.csv", name="model-tests-table", license="MIT")
    with pytest.raises(NotRunnable, match="has no proved ONNX form") as caught:
        hub.load_model(entry.key)
    assert caught.value.members["reason"] == "it is a dataset, no model"


def test_offline_what_was_only_described_is_not_loaded(live, hub, large, own_cache):
    hub.get(large.key)
    with Client(live.url, offline=True) as away, pytest.raises(Unreachable, match="is not in the cache"):
        away.load_model(large.key)


def test_a_provider_that_is_not_here_is_named_with_those_that_are(tmp_path):
    path = projection(tmp_path / "m.onnx", 1, width=3)
    with pytest.raises(
        InvalidConfig, match=r"no CUDAExecutionProvider here; there are: .*CPUExecutionProvider"
    ):
        models.session(path, providers=("CUDAExecutionProvider",))


def test_what_is_no_onnx_and_what_cannot_run_are_told_apart(tmp_path):
    (tmp_path / "no.onnx").write_bytes(b"\xff" * 64)
    with pytest.raises(CorruptFile, match=r"no\.onnx is no ONNX model"):
        models.session(tmp_path / "no.onnx")
    model = onnx.load(projection(tmp_path / "m.onnx", 1, width=3))
    model.graph.node[0].op_type = "Unheard"
    onnx.save(model, tmp_path / "m.onnx")
    with pytest.raises(NotRunnable, match="Unheard"):
        models.session(tmp_path / "m.onnx")
