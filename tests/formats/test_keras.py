"""Keras models in both of Keras's own files."""

import importlib.util

import numpy as np
import onnx
import pytest

from hpcfair_kg.artifact import TensorSpec
from hpcfair_kg.errors import CorruptFile, UnknownFormat
from hpcfair_kg.formats.base import Bundle
from hpcfair_kg.formats.hdf import Hdf5
from hpcfair_kg.formats.keras import Keras, KerasHdf5
from hpcfair_kg.models.verify import prove
from tests import onnx_files

if importlib.util.find_spec("keras") is None or importlib.util.find_spec("tf2onnx") is None:
    pytest.skip("Keras and tf2onnx are not installed (the extra `tensorflow`)", allow_module_level=True)

pytestmark = [
    pytest.mark.tensorflow,
    # TensorFlow, Keras and tf2onnx use what NumPy and Python have deprecated.
    pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::FutureWarning", "ignore::UserWarning"),
]
KERAS, H5 = Keras(), KerasHdf5()


@pytest.fixture(scope="module")
def models(tmp_path_factory):
    """A folder with small models, each as .keras and as .h5."""
    import keras
    from keras import Input, Model, layers

    def dense():
        taken = Input((8,), name="features")
        inner = layers.Dense(5, activation="gelu")(taken)
        return Model(taken, layers.Dense(3, activation="softmax", name="classes")(inner))

    def image():
        taken = Input((10, 10, 1), name="image")
        inner = layers.BatchNormalization()(layers.Conv2D(4, 3)(taken))
        return Model(taken, layers.Dense(2, name="logits")(layers.GlobalAveragePooling2D()(inner)))

    def recurrent():
        taken = Input((None, 4), name="x")
        return Model(taken, layers.Dense(2)(layers.GRU(5)(layers.LSTM(6, return_sequences=True)(taken))))

    def attention():
        taken = Input((None,), dtype="int32", name="tokens")
        inner = layers.Embedding(30, 8)(taken)
        return Model(taken, layers.Dense(3)(layers.MultiHeadAttention(2, 4)(inner, inner)))

    def several():
        a, b = Input((4,), name="a"), Input((4,), name="b")
        made = {"total": layers.Dense(2)(layers.Add()([a, b])), "first": layers.Dense(2)(a)}
        return Model({"a": a, "b": b}, made)

    keras.utils.set_random_seed(0)
    folder = tmp_path_factory.mktemp("keras")
    made = {"dense": dense(), "image": image(), "recurrent": recurrent(), "attention": attention()}
    made["several"] = several()
    made["plain"] = keras.Sequential([Input((8,)), layers.Dense(4, activation="relu"), layers.Dense(2)])
    one, other = Input((4,), name="one"), Input((4,), name="other")
    made["sum"] = Model([one, other], one + other)
    made["code"] = keras.Sequential([Input((4,)), layers.Lambda(lambda x: x * 2)])
    for name, model in made.items():
        model.save(folder / f"{name}.keras")
        model.save(folder / f"{name}.h5")
    return folder


def converted(plugin, files, out):
    ((name, export),) = plugin.exporters(files, files.names, 18)
    assert name == "tf2onnx"
    export(out)
    return prove(plugin.reference(files, files.names), out, seed=7)


@pytest.mark.parametrize(
    ("plugin", "file"),
    [(KERAS, f"{name}.keras") for name in ("dense", "plain", "image", "recurrent", "attention", "several")]
    + [(H5, f"{name}.h5") for name in ("dense", "plain", "image", "recurrent")],
)
def test_converted_and_proved(models, tmp_path, plugin, file):
    files = Bundle(models, (file,))
    assert plugin.claims(files) == (file,)
    verdict = converted(plugin, files, tmp_path / "model.onnx")
    assert verdict.outcome == "equal", verdict.reason
    assert verdict.normalised < 1e-5
    graph = onnx.load(tmp_path / "model.onnx").graph
    signature = plugin.inspect(files, (file,)).inputs
    assert [value.name for value in graph.input] == [spec.name for spec in signature]
    for value, spec in zip(graph.input, signature, strict=True):
        assert tuple(d.dim_param or d.dim_value for d in value.type.tensor_type.shape.dim) == spec.shape


def test_outputs_are_named_by_key_else_by_layer(models):
    def outputs(name):
        return KERAS.reference(Bundle(models, (name,)), (name,)).outputs

    assert outputs("several.keras") == ("total", "first")
    assert outputs("dense.keras") == ("classes",)


@pytest.mark.parametrize(("plugin", "file"), [(KERAS, "attention.keras"), (H5, "image.h5")])
def test_inspected_without_tensorflow(models, plugin, file):
    found = plugin.inspect(Bundle(models, (file,)), (file,))
    assert found.framework == "keras"
    assert found.notes[0].startswith("saved by Keras 3.")
    if plugin is KERAS:
        assert found.inputs == (TensorSpec("tokens", "int32", ("batch", "length")),)
        assert (found.architecture, found.parameters) == ("Transformer", 30 * 8 + 3 * (8 * 8 + 8) + 72 + 27)
    else:
        assert found.inputs == (TensorSpec("image", "float32", ("batch", 10, 10, 1)),)
        assert found.architecture == "ConvolutionalNeuralNetwork"


