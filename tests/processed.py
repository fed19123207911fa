"""Small models with the files that say their processing: a classifier of texts, and one of pictures."""

from __future__ import annotations

import io
import json
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
from onnx import TensorProto, helper, numpy_helper

from tests.models.processing.beside_files import words
from tests.onnx_files import FLOAT, INT64, save, value

Files = tuple[tuple[str, bytes], ...]

MOODS = ("neutral", "good", "bad")
COLOURS = ("red", "green", "blue")


def texts(mark: str = "") -> Files:
    """A model that counts how often a text says "so", "good" and "bad", with its tokenizer and labels.

    A `mark` makes a file of its own.
    """
    counted = numpy_helper.from_array(np.array([[[4, 5, 6]]]), f"counted{mark}")
    last, middle = (numpy_helper.from_array(np.array([axis]), f"axis{axis}") for axis in (-1, 1))
    nodes = [
        helper.make_node("Unsqueeze", ["input_ids", "axis-1"], ["tokens"]),
        helper.make_node("Equal", ["tokens", f"counted{mark}"], ["same"]),
        helper.make_node("Cast", ["same"], ["found"], to=TensorProto.FLOAT),
        helper.make_node("Cast", ["attention_mask"], ["seen"], to=TensorProto.FLOAT),
        helper.make_node("Unsqueeze", ["seen", "axis-1"], ["mask"]),
        helper.make_node("Mul", ["found", "mask"], ["hits"]),
        helper.make_node("ReduceSum", ["hits", "axis1"], ["logits"], keepdims=0),
    ]
    inputs = [value(name, INT64, ("batch", "sequence")) for name in ("input_ids", "attention_mask")]
    return _files(
        (nodes, inputs, [value("logits", FLOAT, ("batch", 3))], [counted, last, middle]),
        tokenizer__json=words("so", "good", "bad"),
        config__json={"id2label": dict(enumerate(MOODS))},
    )


def pictures() -> Files:
    """A model that gives how red, green and blue a picture of 8 x 8 pixels is, with its settings and labels."""
    axes = numpy_helper.from_array(np.array([2, 3]), "axes")
    node = helper.make_node("ReduceMean", ["pixel_values", "axes"], ["logits"], keepdims=0)
    inputs, outputs = value("pixel_values", FLOAT, ("batch", 3, 8, 8)), value("logits", FLOAT, ("batch", 3))
    return _files(
        ([node], [inputs], [outputs], [axes]),
        preprocessor_config__json={"size": {"height": 8, "width": 8}, "rescale_factor": 1 / 255},
        config__json={"id2label": dict(enumerate(COLOURS))},
    )


def png(*colour: int, size: tuple[int, int] = (20, 30)) -> bytes:
    """Return a picture file of one colour; `size` is width and height."""
    from PIL import Image

    stream = io.BytesIO()
    Image.new("RGB" if len(colour) == 3 else "RGBA", size, colour).save(stream, "PNG")
    return stream.getvalue()


def written(files: Files, folder: Path) -> Path:
    """Write files below a folder."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, data in files:
        (folder / name).write_bytes(data)
    return folder


def _files(graph: tuple[Any, ...], **documents: Any) -> Files:
    with TemporaryDirectory() as folder:
        model = save(Path(folder, "model.onnx"), *graph).read_bytes()
    beside = ((name.replace("__", "."), json.dumps(said).encode()) for name, said in documents.items())
    return (("model.onnx", model), *beside)
