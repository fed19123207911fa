"""`hpcfair export`: where the author's class is importable, make the file that can be uploaded without it."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from hpcfair_kg.api.exported import Exported, raised
from hpcfair_kg.errors import InvalidConfig, MissingExtra, UnknownFormat


def export(
    target: str, output: Path | None = None, shapes: Sequence[str] = (), sample: Path | None = None
) -> Exported:
    """Import `module:callable`, call it, and write what it returns in the form that the catalogue takes.

    A PyTorch module becomes .pt2 (or, where torch.export fixes a dimension that
    should vary, ONNX proved equal here); a Keras model .keras or a SavedModel;
    a scikit-learn estimator .skops.  `shapes` and `sample` say what a PyTorch
    module is called with.  Raises `InvalidConfig` and `UnknownFormat`.
    """
    model = made(target)
    stem = output or Path(target.partition(":")[2].rpartition(".")[2])
    if _is(model, "torch.nn.modules.module", "Module"):
        from hpcfair_kg.api.torch_export import export_module

        return export_module(model, stem, shapes, sample)
    if _is(model, "keras.src.models.model", "Model"):
        return _keras(model, stem)
    if _is(model, "sklearn.base", "BaseEstimator"):
        return _sklearn(model, stem)
    raise UnknownFormat(
        f"{target} returns a {type(model).__module__}.{type(model).__qualname__}; "
        "it should return a PyTorch module, a Keras model or a scikit-learn estimator"
    )


def made(target: str) -> Any:
    """Import and call `module:callable`, with the current folder on the path."""
    module, colon, name = target.partition(":")
    if not (module and colon and name):
        raise InvalidConfig(f"{target!r} is no MODULE:CALLABLE, such as mymodel:build")
    here = str(Path.cwd())
    if here not in sys.path:
        sys.path.insert(0, here)
    try:
        found: Any = importlib.import_module(module)
        for part in name.split("."):
            found = getattr(found, part)
    except ModuleNotFoundError as exc:
        raise InvalidConfig(f"{target}: {exc}; it was looked for in {here} and the Python path") from exc
    except AttributeError as exc:
        raise InvalidConfig(f"{target}: {exc}") from exc
    if not callable(found):
        raise InvalidConfig(
            f"{target} is a {type(found).__name__}; it should be a function or class without arguments"
        )
    built = _is(found, "torch.nn.modules.module", "Module") or _is(found, "keras.src.models.model", "Model")
    if built:
        return found
    try:
        return found()
    except Exception as exc:  # the author's own code may raise anything
        raise raised(target, exc) from exc


def _is(thing: Any, module: str, name: str) -> bool:
    """Tell whether a thing is an instance of a class, without importing its framework."""
    return any(kind.__module__ == module and kind.__name__ == name for kind in type(thing).__mro__)


def _keras(model: Any, stem: Path) -> Exported:
    import keras

    layers = model._flatten_layers() if hasattr(model, "_flatten_layers") else model.layers
    if stem.suffix != ".keras" and (
        stem.suffix or any(isinstance(layer, keras.layers.Lambda) for layer in layers)
    ):
        model.export(str(stem), verbose=False)
        return Exported(stem, "saved-model", ("a SavedModel: a Lambda layer cannot be loaded from .keras",))
    path = stem.with_suffix(".keras")
    model.save(path)
    return Exported(path, "keras")


def _sklearn(model: Any, stem: Path) -> Exported:
    try:
        from skops.io import dump
    except ImportError as exc:
        command = "pip install -e '.[sklearn]'"
        raise MissingExtra(f"skops is not installed: {command}", install=command) from exc
    path = stem.with_suffix(".skops")
    dump(model, path)
    return Exported(path, "skops")
