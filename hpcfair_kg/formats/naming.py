"""Names of tensors and dimensions: those of the original, in the ONNX file too."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

AXES: Mapping[int, tuple[str, ...]] = {
    2: ("batch", "length"),
    3: ("batch", "length", "width"),
    4: ("batch", "height", "width", "channels"),
}


def axis_name(rank: int, axis: int) -> str:
    """Name a free dimension by its place, as TensorFlow lays tensors out (batch, height, width, channels)."""
    names = AXES.get(rank, ("batch",))
    return names[axis] if axis < len(names) else f"dim_{axis}"


def rename(path: Path, tensors: Mapping[str, str], dimensions: Mapping[str, str]) -> None:
    """Rename tensors and symbolic dimensions of the ONNX file at `path`, in place.

    Weights kept outside the file are not read.  A dimension such as
    "2*s77" is renamed inside.
    """
    import onnx

    model = onnx.load(path, load_external_data=False)
    for graph in _graphs(model.graph):
        _rename_tensors(graph, tensors)
        _rename_dimensions(graph, dimensions)
    onnx.save(model, path)


def _graphs(graph: Any) -> Iterator[Any]:
    """Yield a graph and those inside its nodes."""
    yield graph
    for node in graph.node:
        for attribute in node.attribute:
            for inner in (attribute.g, *attribute.graphs):
                if inner.ByteSize():
                    yield from _graphs(inner)


def _rename_tensors(graph: Any, names: Mapping[str, str]) -> None:
    for node in graph.node:
        node.input[:] = [names.get(name, name) for name in node.input]
        node.output[:] = [names.get(name, name) for name in node.output]
    for value in (*graph.input, *graph.output, *graph.value_info, *graph.initializer):
        value.name = names.get(value.name, value.name)


def _rename_dimensions(graph: Any, names: Mapping[str, str]) -> None:
    for value in (*graph.input, *graph.output, *graph.value_info):
        for dimension in value.type.tensor_type.shape.dim:
            if dimension.dim_param:
                dimension.dim_param = renamed(dimension.dim_param, names)


def renamed(text: str, names: Mapping[str, str]) -> str:
    """Return an expression such as "2*s77" with its symbols renamed."""
    return re.sub(r"[A-Za-z_]\w*", lambda word: names.get(word[0], word[0]), text)


def distinct(names: Iterable[str], fallback: str) -> tuple[str, ...]:
    """Return names in order, the empty ones filled and the repeated ones numbered.

    >>> distinct(["", "y", "y"], "output")
    ('output', 'y', 'y_1')
    """
    taken: list[str] = []
    for name in names:
        wanted = base = name or fallback
        count = 0
        while wanted in taken:
            count += 1
            wanted = f"{base}_{count}"
        taken.append(wanted)
    return tuple(taken)
