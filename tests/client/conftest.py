import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper

from hpcfair_kg import Client


@pytest.fixture
def own_cache(tmp_path, monkeypatch):
    """A home and a cache of the test's own, and none of the caller's settings."""
    for name in ("HPCFAIR_ENDPOINT", "HPCFAIR_TOKEN", "HPCFAIR_OFFLINE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HPCFAIR_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("HPCFAIR_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache"


@pytest.fixture
def hub(live, own_cache):
    with Client(live.url, live.token) as client:
        yield client


def projection(path, seed, width=700, **saving):
    """Save y = x w, two megabytes of it; another one for each seed."""
    weights = np.random.default_rng(seed).standard_normal((width, width), "float32")
    ends = [helper.make_tensor_value_info(name, TensorProto.FLOAT, ["batch", width]) for name in "xy"]
    node = helper.make_node("MatMul", ["x", "w"], ["y"])
    graph = helper.make_graph([node], "g", ends[:1], ends[1:], [numpy_helper.from_array(weights, "w")])
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=8)
    onnx.save(model, path, **saving)
    return path


@pytest.fixture(scope="module")
def large(live, tmp_path_factory, request):
    """A model of two megabytes that is in the catalogue for all tests of a file."""
    stem = request.module.__name__.rpartition(".")[2].replace("_", "-")
    path = projection(tmp_path_factory.mktemp("large") / f"{stem}.onnx", sum(map(ord, stem)))
    with Client(live.url, live.token) as client:
        return client.upload(path, license="MIT")
