"""What a configuration says, as Keras 2 and Keras 3 write it."""

import pytest

from hpcfair_kg.formats import keras_config


def layer(kind, /, module="keras.layers", registered=None, **config):
    return {"class_name": kind, "module": module, "registered_name": registered, "config": config}


def model(*layers, kind="Sequential", name="sequential"):
    return {"class_name": kind, "config": {"name": name, "layers": list(layers)}}


DENSE = layer("Dense", units=8, activation="relu")
ADAM = {"class_name": "Adam", "config": {"learning_rate": 0.009999999776482582}}


class TestArchitecture:
    @pytest.mark.parametrize(
        ("config", "kind", "evidence"),
        [
            (model(DENSE, kind="my>ConvAutoencoder"), "Autoencoder", "the class ConvAutoencoder of the model in m.keras"),
            (model(DENSE, name="autoencoder_1"), "Autoencoder", "the name autoencoder_1 of the model in m.keras"),
        ],
    )  # fmt: skip
    def test_a_model_may_say_itself_what_it_is(self, config, kind, evidence):
        found = keras_config.told(config, "m.keras")
        assert (found.architecture, found.evidence) == (kind, evidence)

    def test_a_name_that_says_nothing_for_certain(self):
        assert keras_config.told(model(DENSE, name="encoder"), "m.keras") is None

    @pytest.mark.parametrize(
        ("layers", "kind"),
        [
            ([DENSE, layer("Dropout", rate=0.1), DENSE, layer("Dense", units=2, activation="softmax")], "MultilayerPerceptron"),
            ([layer("Bidirectional", layer=layer("LSTM", units=4)), DENSE], "LongShortTermMemory"),
            ([model(layer("Conv2D", filters=4)), DENSE], "ConvolutionalNeuralNetwork"),
            ([layer("my>AttentionBlock", module=None, registered="my>AttentionBlock"), DENSE], "Transformer"),
            ([layer("Conv2D"), layer("my>Block", module=None, registered="my>Block")], None),
            ([layer("Conv2D"), layer("MultiHeadAttention")], None),
            ([DENSE, layer("Lambda"), DENSE], None),
            ([layer("Dense", units=8, activation="linear")] * 2, None),
            ([], None),
        ],
    )  # fmt: skip
    def test_layers(self, layers, kind):
        found = keras_config.told_by_layers(model(*layers), "m.keras")
        assert (found and found.architecture) == kind


class TestSettings:
    def test_keras_3(self):
        compiled = {"optimizer": ADAM, "loss": "mse", "metrics": ["mae"]}
        config = model(layer("InputLayer"), DENSE, layer("Dropout", rate=0.25), DENSE)
        assert keras_config.settings(config, compiled) == {
            "optimizer": "Adam", "learning_rate": 0.01, "loss": "mse", "layers": 3, "units": 8, "rate": 0.25,
        }  # fmt: skip

    def test_keras_2(self):
        loss = {"class_name": "MeanSquaredError", "config": {"reduction": "auto"}}
        compiled = {"optimizer_config": {"class_name": "SGD", "config": {"lr": 0.5}}, "loss": loss}
        said = keras_config.settings(model(DENSE), compiled)
        assert (said["optimizer"], said["learning_rate"], said["loss"]) == ("SGD", 0.5, "MeanSquaredError")

    def test_what_layers_do_not_agree_on_is_not_said(self):
        config = model(DENSE, layer("Dense", units=2), layer("Conv2D", filters=4, kernel_size=[3, 3]))
        assert keras_config.settings(config, None) == {"layers": 3, "filters": 4}

    def test_what_is_no_single_value_is_not_said(self):
        schedule = {"class_name": "ExponentialDecay", "config": {"initial_learning_rate": 0.1}}
        optimizer = {"class_name": "Adam", "config": {"learning_rate": schedule}}
        compiled = {"optimizer": optimizer, "loss": {"a": "mse", "b": "mae"}}
        assert keras_config.settings(model(DENSE), compiled) == {"optimizer": "Adam", "layers": 1, "units": 8}
