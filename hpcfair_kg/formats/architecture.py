"""The kind of network that a file's own operators or layer names speak of."""

from __future__ import annotations

from collections.abc import Iterable

SIGNS: tuple[tuple[str, tuple[str, ...]], ...] = (
    ("Transformer", ("attention",)),
    ("LongShortTermMemory", ("lstm",)),
    ("RecurrentNeuralNetwork", ("gru", "rnn")),
    ("ConvolutionalNeuralNetwork", ("conv",)),
    ("MultilayerPerceptron", ("linear", "addmm", "gemm", "dense")),
)
"""Class of the hpc ontology, and the words that tell it; the most telling first."""


def architecture(words: Iterable[str]) -> str | None:
    """Return the local name of the hpc ontology's class that some operator names tell, or None.

    >>> architecture(["torch.ops.aten.linear.default", "torch.ops.aten.lstm.input"])
    'LongShortTermMemory'
    """
    text = " ".join(words).lower()
    return next((name for name, signs in SIGNS if any(sign in text for sign in signs)), None)
