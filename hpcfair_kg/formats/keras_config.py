"""What a Keras configuration says of a model: its layers, how it was trained, what it is called."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np

from hpcfair_kg.formats import architecture
from hpcfair_kg.formats.architecture import Told

Config = Mapping[str, Any]
SETTINGS = ("units", "filters", "kernel_size", "num_heads", "key_dim", "rate")
"""Settings of layers that are the model's own where all layers that have them agree."""
OPAQUE = frozenset({"Lambda", "TFLayer", "TFOpLambda"})
"""Layers that are code of the author's."""


def layers(config: Config) -> Iterator[Config]:
    """Yield the configuration of every layer, those inside others too."""
    inner = config.get("config", {})
    for layer in inner.get("layers", []) if isinstance(inner, dict) else inner:
        yield layer
        yield from layers(layer)
    if isinstance(inner, dict) and isinstance(inner.get("layer"), dict):
        yield inner["layer"]


def told(config: Config, file: str) -> Told | None:
    """Return the class of model that its own name says, as its author gave it in the file."""
    for kind, name in (("class", _class(config)), ("name", str(_inner(config).get("name")))):
        if found := architecture.named(name):
            return Told(found, f"the {kind} {name} of the model in {file}")
    return None


def told_by_layers(config: Config, file: str) -> Told | None:
    """Return the class of model that its layers tell."""
    return architecture.told(_names(config), f"layers of {file}")


def settings(config: Config, training: Config | None) -> dict[str, Any]:
    """Return optimizer, learning rate and loss, the number of layers, and the settings all layers agree on."""
    single = [layer for layer in _plain(config) if _class(layer) != "InputLayer"]
    found = {**_trained(training or {}), "layers": len(single)}
    for name in SETTINGS:
        values = [_inner(layer)[name] for layer in single if name in _inner(layer)]
        if values and isinstance(values[0], (int, float, str)) and all(v == values[0] for v in values):
            found[name] = values[0]
    return found


def _trained(training: Config) -> dict[str, Any]:
    optimizer = training.get("optimizer") or training.get("optimizer_config")
    chosen = _inner(optimizer) if isinstance(optimizer, dict) else {}
    rate = chosen.get("learning_rate", chosen.get("lr"))
    said: dict[str, Any] = {"optimizer": _called(optimizer), "loss": _called(training.get("loss"))}
    if isinstance(rate, (int, float)):
        said["learning_rate"] = float(str(np.float32(rate)))  # the float32 that Keras keeps, as it was said
    return {name: value for name, value in said.items() if value is not None}


def _called(part: Any) -> Any:
    """Return the name of an optimizer or a loss, None for several or none."""
    if isinstance(part, dict) and isinstance(part.get("class_name"), str):
        inner = part.get("config")
        return inner if part["class_name"] == "function" and isinstance(inner, str) else part["class_name"]
    return part if isinstance(part, str) else None


def _names(config: Config) -> Iterator[str]:
    """Yield the classes of the layers, "unknown" for an author's own, and the activations inside them."""
    for layer in _plain(config):
        name = _class(layer)
        own = layer.get("registered_name") or not str(layer.get("module") or "keras").startswith("keras")
        unknown = name in OPAQUE or (own and not architecture.kinds(name))
        yield "unknown" if unknown else name
        active = _inner(layer).get("activation")
        if isinstance(active, str) and active != "linear" and not architecture.kinds(name):
            yield active


def _plain(config: Config) -> list[Config]:
    """Return the layers that hold no others."""
    return [layer for layer in layers(config) if not {"layers", "layer"} & _inner(layer).keys()]


def _class(layer: Config) -> str:
    return str(layer.get("class_name")).rpartition(">")[2]


def _inner(layer: Config) -> Config:
    inner = layer.get("config")
    return inner if isinstance(inner, dict) else {}
