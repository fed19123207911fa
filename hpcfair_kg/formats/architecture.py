"""The class of model that the names of a file's own operators or layers tell, and nothing where they tell two."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

SIGNS: Mapping[str, frozenset[str]] = {
    "Transformer": frozenset({"attention", "transformer"}),
    "LongShortTermMemory": frozenset({"lstm"}),
    "GatedRecurrentUnit": frozenset({"gru"}),
    "RecurrentNeuralNetwork": frozenset({"rnn"}),
    "ConvolutionalNeuralNetwork": frozenset({"conv", "convolution"}),
}
"""Classes of the ontology, and the words in a name that tell each."""
RECURRENT = frozenset({"LongShortTermMemory", "GatedRecurrentUnit", "RecurrentNeuralNetwork"})
NAMED: Mapping[str, str] = {
    "autoencoder": "Autoencoder",
    "transformerencoder": "Encoder",
    "transformerdecoder": "Decoder",
    "graphneuralnetwork": "GraphNeuralNetwork",
    "messagepassingneuralnetwork": "MessagePassingNeuralNetwork",
}
"""Classes that no operator tells, by how the name of a model's own class ends."""
PRODUCTS = frozenset({"baddbmm", "batchmatmul", "batchmatmulv", "bmm", "einsum", "matmul"})
"""Products of two values, which an attention is made of."""
OPAQUE = frozenset({"scan", "statelesswhile", "unknown", "while", "whileloop"})
"""What may do anything: loops, and code of the author's own."""
DENSE = frozenset({"addmm", "dense", "linear"})
ACTIVE = frozenset({"celu", "elu", "gelu", "hardsigmoid", "hardswish", "leakyrelu", "mish", "prelu", "relu", "selu",
                    "sigmoid", "silu", "softplus", "softsign", "swish", "tanh"})  # fmt: skip
INERT = frozenset({"activation", "alias", "batchnorm", "batchnormalization", "clone", "contiguous", "dropout", "flatten",
                   "identity", "inputlayer", "layernorm", "layernormalization", "logsoftmax", "normalization", "rescaling",
                   "reshape", "softmax", "symsize", "view"})  # fmt: skip
"""What may stand between dense layers of a multilayer perceptron."""
_WORD = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+")


@dataclass(frozen=True)
class Told:
    """An architecture, by the local name of its class in the ontology, and in a few words what told it."""

    architecture: str
    evidence: str


def told(names: Iterable[str], place: str) -> Told | None:
    """Return what the names of operators or layers tell, or None; `place` is where they stand.

    >>> told(["Embedding", "LSTM", "Dense"], "layers of encoder.keras")
    Told(architecture='LongShortTermMemory', evidence='LSTM among the layers of encoder.keras')
    """
    counts = Counter(names)
    plain = {_plain(name) for name in counts}
    signs = {name: found for name in counts if (found := kinds(name))}
    kind = agreed(kind for found in signs.values() for kind in found)
    if plain & OPAQUE or (plain & PRODUCTS and kind != "Transformer"):
        return None
    if not signs:
        return _perceptron(counts, place)
    return Told(kind, f"{listed(list(signs))} among the {place}") if kind else None


def named(name: str) -> str | None:
    """Return the class that a model's own name says it is.

    >>> named("variational_autoencoder_1"), named("encoder")
    ('Autoencoder', None)
    """
    return next((kind for ending, kind in NAMED.items() if _plain(name).endswith(ending)), None)


def kinds(name: str) -> tuple[str, ...]:
    """Return the classes that a name's words tell.

    >>> kinds("ConvLSTM2D"), kinds("convert_element_type")
    (('LongShortTermMemory', 'ConvolutionalNeuralNetwork'), ())
    """
    words = {word.lower() for word in _WORD.findall(name)}
    return tuple(kind for kind, signs in SIGNS.items() if words & signs)


def agreed(found: Iterable[str]) -> str | None:
    """Return the one class that everything found tells; several recurrent ones are a recurrent network."""
    distinct = set(found)
    if len(distinct) > 1 and distinct <= RECURRENT:
        return "RecurrentNeuralNetwork"
    return distinct.pop() if len(distinct) == 1 else None


def listed(things: list[str]) -> str:
    """Return things in a row: "a, b and c"."""
    *first, last = things
    return f"{', '.join(first)} and {last}" if first else last


def _perceptron(counts: Mapping[str, int], place: str) -> Told | None:
    """Tell a multilayer perceptron: dense layers and activations, and nothing that is not known to be harmless."""
    plain = {_plain(name): name for name in counts}
    layers = sum(count for name, count in counts.items() if _plain(name) in DENSE)
    active = [name for key, name in plain.items() if key in ACTIVE]
    if layers < 2 or not active or plain.keys() - DENSE - ACTIVE - INERT:
        return None
    return Told(
        "MultilayerPerceptron", f"{layers} dense layers, {listed(active)} and no others among the {place}"
    )


def _plain(name: str) -> str:
    return re.sub("[^a-z]", "", name.lower())
