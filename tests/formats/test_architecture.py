"""What the names of operators and layers say of a network, and where they say nothing."""

import pytest

from hpcfair_kg.formats import architecture
from hpcfair_kg.formats.architecture import Told, named, told


@pytest.mark.parametrize(
    ("names", "kind", "evidence"),
    [
        (["scaled_dot_product_attention", "linear"], "Transformer", "scaled_dot_product_attention"),
        (["MultiHeadAttention", "Dense"], "Transformer", "MultiHeadAttention"),
        (["Embedding", "LSTM", "Dense"], "LongShortTermMemory", "LSTM"),
        (["MultiheadAttention", "linear", "bmm", "softmax"], "Transformer", "MultiheadAttention"),
        (["gru", "select"], "GatedRecurrentUnit", "gru"),
        (["rnn_tanh"], "RecurrentNeuralNetwork", "rnn_tanh"),
        (["LSTM", "GRU"], "RecurrentNeuralNetwork", "LSTM and GRU"),
        (["Conv2D", "SeparableConv2D", "Dense"], "ConvolutionalNeuralNetwork", "Conv2D and SeparableConv2D"),
        (["linear", "relu", "linear"], "MultilayerPerceptron", "2 dense layers, relu and no others"),
        (["Dense", "tanh", "Dropout", "Dense"], "MultilayerPerceptron", "2 dense layers, tanh and no others"),
    ],
)
def test_names_of_one_kind_tell_it(names, kind, evidence):
    assert told(names, "layers of m") == Told(kind, f"{evidence} among the layers of m")


@pytest.mark.parametrize(
    "names",
    [
        ["conv2d", "scaled_dot_product_attention"],
        ["Conv2D", "LSTM"],
        ["ConvLSTM2D"],
        ["conv2d", "bmm", "softmax", "bmm"],
        ["Conv2D", "unknown"],
        ["LSTM", "Einsum"],
        ["MultiHeadAttention", "while"],
        ["Dense"],
        ["Dense", "Dense"],
        ["linear", "relu", "scatter_add", "linear"],
        ["add", "convert_element_type"],
        [],
    ],
)
def test_names_of_two_kinds_or_of_none_tell_nothing(names):
    assert told(names, "layers of m") is None


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("ConvAutoencoder", "Autoencoder"),
        ("variational_autoencoder_1", "Autoencoder"),
        ("TransformerEncoder", "Encoder"),
        ("MessagePassingNeuralNetwork", "MessagePassingNeuralNetwork"),
        ("GraphNeuralNetwork", "GraphNeuralNetwork"),
        ("encoder", None),
        ("sequential", None),
    ],
)
def test_a_model_may_be_named_after_what_it_is(name, kind):
    assert named(name) == kind


def test_every_class_is_one_of_the_ontology():
    from hpcfair_kg.formats import anatomy, skops
    from hpcfair_kg.knowledge.vocabulary import ARCHITECTURES

    told_by_names = {
        *architecture.SIGNS,
        *architecture.NAMED.values(),
        *anatomy.SIGNS.values(),
        *skops.CLASSES,
    }
    others = {"DecisionTree", "RandomForest", "GradientBoosting", "LinearRegressionModel", "LogisticRegressionModel",
              "MultilayerPerceptron", "Encoder", "Decoder", "EncoderDecoder"}  # fmt: skip
    assert told_by_names | others <= set(ARCHITECTURES)
