"""Small ONNX files and folders of them, as tests need them."""

from __future__ import annotations

import shutil
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

from hpcfair_kg.models.convert import convert, recognise

FLOAT, INT64, STRING = TensorProto.FLOAT, TensorProto.INT64, TensorProto.STRING


def value(name: str, kind: int = FLOAT, shape: Any = ("batch", 3)) -> Any:
    """One declared input or output."""
    return helper.make_tensor_value_info(name, kind, shape)


def save(
    path: Path,
    nodes: Sequence[Any],
    inputs: Sequence[Any],
    outputs: Sequence[Any],
    weights: Sequence[Any] = (),
    opset: int = 18,
    domains: Iterable[tuple[str, int]] = (),
    **more: Any,
) -> Path:
    """Write a graph."""
    graph = helper.make_graph(list(nodes), "g", list(inputs), list(outputs), list(weights))
    opsets = [helper.make_opsetid("", opset), *(helper.make_opsetid(d, v) for d, v in domains)]
    onnx.save(helper.make_model(graph, opset_imports=opsets, ir_version=8), path, **more)
    return path


def linear(path: Path, weights: Sequence[float] = (1, 2, 3, 4, 5, 6), **more: Any) -> Path:
    """y [batch, 2] = x [batch, 3] @ w."""
    w = numpy_helper.from_array(np.array(weights, np.float32).reshape(3, 2), "w")
    node = helper.make_node("MatMul", ["x", "w"], ["y"])
    return save(path, [node], [value("x")], [value("y", shape=("batch", 2))], [w], **more)


def tree(path: Path, declared: Any, feature: int = 12) -> Path:
    """One stump that tests one feature of what is declared."""
    node = helper.make_node(
        "TreeEnsembleRegressor", ["X"], ["Y"], domain="ai.onnx.ml",
        nodes_treeids=[0] * 3, nodes_nodeids=[0, 1, 2], nodes_featureids=[feature, 0, 0],
        nodes_modes=["BRANCH_LEQ", "LEAF", "LEAF"], nodes_values=[0.5, 0.0, 0.0],
        nodes_truenodeids=[1, 0, 0], nodes_falsenodeids=[2, 0, 0],
        target_treeids=[0, 0], target_nodeids=[1, 2], target_ids=[0, 0], target_weights=[1.0, 2.0], n_targets=1,
    )  # fmt: skip
    inputs, outputs = [value("X", shape=declared)], [value("Y", shape=(None, 1))]
    return save(path, [node], inputs, outputs, domains=[("ai.onnx.ml", 3)])


def laid(tmp_path: Path, *files: Path) -> tuple[Path, list[str]]:
    """Lay files out as a box sees them; return the folder and their names."""
    folder = tmp_path / "in"
    folder.mkdir(exist_ok=True)
    for file in files:
        shutil.copy(file, folder / file.name)
    return folder, [file.name for file in files]


def recognised(tmp_path: Path, *files: Path) -> dict[str, Any]:
    """Run the first errand over files."""
    folder, names = laid(tmp_path, *files)
    return recognise(str(folder), names, lambda event: None)


def converted(tmp_path: Path, *files: Path, opset: int = 18, events: Any = None) -> dict[str, Any]:
    """Run both errands over files; the forms lie in `tmp_path`/out."""
    seen = recognised(tmp_path, *files)
    out = tmp_path / "out"
    out.mkdir(exist_ok=True)
    samples = [file.name for file in files if file.stem in ("sample", "samples")]
    told: list[Any] = [] if events is None else events
    return convert(
        folder=str(tmp_path / "in"),
        names=[file.name for file in files],
        claimed=seen["claimed"],
        format=seen["format"],
        out=str(out),
        stem="model",
        opset=opset,
        seed=7,
        samples=samples,
        emit=told.append,
    )
