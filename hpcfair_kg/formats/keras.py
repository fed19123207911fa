"""Keras: its own .keras archive, and the HDF5 file that came before it."""

from __future__ import annotations

import json
import shutil
import tempfile
import zipfile
import zlib
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any, ClassVar

from hpcfair_kg.artifact import TensorSpec
from hpcfair_kg.errors import CorruptFile, UnknownFormat
from hpcfair_kg.formats import keras_config
from hpcfair_kg.formats.archives import cut_zip
from hpcfair_kg.formats.base import Bundle, Convertible, Exporter, Inspection, Reference, absent
from hpcfair_kg.formats.bounds import find_bounds
from hpcfair_kg.formats.hdf import MAGIC, check_superblock
from hpcfair_kg.formats.keras_config import Config
from hpcfair_kg.formats.naming import axis_name, distinct
from hpcfair_kg.formats.tensorflow import PRELOAD, FunctionReference
from hpcfair_kg.formats.tf2onnx_export import export_function, refusals

HEADER = 1 << 16
"""Keras writes its attributes at the head of an HDF5 file, within its first kilobytes."""


class Keras(Convertible):
    """A model saved by model.save("….keras"): its configuration and its weights in a zip."""

    name: ClassVar[str] = "keras"
    framework: ClassVar[str | None] = "keras"
    media_type: ClassVar[str] = "application/zip"
    rank: ClassVar[int] = 31
    extra: ClassVar[str] = "tensorflow"
    family: ClassVar[str] = "tensorflow"
    needs: ClassVar[tuple[str, ...]] = ("tensorflow", "keras", "tf2onnx", "h5py")
    preload: ClassVar[tuple[str, ...]] = PRELOAD
    ending: ClassVar[str] = ".keras"

    def claims(self, bundle: Bundle) -> tuple[str, ...]:
        """Return the zip files that hold a Keras configuration and its weights."""
        for name in bundle.names:
            if cut_zip(bundle, name, "metadata.json"):
                raise CorruptFile(
                    f"{name} is a .keras archive that is cut off after {bundle.size(name)} bytes"
                )
        parts = {"config.json", "metadata.json", "model.weights.h5"}
        return tuple(name for name in bundle.names if parts <= set(bundle.members(name)))

    def inspect(self, bundle: Bundle, names: Sequence[str]) -> Inspection:
        """Read the layers from the configuration; weights are counted where h5py is there."""
        path = bundle.path(names[0])
        try:
            with zipfile.ZipFile(path) as archive:
                config = json.loads(archive.read("config.json"))
                version = json.loads(archive.read("metadata.json")).get("keras_version", "of unknown version")
                with archive.open("model.weights.h5") as weights:
                    parameters = None if absent(("h5py",)) else count(weights)
        except (OSError, zipfile.BadZipFile, zlib.error, ValueError) as exc:
            raise CorruptFile(f"{names[0]} is a damaged .keras archive: {exc}") from exc
        return described(config, config.get("compile_config"), version, parameters, names[0])

    def exporters(self, bundle: Bundle, names: Sequence[str], opset: int) -> Iterable[tuple[str, Exporter]]:
        """Yield tf2onnx on the model's function."""
        yield "tf2onnx", partial(self._export, bundle.path(names[0]), opset)

    def reference(self, bundle: Bundle, names: Sequence[str]) -> Reference:
        """Load the model."""
        model = self._load(bundle.path(names[0]))
        function, inputs, outputs = as_function(model)
        reference = FunctionReference(function, inputs, outputs)
        tables = [int(weight.shape[0]) for weight in model.weights if len(weight.shape) == 2]
        reference.bounds = find_bounds(reference, tables, refusals())
        return reference

    def _export(self, path: Path, opset: int, out: Path) -> None:
        function, inputs, outputs = as_function(self._load(path))
        export_function(function, inputs, outputs, opset, out)

    def _load(self, path: Path) -> Any:
        """Load a model without its optimizer; Python code in it (Lambda layers) is refused by Keras."""
        import keras

        with tempfile.TemporaryDirectory() as place:
            named = Path(place) / f"model{self.ending}"  # Keras goes by the ending; a box makes no links
            shutil.copyfile(path, named)
            return keras.models.load_model(named, compile=False, safe_mode=True)


