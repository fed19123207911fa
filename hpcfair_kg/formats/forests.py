"""What kind of ensemble the trees of an ONNX graph are, by how their leaves are counted together.

The attributes are those of ai.onnx.ml: TreeEnsembleClassifier and
TreeEnsembleRegressor (versions 1 to 3), TreeEnsemble (version 5).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from hpcfair_kg.formats.base import Array

if TYPE_CHECKING:
    from onnx import NodeProto

_EXACT = 1e-4
"""How far from a whole vote the sum of float32 shares may be, as a part of it."""
_AGGREGATES = ("AVERAGE", "SUM", "MIN", "MAX")
_TRANSFORMS = ("NONE", "SOFTMAX", "LOGISTIC", "SOFTMAX_ZERO", "PROBIT")
"""The enumerations of TreeEnsemble version 5."""
_LINKS = frozenset({"LOGISTIC", "SOFTMAX"})


@dataclass(frozen=True)
class Ensemble:
    """What the leaves of some trees say: a weight for each leaf and class, and the leaf that each is of.

    `classes` is how many classes weights are given for, 0 for regression;
    `based` whether the sum starts from values that are no tree's.
    """

    trees: int
    weights: Array
    leaves: Array
    classes: int
    based: bool
    transform: str
    aggregate: str

    @property
    def plain(self) -> bool:
        """Whether what the trees say is the answer, with nothing added or squeezed."""
        return self.transform == "NONE" and not self.based

    @property
    def votes(self) -> bool:
        """Whether each leaf shares out one vote of as many as there are trees among the classes.

        Of two classes the weights of one alone are often given: the share that is left is the other's.
        """
        if not self.classes or not len(self.weights) or self.weights.min() < 0:
            return False
        vote = 1 / self.trees
        shares = np.bincount(self.leaves, self.weights)
        if self.classes == 1:
            return bool(abs(shares.max() - vote) < _EXACT * vote)
        return bool(np.all(np.abs(shares - vote) < _EXACT * vote))

    @property
    def corrects(self) -> bool:
        """Whether leaves push both ways from where the sum starts, as those of boosted trees do."""
        signs = len(self.weights) and self.weights.min() < 0 < self.weights.max()
        return bool(signs) and self.aggregate == "SUM" and (self.based or self.transform in _LINKS)


def told(node: NodeProto) -> tuple[str | None, str]:
    """Return the class of a node's trees, None where it cannot be told, and the fact that tells it."""
    found = _read(node)
    if found.trees == 1:
        single = found.plain and (found.votes or not found.classes)
        return "DecisionTree" if single else None, f"{node.op_type} of one tree"
    if found.plain and found.aggregate == "AVERAGE":
        return "RandomForest", f"{node.op_type} of {found.trees} trees that are averaged"
    if found.plain and found.aggregate == "SUM" and found.votes:
        return "RandomForest", f"{node.op_type} of {found.trees} trees with 1/{found.trees} of the vote each"
    how = f"passed through {found.transform}" if found.transform in _LINKS else "added to a base value"
    return (
        "GradientBoosting" if found.corrects else None,
        f"{node.op_type} of {found.trees} trees, summed and {how}",
    )


def _read(node: NodeProto) -> Ensemble:
    from onnx import helper

    held = {a.name: helper.get_attribute_value(a) for a in node.attribute}
    if "tree_roots" in held:
        return _read_version_5(held)
    side = "class" if "class_treeids" in held else "target"
    classes = len(set(held.get("class_ids", ())))
    trees = np.array(held.get("nodes_treeids", ()), np.int64)
    owners = np.array([held.get(f"{side}_treeids", ()), held.get(f"{side}_nodeids", ())], np.int64)
    leaves = np.unique(owners, axis=1, return_inverse=True)[1].ravel()
    return Ensemble(
        trees=len(np.unique(trees)),
        weights=_numbers(held, f"{side}_weights"),
        leaves=leaves,
        classes=classes,
        based=bool(_numbers(held, "base_values").any()),
        transform=held.get("post_transform", b"NONE").decode(),
        aggregate=held.get("aggregate_function", b"SUM").decode(),
    )


def _read_version_5(held: Mapping[str, Any]) -> Ensemble:
    weights = _numbers(held, "leaf_weights")
    return Ensemble(
        trees=len(held["tree_roots"]),
        weights=weights,
        leaves=np.arange(len(weights)),
        classes=0,
        based=False,
        transform=_TRANSFORMS[held.get("post_transform", 0)],
        aggregate=_AGGREGATES[held.get("aggregate_function", 1)],
    )


def _numbers(held: Mapping[str, Any], name: str) -> Array:
    """Return an attribute's numbers, which lie in a list or, in float64, in a tensor."""
    from onnx import numpy_helper

    tensor = held.get(f"{name}_as_tensor") or (held.get(name) if name == "leaf_weights" else None)
    if tensor is not None:
        return np.asarray(numpy_helper.to_array(tensor), np.float64).ravel()
    return np.asarray(held.get(name, ()), np.float64)
