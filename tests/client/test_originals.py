import json
import pickle
import subprocess
import sys
from importlib.util import find_spec

import numpy as np
import pytest

from hpcfair_kg.artifact import Artifact, File, Person
from hpcfair_kg.client import originals
from hpcfair_kg.errors import Forbidden, MissingExtra, NotRunnable
from tests.client.conftest import projection


def artifact(form, *names, kind="model"):
    files = tuple(File(name, form, "original", 1, "") for name in names)
    made = (File("m.onnx", "onnx", "converted", 1, ""),)
    return Artifact("iri", "key", "ada", "thing", kind=kind, creators=(Person("Ada"),), files=files + made)


def loaded(folder, form, *names, **options):
    return originals.load(artifact(form, *names), folder, **options)


def needs(*modules):
    return pytest.mark.skipif(
        any(find_spec(module) is None for module in modules), reason=f"needs {' and '.join(modules)}"
    )


def test_trust_is_asked_for_and_why():
    with pytest.raises(
        Forbidden, match=r"may run code that the file brings along; .*\(Ada\), say trust=True"
    ):
        originals.require_trust(artifact("pt2", "m.pt2"), trust=False)
    originals.require_trust(artifact("pt2", "m.pt2"), trust=True)


@pytest.mark.parametrize(("form", "kind"), [("csv", "dataset"), ("other", "model")])
def test_what_no_framework_loads_is_said_before_trust_is_asked_for(form, kind):
    with pytest.raises(NotRunnable, match="has no file that a framework loads as a model; such are: pt2"):
        originals.require_trust(artifact(form, "x", kind=kind), trust=True)


def test_a_framework_that_is_not_installed_is_said_with_its_command(tmp_path, monkeypatch):
    (tmp_path / "m.pt2").touch()
    monkeypatch.setitem(sys.modules, "torch", None)
    with pytest.raises(MissingExtra, match=r"pt2 needs torch, which is not installed") as caught:
        loaded(tmp_path, "pt2", "m.pt2")
    assert caught.value.members["install"] == "pip install -e '.[torch]'"


def test_onnx(tmp_path):
    projection(tmp_path / "m.onnx", 1, width=3)
    assert loaded(tmp_path, "onnx", "m.onnx").graph.node[0].op_type == "MatMul"


def test_pickles(tmp_path):
    (tmp_path / "m.pkl").write_bytes(pickle.dumps({"weights": np.arange(3)}))
    assert loaded(tmp_path, "pickle", "m.pkl")["weights"].tolist() == [0, 1, 2]


def test_a_pickle_whose_code_is_elsewhere_is_told_so(tmp_path):
    (tmp_path / "m.pkl").write_bytes(b"cnowhere.to_be\nfound\n.")
    with pytest.raises(NotRunnable, match="it needs nowhere, which is not importable here"):
        loaded(tmp_path, "pickle", "m.pkl")
    (tmp_path / "m.pkl").write_bytes(b"cjson\nnothing\n.")
    with pytest.raises(NotRunnable, match=r"m\.pkl cannot be loaded from pickle: AttributeError"):
        loaded(tmp_path, "pickle", "m.pkl")


@needs("sklearn", "skops")
def test_skops_tells_the_types_that_it_does_not_know(tmp_path):
    import skops.io
    from sklearn.linear_model import LinearRegression
    from sklearn.preprocessing import FunctionTransformer

    skops.io.dump(LinearRegression().fit([[0], [1]], [0, 2]), tmp_path / "m.skops")
    assert loaded(tmp_path, "skops", "m.skops").predict([[2]]) == pytest.approx([4])
    skops.io.dump(FunctionTransformer(json.dumps), tmp_path / "f.skops")
    with pytest.raises(
        Forbidden, match=r"types that skops does not know: json\.dumps; .* trusted_types=\['json\.dumps'\]"
    ):
        loaded(tmp_path, "skops", "f.skops")
    assert loaded(tmp_path, "skops", "f.skops", trusted_types=["json.dumps"]).func is json.dumps


