"""What trees are, by how their leaves are counted together."""

import numpy as np
import pytest
from onnx import helper, numpy_helper

from hpcfair_kg.formats.forests import told


def trees(kind, leaves, **attributes):
    """Stumps, one a tree, whose two leaves weigh what `leaves` says: [tree][leaf][class]."""
    side = "class" if kind == "TreeEnsembleClassifier" else "target"
    count = len(leaves)
    owned = [
        (tree, leaf + 1, place, weight)
        for tree, stump in enumerate(leaves)
        for leaf, weights in enumerate(stump)
        for place, weight in enumerate(weights)
    ]
    owners, nodes, ids, weights = zip(*owned, strict=True)
    more = {"classlabels_int64s": [0, 1]} if side == "class" else {"n_targets": 1}
    return helper.make_node(
        kind, ["X"], ["Y"], domain="ai.onnx.ml",
        nodes_treeids=[t for t in range(count) for _ in range(3)], nodes_nodeids=[0, 1, 2] * count,
        nodes_featureids=[0] * 3 * count, nodes_modes=["BRANCH_LEQ", "LEAF", "LEAF"] * count,
        nodes_values=[0.5, 0.0, 0.0] * count, nodes_truenodeids=[1, 0, 0] * count, nodes_falsenodeids=[2, 0, 0] * count,
        **{f"{side}_treeids": owners, f"{side}_nodeids": nodes, f"{side}_ids": ids, f"{side}_weights": weights},
        **more, **attributes,
    )  # fmt: skip


CLASSIFIER, REGRESSOR = "TreeEnsembleClassifier", "TreeEnsembleRegressor"
VOTES = [[[0.2, 0.3], [0.5, 0.0]], [[0.1, 0.4], [0.25, 0.25]]]
ONE_SIDE = [[[0.5], [0.1]], [[0.0], [0.4]]]
BOTH_SIGNS = [[[0.3], [-0.1]], [[0.2], [-0.4]]]


@pytest.mark.parametrize(
    ("node", "kind", "fact"),
    [
        (trees(CLASSIFIER, [[[1, 0], [0.25, 0.75]]]), "DecisionTree", "one tree"),
        (trees(REGRESSOR, [[[3.5], [-7]]]), "DecisionTree", "one tree"),
        (trees(CLASSIFIER, VOTES), "RandomForest", "2 trees with 1/2 of the vote each"),
        (trees(CLASSIFIER, ONE_SIDE), "RandomForest", "2 trees with 1/2 of the vote each"),
        (trees(REGRESSOR, BOTH_SIGNS, aggregate_function="AVERAGE"), "RandomForest", "2 trees that are averaged"),
        (trees(CLASSIFIER, BOTH_SIGNS, post_transform="LOGISTIC"), "GradientBoosting", "passed through LOGISTIC"),
        (trees(REGRESSOR, BOTH_SIGNS, base_values=[1.5]), "GradientBoosting", "added to a base value"),
    ],
)  # fmt: skip
def test_trees_that_can_be_told(node, kind, fact):
    found, evidence = told(node)
    assert found == kind
    assert evidence.startswith(f"{node.op_type} of ")
    assert evidence.endswith(fact)


@pytest.mark.parametrize(
    "node",
    [
        trees(CLASSIFIER, [[[0.4], [-0.2]]], post_transform="LOGISTIC"),
        trees(REGRESSOR, [[[0.4], [-0.2]]], base_values=[0.5]),
        trees(CLASSIFIER, [[[0.4, 0.1], [0.2, 0.1]]]),
        trees(REGRESSOR, BOTH_SIGNS),
        trees(REGRESSOR, BOTH_SIGNS, base_values=[0.0]),
        trees(CLASSIFIER, VOTES, post_transform="SOFTMAX"),
        trees(CLASSIFIER, [[[0.2, 0.3], [0.5, 0.3]], VOTES[1]]),
        trees(REGRESSOR, BOTH_SIGNS, aggregate_function="MAX", base_values=[1.0]),
    ],
    ids=["boosting with one tree", "one tree and a base", "half a vote", "a sum", "a sum from 0",
         "softmax of votes", "uneven votes", "the largest"],
)  # fmt: skip
def test_trees_that_could_be_of_several_kinds(node):
    assert told(node)[0] is None


def tensor(values):
    return numpy_helper.from_array(np.array(values, np.float64))


def test_weights_in_float64_lie_in_a_tensor():
    node = trees(REGRESSOR, [[[0.0], [0.0]]] * 2)
    kept = [a for a in node.attribute if a.name != "target_weights"]
    del node.attribute[:]
    node.attribute.extend(kept)
    node.attribute.append(helper.make_attribute("target_weights_as_tensor", tensor([0.3, -0.1, 0.2, -0.4])))
    node.attribute.append(helper.make_attribute("base_values_as_tensor", tensor([0.5])))
    assert told(node)[0] == "GradientBoosting"


@pytest.mark.parametrize(
    ("roots", "more", "kind"),
    [
        ([0], {}, "DecisionTree"),
        ([0, 1], {"aggregate_function": 0}, "RandomForest"),
        ([0, 1], {"post_transform": 2}, "GradientBoosting"),
        ([0, 1], {}, None),
    ],
)
def test_version_5(roots, more, kind):
    node = helper.make_node(
        "TreeEnsemble", ["X"], ["Y"], domain="ai.onnx.ml", n_targets=1, tree_roots=roots,
        nodes_modes=numpy_helper.from_array(np.zeros(len(roots), np.uint8)), nodes_featureids=[0] * len(roots),
        nodes_splits=tensor([0.5] * len(roots)), nodes_truenodeids=[0] * len(roots), nodes_trueleafs=[1] * len(roots),
        nodes_falsenodeids=[1] * len(roots), nodes_falseleafs=[1] * len(roots),
        leaf_targetids=[0, 0], leaf_weights=tensor([0.3, -0.3]), **more,
    )  # fmt: skip
    assert told(node)[0] == kind
