"""TensorFlow Lite."""

import importlib.util

import onnx
import pytest

from hpcfair_kg.artifact import TensorSpec
from hpcfair_kg.errors import CorruptFile
from hpcfair_kg.formats.base import Bundle
from hpcfair_kg.formats.tflite import TfLite
from hpcfair_kg.models.verify import prove

if importlib.util.find_spec("tensorflow") is None or importlib.util.find_spec("tf2onnx") is None:
    pytest.skip("TensorFlow and tf2onnx are not installed (the extra `tensorflow`)", allow_module_level=True)

pytestmark = [
    pytest.mark.tensorflow,
    # TensorFlow announces the move of its interpreter, and uses what NumPy and Python have deprecated.
    pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::FutureWarning", "ignore::UserWarning"),
]
LITE = TfLite()


@pytest.fixture(scope="module")
def models(tmp_path_factory):
    """A folder with small models made by TensorFlow's own converter."""
    import keras
    import tensorflow as tf
    from keras import Input, Model, layers

    def dense():
        taken = Input((8,), name="features")
        return Model(taken, layers.Dense(3)(layers.Dense(5, activation="gelu")(taken)))

    def image():
        taken = Input((10, 10, 1), name="image")
        return Model(taken, layers.GlobalAveragePooling2D()(layers.Conv2D(4, 3)(taken)))

    def words():
        taken = Input((6,), dtype="int32", name="tokens")
        return Model(taken, layers.Dense(3)(layers.Embedding(30, 8)(taken)))

    keras.utils.set_random_seed(0)
    folder = tmp_path_factory.mktemp("tflite")
    for make in (dense, image, words):
        data = tf.lite.TFLiteConverter.from_keras_model(make()).convert()
        (folder / f"{make.__name__}.tflite").write_bytes(data)
    return folder


SHAPES = {
    "dense": TensorSpec("features", "float32", ("batch", 8)),
    "image": TensorSpec("image", "float32", ("batch", 10, 10, 1)),
    "words": TensorSpec("tokens", "int32", ("batch", 6)),
}


@pytest.mark.parametrize("name", list(SHAPES))
def test_read_converted_and_proved(models, tmp_path, name):
    files = Bundle(models, (f"{name}.tflite",))
    assert LITE.claims(files) == files.names
    found = LITE.inspect(files, files.names)
    assert found.inputs == (SHAPES[name],)
    assert found.outputs[0].name == "output_0"
    ((_, export),) = LITE.exporters(files, files.names, 18)
    export(tmp_path / "model.onnx")
    verdict = prove(LITE.reference(files, files.names), tmp_path / "model.onnx", seed=7)
    assert verdict.outcome == "equal", verdict.reason
    graph = onnx.load(tmp_path / "model.onnx").graph
    assert (graph.input[0].name, graph.output[0].name) == (SHAPES[name].name, "output_0")


def test_weights_are_counted_and_indices_bounded(models):
    files = Bundle(models, ("words.tflite",))
    assert LITE.inspect(files, files.names).parameters >= 30 * 8 + 8 * 3
    assert LITE.reference(files, files.names).bounds == {"tokens": 30}


@pytest.mark.parametrize("kept", [0.2, 0.6, 0.95])
def test_cut_off(models, tmp_path, kept):
    data = (models / "words.tflite").read_bytes()
    (tmp_path / "cut.tflite").write_bytes(data[: int(kept * len(data))])
    files = Bundle(tmp_path, ("cut.tflite",))
    with pytest.raises(CorruptFile, match="damaged or cut off"):
        LITE.inspect(files, LITE.claims(files))
