"""TensorFlow: SavedModels of both ages, as a folder or packed in one file; checkpoints are told what they lack."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any, ClassVar

import numpy as np

from hpcfair_kg.artifact import Kind, TensorSpec
from hpcfair_kg.formats.base import Array, Bundle, Convertible, Exporter, Feeds, Format, Inspection, Reference
from hpcfair_kg.formats.bounds import find_bounds
from hpcfair_kg.formats.saved_model import SavedModelFiles, Signature, find, read
from hpcfair_kg.formats.tf2onnx_export import export_function, export_graph, refusals

PRELOAD = ("tensorflow", "keras", "tf2onnx", "tf2onnx.convert", "tf2onnx.tfonnx", "h5py", "onnxruntime")
"""What a warm process imports once: measured, it takes a job from 4.5 s to 0.6."""
SSTABLE = bytes.fromhex("57fb808b247547db")
"""The last bytes of a table file (leveldb's table_format.md), which the index of a checkpoint is."""


class SavedModel(Convertible):
    """A SavedModel: saved_model.pb with its variables, in a folder or in one zip or tar file."""

    name: ClassVar[str] = "saved-model"
    framework: ClassVar[str | None] = "tensorflow"
    media_type: ClassVar[str] = "application/x-protobuf"
    rank: ClassVar[int] = 30
    extra: ClassVar[str] = "tensorflow"
    family: ClassVar[str] = "tensorflow"
    needs: ClassVar[tuple[str, ...]] = ("tensorflow", "tf2onnx")
    preload: ClassVar[tuple[str, ...]] = PRELOAD

    def claims(self, bundle: Bundle) -> tuple[str, ...]:
        """Return the files of the first SavedModel: all in its folder, or the archive that holds it."""
        found = find(bundle)
        return found.names if found else ()

    def inspect(self, bundle: Bundle, names: Sequence[str]) -> Inspection:
        """Read the signatures from the protobuf alone."""
        document = read(_found(bundle))
        signature = document.chosen
        others = [n for n in document.usable if signature and n != signature.name]
        return Inspection(
            inputs=signature.inputs if signature else (),
            outputs=signature.outputs if signature else (),
            framework=self.framework,
            notes=(f"saved by TensorFlow {document.version}",)
            + ((f"other signatures: {', '.join(others)}",) if others else ()),
        ).recognised(document.told, by_names=True)

    def exporters(self, bundle: Bundle, names: Sequence[str], opset: int) -> Iterable[tuple[str, Exporter]]:
        """Yield tf2onnx on the signature's function, then on the graph that the TensorFlow 1 loader makes."""
        files = _found(bundle)
        signature = read(files).signature
        yield "tf2onnx", partial(_export_v2, files, signature, opset)
        yield "tf2onnx-v1", partial(_export_v1, files, signature, opset)

    def reference(self, bundle: Bundle, names: Sequence[str]) -> Reference:
        """Load the signature's function, by the TensorFlow 1 loader where today's cannot."""
        files = _found(bundle)
        signature = read(files).signature
        try:
            with files.folder() as folder:
                function, heights = _load_v2(folder, signature)
            reference: Reference = FunctionReference(function, signature.inputs, signature.output_names)
        except (AttributeError, ValueError, KeyError, TypeError):
            # What Keras 2 saved: '_UserObject' object has no attribute 'add_slot', and the like.
            with files.folder() as folder:
                reference, heights = SessionReference(folder, signature), ()
        reference.bounds = find_bounds(reference, heights, refusals())
        return reference


class Checkpoint(Format):
    """TensorFlow's .index and .data files: variables without the graph that uses them."""

    name: ClassVar[str] = "other"
    kind: ClassVar[Kind] = "model"
    framework: ClassVar[str | None] = "tensorflow"
    rank: ClassVar[int] = 70
    advice: ClassVar[str | None] = (
        "a TensorFlow checkpoint holds variables and no graph: save the model itself with "
        "tf.saved_model.save or model.save('model.keras') and upload that, or run `hpcfair export` where its code is"
    )

    def claims(self, bundle: Bundle) -> tuple[str, ...]:
        """Return the index, which is a table file, and the data files that belong to it."""
        indices = [n for n in bundle.names if n.endswith(".index") and _tail(bundle.path(n), 8) == SSTABLE]
        stems = tuple(name.removesuffix("index") for name in indices)
        return tuple(n for n in bundle.names if stems and n.startswith(stems))


class FunctionReference(Reference):
    """A TensorFlow function of positional tensors that returns a dict."""

    def __init__(
        self, function: Callable[..., Mapping[str, Any]], inputs: Sequence[TensorSpec], outputs: Sequence[str]
    ) -> None:
        self.function = function
        self.inputs = tuple(inputs)
        self.outputs = tuple(outputs)

    def __call__(self, feeds: Feeds) -> Sequence[Array]:
        """Return the function's outputs."""
        import tensorflow as tf

        given = [tf.constant(feeds[s.name], dtype=getattr(tf, s.dtype)) for s in self.inputs]
        results = self.function(*given)
        return [np.asarray(results[name].numpy()) for name in self.outputs]


class SessionReference(Reference):
    """A SavedModel in a TensorFlow 1 session, which takes also what Keras 2 saved."""

    def __init__(self, folder: Path, signature: Signature) -> None:
        import tensorflow as tf

        self.inputs = signature.inputs
        self.outputs = signature.output_names
        self.signature = signature
        self.session = tf.compat.v1.Session(graph=tf.Graph())
        with self.session.graph.as_default():
            tf.compat.v1.saved_model.load(self.session, list(signature.tags), str(folder))

    def __call__(self, feeds: Feeds) -> Sequence[Array]:
        """Return the signature's outputs."""
        given = {self.signature.tensors[s.name]: feeds[s.name] for s in self.inputs}
        results = self.session.run([self.signature.tensors[name] for name in self.outputs], given)
        return [np.asarray(result) for result in results]


def _found(bundle: Bundle) -> SavedModelFiles:
    found = find(bundle)
    assert found is not None, "inspected and exported is what was claimed"
    return found


def _load_v2(folder: Path, signature: Signature) -> tuple[Callable[..., Mapping[str, Any]], tuple[int, ...]]:
    """Return the signature as a function of positional tensors, and the heights of its matrices."""
    import tensorflow as tf

    loaded = tf.saved_model.load(str(folder))
    function = loaded.signatures[signature.name]
    names = [spec.name for spec in signature.inputs]

    def call(*tensors: Any) -> Mapping[str, Any]:
        results: Mapping[str, Any] = function(**dict(zip(names, tensors, strict=True)))
        return results

    call.loaded = loaded  # type: ignore[attr-defined]  # its variables live as long as it does
    heights = tuple(int(v.shape[0]) for v in function.variables if len(v.shape) == 2)
    return call, heights


def _export_v2(files: SavedModelFiles, signature: Signature, opset: int, path: Path) -> None:
    with files.folder() as folder:
        function, _ = _load_v2(folder, signature)
        export_function(function, signature.inputs, signature.output_names, opset, path)


def _export_v1(files: SavedModelFiles, signature: Signature, opset: int, path: Path) -> None:
    with files.folder() as folder:
        reference = SessionReference(folder, signature)
        export_graph(reference.session, signature, opset, path)


def _tail(path: Path, size: int) -> bytes:
    with path.open("rb") as stream:
        stream.seek(max(path.stat().st_size - size, 0))
        return stream.read()


PLUGINS = (SavedModel(), Checkpoint())
