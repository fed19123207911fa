"""What operators say of a network."""

import pytest

from hpcfair_kg.formats.architecture import architecture


@pytest.mark.parametrize(
    ("words", "name"),
    [
        (["aten.scaled_dot_product_attention", "aten.linear"], "Transformer"),
        (["Conv2D", "LSTM", "Dense"], "LongShortTermMemory"),
        (["GRU"], "RecurrentNeuralNetwork"),
        (["Conv2D", "Dense"], "ConvolutionalNeuralNetwork"),
        (["Dense"], "MultilayerPerceptron"),
        (["Add"], None),
        ([], None),
    ],
)
def test_the_most_telling_operator_wins(words, name):
    assert architecture(words) == name