class KerasHdf5(Keras):
    """A whole model in HDF5, as Keras 1 and 2 saved it (and Keras 3 still reads)."""

    name: ClassVar[str] = "h5"
    media_type: ClassVar[str] = "application/x-hdf5"
    rank: ClassVar[int] = 32
    inspect_needs: ClassVar[tuple[str, ...]] = ("h5py",)
    ending: ClassVar[str] = ".h5"

    def claims(self, bundle: Bundle) -> tuple[str, ...]:
        """Return the HDF5 files with Keras's attributes at their head."""
        found = tuple(
            name
            for name in bundle.names
            if bundle.head(name, 8) == MAGIC and b"keras_version" in bundle.head(name, HEADER)
        )
        for name in found:
            check_superblock(bundle, name)
        return found

    def inspect(self, bundle: Bundle, names: Sequence[str]) -> Inspection:
        """Read the layers from the file's attributes, and count its weights."""
        import h5py

        path = bundle.path(names[0])
        try:
            with h5py.File(path, "r") as file:
                version = text(file.attrs.get("keras_version", "of unknown version"))
                config = json.loads(text(file.attrs.get("model_config", "null")))
                training = json.loads(text(file.attrs.get("training_config", "null")))
            parameters = count(path)
        except (OSError, RuntimeError, KeyError, ValueError) as exc:
            raise CorruptFile(f"{names[0]} is a damaged HDF5 file of Keras: {exc}") from exc
        if config is None:
            note = f"saved by Keras {version}", WEIGHTS_ALONE
            return Inspection(framework=self.framework, parameters=parameters, notes=note)
        return described(config, training, version, parameters, names[0])

    def advise(self, bundle: Bundle, names: Sequence[str]) -> str | None:
        """Return what to upload instead of weights alone."""
        return None if b"model_config" in bundle.head(names[0], HEADER) else WEIGHTS_ALONE

    def exporters(self, bundle: Bundle, names: Sequence[str], opset: int) -> Iterable[tuple[str, Exporter]]:
        """Yield tf2onnx on the model's function; raises `UnknownFormat` for weights alone."""
        self._check(bundle, names)
        return super().exporters(bundle, names, opset)

    def reference(self, bundle: Bundle, names: Sequence[str]) -> Reference:
        """Load the model; raises `UnknownFormat` for weights alone."""
        self._check(bundle, names)
        return super().reference(bundle, names)

    def _load(self, path: Path) -> Any:
        try:
            return super()._load(path)
        except TypeError as exc:
            # Keras 3 writes operators such as + into .h5 and cannot read them back.
            raise UnknownFormat(
                f"Keras itself cannot read this .h5 file ({exc}): save the model with model.save('model.keras')"
            ) from exc

    def _check(self, bundle: Bundle, names: Sequence[str]) -> None:
        if lack := self.advise(bundle, names):
            raise UnknownFormat(lack)


WEIGHTS_ALONE = "the file holds weights and no model: save the model itself with model.save('model.keras') and upload that"


def as_function(
    model: Any,
) -> tuple[Callable[..., Mapping[str, Any]], tuple[TensorSpec, ...], tuple[str, ...]]:
    """Return a Keras model as a function of positional tensors that returns a dict, with its signature."""
    import keras

    plain = isinstance(model, keras.Sequential)  # it has no .input until it was called
    taken, made = (model.inputs[0], model.outputs[0]) if plain else (model.input, model.output)
    tensors = keras.tree.flatten(taken)
    inputs = tuple(
        TensorSpec(name, str(tensor.dtype), dimensions(tensor.shape))
        for name, tensor in zip(distinct((made_by(t) for t in tensors), "input"), tensors, strict=True)
    )
    names = list(made) if isinstance(made, dict) else [made_by(t) for t in keras.tree.flatten(made)]
    outputs = distinct((_unlike(name, inputs) for name in names), "output")

    def call(*arrays: Any) -> Mapping[str, Any]:
        results = model(keras.tree.pack_sequence_as(taken, list(arrays)), training=False)
        flat = (
            [results[name] for name in results] if isinstance(results, dict) else keras.tree.flatten(results)
        )
        return dict(zip(outputs, flat, strict=True))

    return call, inputs, outputs


def made_by(tensor: Any) -> str:
    """Return the name of the layer that a symbolic tensor comes from."""
    return str(tensor._keras_history.operation.name)


def _unlike(name: str, inputs: Sequence[TensorSpec]) -> str:
    return f"{name}_output" if name in {spec.name for spec in inputs} else name


def dimensions(shape: Iterable[int | None]) -> tuple[int | str, ...]:
    """Return a Keras shape with its free dimensions named."""
    sizes = list(shape)
    return tuple(axis_name(len(sizes), axis) if n is None else int(n) for axis, n in enumerate(sizes))


def described(
    config: Config, training: Config | None, version: str, parameters: int | None, file: str
) -> Inspection:
    """Describe a model by its Keras configuration, and by how it was compiled for training."""
    inputs = tuple(spec for layer in keras_config.layers(config) if (spec := _input(layer)) is not None)
    found = Inspection(
        inputs=tuple({spec.name: spec for spec in inputs}.values()),
        framework="keras",
        parameters=parameters,
        hyperparameters=keras_config.settings(config, training),
        hyperparameters_from=file,
        notes=(f"saved by Keras {version}",),
    )
    if told := keras_config.told(config, file):
        return found.recognised(told)
    return found.recognised(keras_config.told_by_layers(config, file), by_names=True)


def _input(layer: Config) -> TensorSpec | None:
    """Return what an InputLayer says (Keras 2 wrote batch_input_shape)."""
    inner = layer.get("config", {})
    shape = inner.get("batch_shape") or inner.get("batch_input_shape")
    if layer.get("class_name") != "InputLayer" or not shape:
        return None
    return TensorSpec(str(inner.get("name")), str(inner.get("dtype", "float32")), dimensions(shape))


def count(file: Any) -> int:
    """Count the values of the weights in an HDF5 file of Keras, the optimizer's apart."""
    import h5py

    total = 0

    def visit(name: str, item: Any) -> None:
        nonlocal total
        if isinstance(item, h5py.Dataset) and not name.startswith("optimizer"):
            total += int(item.size)

    with h5py.File(file, "r") as weights:
        weights.visititems(visit)
    return total


def text(value: Any) -> str:
    """Return an HDF5 attribute as text: Keras wrote bytes once."""
    return value.decode() if isinstance(value, bytes) else str(value)


PLUGINS = (Keras(), KerasHdf5())