@needs("xgboost")
def test_xgboost(tmp_path):
    import xgboost

    rows = xgboost.DMatrix(np.eye(4), label=[0, 1, 2, 3])
    booster = xgboost.train({"max_depth": 2}, rows, 3)
    booster.save_model(tmp_path / "m.json")
    np.testing.assert_array_equal(
        loaded(tmp_path, "xgboost-json", "m.json").predict(rows), booster.predict(rows)
    )


@needs("lightgbm")
def test_lightgbm(tmp_path):
    import lightgbm

    x, y = np.random.default_rng(0).random((50, 2)), np.arange(50.0)
    booster = lightgbm.train({"verbose": -1}, lightgbm.Dataset(x, y), 3)
    booster.save_model(tmp_path / "m.txt")
    np.testing.assert_allclose(loaded(tmp_path, "lightgbm-txt", "m.txt").predict(x), booster.predict(x))


@pytest.mark.torch
@needs("torch")
@pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::FutureWarning")
def test_pytorch(tmp_path):
    import torch

    module = torch.nn.Linear(3, 2).eval()
    x = torch.ones(1, 3)
    torch.export.save(torch.export.export(module, (x,)), tmp_path / "m.pt2")
    (tmp_path / "m.pt2").rename(tmp_path / "m.ckpt")
    torch.jit.save(torch.jit.trace(module, x), tmp_path / "m.pt")
    torch.save(module, tmp_path / "whole.pt")
    for form, name in (("pt2", "m.ckpt"), ("torchscript", "m.pt"), ("pickle", "whole.pt")):
        assert torch.equal(loaded(tmp_path, form, name)(x), module(x))


@pytest.mark.torch
@needs("torch", "transformers", "safetensors")
def test_transformers_and_weights_alone(tmp_path):
    from transformers import BertConfig, BertModel

    sizes = {
        "vocab_size": 50,
        "hidden_size": 16,
        "num_hidden_layers": 1,
        "num_attention_heads": 2,
        "intermediate_size": 32,
    }
    BertModel(BertConfig(**sizes)).save_pretrained(tmp_path)
    model = loaded(tmp_path, "safetensors", "config.json", "model.safetensors")
    assert isinstance(model, BertModel)
    (tmp_path / "config.json").unlink()
    tensors = loaded(tmp_path, "safetensors", "model.safetensors")
    assert tensors["embeddings.word_embeddings.weight"].shape == (50, 16)


@pytest.fixture(scope="module")
def keras_models(tmp_path_factory):
    """The same small model as .keras, .h5, SavedModel and .tflite, and what it gives for ones."""
    for module in ("keras", "tensorflow"):
        if find_spec(module) is None:
            pytest.skip(f"needs {module}")
    folder = tmp_path_factory.mktemp("keras")
    code = """
import keras, numpy as np, sys, tensorflow as tf
model = keras.Sequential([keras.Input((3,), name="x"), keras.layers.Dense(2)])
model.save("m.keras"); model.save("m.h5"); model.export("m", verbose=False)
open("m.tflite", "wb").write(tf.lite.TFLiteConverter.from_saved_model("m").convert())
np.save("y.npy", model.predict(np.ones((1, 3), "float32"), verbose=0))
"""
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=folder, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return folder


@pytest.mark.tensorflow
def test_tensorflow(keras_models):
    code = f"""
import json, pathlib
import numpy as np
from tests.client.test_originals import loaded
folder, x = pathlib.Path({str(keras_models)!r}), np.ones((1, 3), "float32")
names = sorted(p.relative_to(folder).as_posix() for p in (folder / "m").rglob("*") if p.is_file())
saved = loaded(folder, "saved-model", *names)
given = [loaded(folder, "keras", "m.keras")(x), loaded(folder, "h5", "m.h5")(x), saved.serve(x)]
lite = loaded(folder, "tflite", "m.tflite")
lite.allocate_tensors()
lite.set_tensor(lite.get_input_details()[0]["index"], x)
lite.invoke()
given.append(lite.get_tensor(lite.get_output_details()[0]["index"]))
print(json.dumps([np.asarray(y).tolist() for y in given]))
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    expected = np.load(keras_models / "y.npy")
    for given in json.loads(done.stdout.splitlines()[-1]):
        np.testing.assert_allclose(given, expected, rtol=1e-5)
