"""Rows that lie exactly where decision trees decide: at their thresholds and next to them.

A threshold that is float64 in the original and float32 in the converted form
sends a row that lies between the two the wrong way, and nothing else shows it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from hpcfair_kg.formats.base import Array

if TYPE_CHECKING:
    from onnx import ModelProto, NodeProto

ROWS = 1024

Thresholds = Mapping[int, Array]
"""The float64 thresholds of each feature that a model tests."""


def gathered(pairs: Iterable[tuple[Array, Array]]) -> Thresholds:
    """Collect (features, thresholds) of many trees by feature, each value once."""
    features, thresholds = [np.zeros(0, np.int64)], [np.zeros(0)]
    for feature, threshold in pairs:
        features.append(np.asarray(feature, np.int64))
        thresholds.append(np.asarray(threshold, np.float64))
    where, values = np.concatenate(features), np.concatenate(thresholds)
    finite = np.isfinite(values)
    where, values = where[finite], values[finite]
    return {int(f): np.unique(values[where == f]) for f in np.unique(where)}


def rows(thresholds: Thresholds, features: int, seed: int, count: int = ROWS) -> Array:
    """Return float32 rows of `features` values, each at a threshold of its feature or one float beside it."""
    rng = np.random.Generator(np.random.PCG64(seed))
    table = rng.standard_normal((count, features)).astype(np.float32)
    with np.errstate(over="ignore"):
        for feature, values in thresholds.items():
            chosen = rng.choice(values, count).astype(np.float32)
            beside = np.where(rng.random(count) < 0.5, np.float32(-np.inf), np.float32(np.inf))
            moved = np.nextafter(chosen, beside, dtype=np.float32)
            table[:, feature] = np.where(rng.random(count) < 0.5, chosen, moved)
    return table


def with_gaps(table: Array, seed: int, part: float = 0.2) -> Array:
    """Return the rows with some values missing, as NaN."""
    rng = np.random.Generator(np.random.PCG64(seed))
    return np.where(rng.random(table.shape) < part, np.float32(np.nan), table)


def rounded_down(thresholds: Array) -> Array:
    """Return the largest float32 values that are not above the thresholds, as float64.

    For every float32 x, x <= t exactly when x <= the t returned.
    """
    values = np.asarray(thresholds, np.float64)
    with np.errstate(over="ignore"):
        near = values.astype(np.float32)
        lower = np.nextafter(near, np.float32(-np.inf), dtype=np.float32)
    return np.asarray(np.where(near.astype(np.float64) > values, lower, near), np.float64)


@dataclass(frozen=True)
class Sent:
    """Where the nodes of one tree send missing values: 1 to the left; leaves have 0 everywhere."""

    features: Array
    values: Array
    left: Array

    @property
    def key(self) -> bytes:
        """What tells a tree: its features and its float32 thresholds, node by node."""
        return _key(self.features, self.values)


def send_missing(model: ModelProto, sent: Sequence[Sent]) -> None:
    """Let the trees of an ONNX graph send missing values as the original's do, in place."""
    known = {tree.key: tree for tree in sent}
    for node in model.graph.node:
        if node.op_type.startswith("TreeEnsemble") and known:
            _send(node, known)


def _send(node: NodeProto, known: Mapping[bytes, Sent]) -> None:
    attributes = {attribute.name: attribute for attribute in node.attribute}
    ids = np.array(attributes["nodes_treeids"].ints)
    features = np.array(attributes["nodes_featureids"].ints)
    leaves = np.array([mode == b"LEAF" for mode in attributes["nodes_modes"].strings])
    values = np.where(leaves, 0, np.array(attributes["nodes_values"].floats, np.float32))
    tracks = attributes["nodes_missing_value_tracks_true"].ints
    for tree in np.unique(ids):
        places = np.flatnonzero(ids == tree)
        found = known.get(_key(np.where(leaves, 0, features)[places], values[places]))
        if found is not None:
            for place, left in zip(places, found.left, strict=True):
                tracks[place] = int(left)


def _key(features: Array, values: Array) -> bytes:
    return features.astype(np.int64).tobytes() + values.astype(np.float32).tobytes()