@pytest.mark.parametrize(("plugin", "file"), [(KERAS, "m.keras"), (H5, "m.h5")])
def test_settings_are_read_with_the_file_they_stand_in(tmp_path, plugin, file):
    import keras

    model = keras.Sequential(
        [keras.Input((4,)), keras.layers.Dense(3, activation="tanh"), keras.layers.Dense(3)]
    )
    model.compile(optimizer=keras.optimizers.RMSprop(0.003), loss="huber")
    model.save(tmp_path / file)
    found = plugin.inspect(Bundle(tmp_path, (file,)), (file,))
    settings = {"optimizer": "RMSprop", "learning_rate": 0.003, "loss": "huber", "layers": 2, "units": 3}
    assert found.hyperparameters == settings
    assert found.hyperparameters_from == file
    assert found.evidence == f"2 dense layers, tanh and no others among the layers of {file}"
    assert (found.architecture, found.by_names) == ("MultilayerPerceptron", True)


@pytest.mark.parametrize("name", ["GRU", "SimpleRNN"])
def test_a_recurrence_that_becomes_a_loop_is_told_by_its_layer(tmp_path, name):
    import keras

    keras.Sequential([keras.Input((5, 4)), getattr(keras.layers, name)(6)]).save(tmp_path / "m.keras")
    answer = onnx_files.converted(tmp_path, tmp_path / "m.keras")
    kind = {"GRU": "GatedRecurrentUnit", "SimpleRNN": "RecurrentNeuralNetwork"}[name]
    assert answer["operators"]["Loop"] == 1
    assert (answer["architecture"], answer["evidence"]) == (kind, f"{name} among the layers of m.keras")


def test_the_graph_of_the_form_tells_better_than_layers(tmp_path):
    import keras

    keras.Sequential([keras.Input((5, 4)), keras.layers.LSTM(6)]).save(tmp_path / "m.keras")
    answer = onnx_files.converted(tmp_path, tmp_path / "m.keras")
    total = sum(answer["operators"].values())
    assert answer["evidence"] == f"1 LSTM among {total} operators of {answer['files'][0]['name']}"


def test_indices_are_bounded_by_the_table(models):
    name = "attention.keras"
    assert KERAS.reference(Bundle(models, (name,)), (name,)).bounds == {"tokens": 30}


@pytest.mark.parametrize(("plugin", "file"), [(KERAS, "code.keras"), (H5, "code.h5")])
def test_python_code_in_a_model_is_refused(models, tmp_path, plugin, file):
    files = Bundle(models, (file,))
    with pytest.raises(ValueError, match="Lambda"):
        converted(plugin, files, tmp_path / "model.onnx")


def test_weights_alone_are_told_what_they_lack(tmp_path):
    import h5py

    with h5py.File(tmp_path / "weights.h5", "w") as file:  # as Keras 2's save_weights wrote it
        file.attrs["keras_version"] = b"2.4.0"
        file.attrs["layer_names"] = [b"dense"]
        file["dense/dense/kernel:0"] = np.zeros((4, 2), "float32")
    files = Bundle(tmp_path, ("weights.h5",))
    assert H5.claims(files) == files.names
    found = H5.inspect(files, files.names)
    assert found.parameters == 8
    assert found.notes[0] == "saved by Keras 2.4.0"
    assert H5.advise(files, files.names) == found.notes[1]
    with pytest.raises(UnknownFormat, match="holds weights and no model"):
        H5.reference(files, files.names)


def test_what_keras_cannot_read_back_is_said(models):
    files = Bundle(models, ("sum.h5",))
    with pytest.raises(
        UnknownFormat, match=r"Keras itself cannot read .* save the model with model.save\('model.keras'\)"
    ):
        H5.reference(files, files.names)


def test_plain_hdf5_is_data(tmp_path):
    import h5py

    with h5py.File(tmp_path / "data.h5", "w") as file:
        file["x"] = np.arange(4)
    files = Bundle(tmp_path, ("data.h5",))
    assert H5.claims(files) == ()
    assert Hdf5().claims(files) == ("data.h5",)
    assert H5.rank < Hdf5.rank


def test_the_ending_does_not_matter(models, tmp_path):
    (tmp_path / "model.bin").write_bytes((models / "plain.h5").read_bytes())
    files = Bundle(tmp_path, ("model.bin",))
    assert H5.claims(files) == ("model.bin",)
    assert H5.reference(files, files.names).inputs[0].shape == ("batch", 8)


@pytest.mark.parametrize(("plugin", "file"), [(KERAS, "dense.keras"), (H5, "dense.h5")])
def test_cut_off(models, tmp_path, plugin, file):
    (tmp_path / file).write_bytes((models / file).read_bytes()[:-1000])
    with pytest.raises(CorruptFile, match="cut off"):
        plugin.claims(Bundle(tmp_path, (file,)))
