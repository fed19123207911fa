"""What ONNX graphs are made of: real ones of every class that is told, and ones that tell none."""

import importlib.util
import warnings

import numpy as np
import onnx
import pytest
from onnx import helper, numpy_helper

from hpcfair_kg.formats import anatomy
from hpcfair_kg.formats.architecture import Told

ATTENTION = """
    k = Transpose <perm = [0, 2, 1]> (x)
    scores = MatMul (x, k)
    scaled = Mul (scores, half)
    shares = Softmax <axis = -1> (scaled)
    seen = MatMul (shares, x)
"""


def parsed(body, more=""):
    """A graph from x [N, 4, 4] to y, with a weight `w` [4, 4], a kernel and a half at hand."""
    model = onnx.parser.parse_model(
        '<ir_version: 9, opset_import: ["" : 18, "ai.onnx.ml" : 3, "local" : 1]>'
        f"g (float[N, 4, 4] x) => (float[N, 4, 4] y) <float half = {{0.5}}> {{ {body} }} {more}"
    )
    held = {"w": np.eye(4), "v": np.eye(4) * 2, "kernel": np.ones((4, 4, 3))}
    model.graph.initializer.extend(
        numpy_helper.from_array(a.astype(np.float32), name) for name, a in held.items()
    )
    return model


class TestGraphs:
    def test_attention_is_a_product_of_values_that_weighs_others(self):
        assert anatomy.told(parsed(f"{ATTENTION} y = MatMul (seen, w)"), "m.onnx") == Told(
            "Transformer", "1 MatMul–Softmax–MatMul among 6 operators of m.onnx"
        )

    def test_an_operator_of_attention_is_one(self):
        fused = "y = com.microsoft.MultiHeadAttention <num_heads = 2> (x, x, x)"
        found = anatomy.told(parsed(fused), "m.onnx")
        assert found == Told("Transformer", "1 MultiHeadAttention among 1 operator of m.onnx")

    @pytest.mark.parametrize(
        ("cells", "kind", "facts"),
        [
            (["LSTM"], "LongShortTermMemory", "1 LSTM"),
            (["LSTM", "LSTM"], "LongShortTermMemory", "2 LSTM"),
            (["GRU"], "GatedRecurrentUnit", "1 GRU"),
            (["RNN"], "RecurrentNeuralNetwork", "1 RNN"),
            (["LSTM", "GRU"], "RecurrentNeuralNetwork", "1 LSTM and 1 GRU"),
        ],
    )
    def test_recurrent_cells(self, cells, kind, facts):
        body = " ".join(
            f"a{i} = {cell} <hidden_size = 4> (x, kernel, kernel)" for i, cell in enumerate(cells)
        )
        found = anatomy.told(parsed(f"{body} y = Relu (a0)"), "m.onnx")
        assert found == Told(kind, f"{facts} among {len(cells) + 1} operators of m.onnx")

    @pytest.mark.parametrize(
        "body",
        [
            f"c = Conv (x, kernel) {ATTENTION} y = Add (seen, c)",
            f"a = LSTM <hidden_size = 4> (x, kernel, kernel) {ATTENTION} y = Identity (seen)",
            "c = Conv (x, kernel) a = LSTM <hidden_size = 4> (c, kernel, kernel) y = Identity (c)",
            "a = Relu (x) b = Mul (a, half) y = Add (a, b)",
            "a = MatMul (x, w) s = Softmax (a) y = MatMul (s, v)",
            "a = MatMul (w, x) s = Softmax (a) y = MatMul (s, x)",
            "y = MatMul (x, w)",
            "y = Identity (x)",
        ],
        ids=["a convolution beside attention", "a recurrence beside attention", "a recurrence on convolutions",
             "elementwise only", "a softmax between two layers", "fixed queries", "one layer", "nothing"],
    )  # fmt: skip
    def test_what_could_be_several_things_is_none(self, body):
        assert anatomy.told(parsed(body), "m.onnx") is None

    def test_what_a_loop_repeats_is_not_guessed(self):
        loop = """
            most = Constant <value = int64 {3}> ()
            go = Constant <value = bool {1}> ()
            c = Conv (x, kernel)
            y = Loop (most, go, c) <body = step (int64 i, bool on, float[N, 4, 4] s) => (bool on2, float[N, 4, 4] s2) {
                on2 = Identity (on)
                p = MatMul (s, w)
                s2 = Tanh (p)
            }>
        """
        assert anatomy.told(parsed(loop), "m.onnx") is None

    def test_a_branch_is_looked_into(self):
        branch = """
            b = Constant <value = bool {1}> ()
            y = If (b) <then_branch = one () => (float[N, 4, 4] p) { p = Conv (x, kernel) },
                        else_branch = two () => (float[N, 4, 4] q) { q = Relu (x) }>
        """
        found = anatomy.told(parsed(branch), "m.onnx")
        assert found == Told("ConvolutionalNeuralNetwork", "1 Conv among 4 operators of m.onnx")

    def test_a_function_is_looked_into(self):
        function = '<domain: "local", opset_import: ["" : 18]> block (a) => (b) { b = Softmax (a) }'
        body = ATTENTION.replace("Softmax <axis = -1>", "local.block")
        model = parsed(f"{body} y = Identity (seen)", function)
        assert anatomy.told(model, "m.onnx") == Told(
            "Transformer", "1 MatMul–Softmax–MatMul among 6 operators of m.onnx"
        )
        assert anatomy.operators(model)["Softmax"] == 1

    def test_a_function_that_calls_itself_tells_nothing(self):
        function = '<domain: "local", opset_import: ["local" : 1]> block (a) => (b) { b = local.block (a) }'
        model = parsed("c = local.block (x) y = Conv (c, kernel)", function)
        assert anatomy.told(model, "m.onnx") is None
        assert anatomy.operators(model) == {"Conv": 1, "local.block": 1}


class TestOperators:
    def test_they_are_counted_by_name_in_inner_graphs_too(self):
        branch = """
            b = Constant <value = bool {1}> ()
            s = ai.onnx.ml.Scaler <scale = [1.0]> (x)
            y = If (b) <then_branch = one () => (float[N, 4, 4] p) { p = Relu (s) },
                        else_branch = two () => (float[N, 4, 4] q) { r = Relu (s) q = Neg (r) }>
        """
        counts = {"Constant": 1, "If": 1, "Neg": 1, "Relu": 2, "ai.onnx.ml.Scaler": 1}
        assert anatomy.operators(parsed(branch)) == counts

    def test_of_very_many_the_rarest_are_left_out(self):
        model = parsed("y = Identity (x)")
        model.graph.node.extend(
            helper.make_node(f"Odd{i}", ["x"], [f"o{i}"], domain="d" * 200) for i in range(500)
        )
        model.graph.node.extend(helper.make_node("Common", ["x"], [f"c{i}"], domain="d") for i in range(2))
        found = anatomy.operators(model)
        assert len(found) <= 200
        assert found["d.Common"] == 2
        assert max(map(len, found)) == 100


def sklearn_models():
    """Name, class, and how each estimator is made, for every class that scikit-learn has."""
    from sklearn import ensemble, linear_model, mixture, neural_network, svm, tree

    return {
        "tree": ("DecisionTree", tree.DecisionTreeClassifier()),
        "tree of a regression": ("DecisionTree", tree.DecisionTreeRegressor()),
        "forest": ("RandomForest", ensemble.RandomForestClassifier(5, random_state=0)),
        "extra trees": ("RandomForest", ensemble.ExtraTreesClassifier(5, random_state=0)),
        "forest of a regression, which is a sum like any": (None, ensemble.RandomForestRegressor(5)),
        "boosting": ("GradientBoosting", ensemble.GradientBoostingClassifier(n_estimators=3)),
        "boosting by histograms": ("GradientBoosting", ensemble.HistGradientBoostingRegressor(max_iter=3)),
        "trees in a bag": (None, ensemble.BaggingClassifier(n_estimators=3)),
        "adaptive boosting": (None, ensemble.AdaBoostClassifier(n_estimators=3)),
        "svm": ("SupportVectorMachine", svm.SVC(kernel="rbf")),
        "svm of a regression": ("SupportVectorMachine", svm.SVR()),
        "linear": ("LinearRegressionModel", linear_model.LinearRegression()),
        "logistic": ("LogisticRegressionModel", linear_model.LogisticRegression(max_iter=500)),
        "linear scores": (None, linear_model.RidgeClassifier()),
        "perceptron": ("MultilayerPerceptron", neural_network.MLPClassifier((6, 5), max_iter=5, random_state=0)),
        "mixture": (None, mixture.GaussianMixture(2)),
    }  # fmt: skip


@pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::FutureWarning")
def test_estimators_of_scikit_learn():
    skl2onnx = pytest.importorskip(
        "skl2onnx", reason="scikit-learn's converter is not installed: make sklearn"
    )
    from sklearn.base import is_classifier
    from sklearn.datasets import load_iris

    irises = load_iris()
    table = irises.data.astype("float32")
    wanted, found = {}, {}
    for name, (kind, estimator) in sklearn_models().items():
        with warnings.catch_warnings(action="ignore"):  # a few steps do not converge
            estimator.fit(table, irises.target)
        options = {"zipmap": False} if is_classifier(estimator) else None
        told = anatomy.told(skl2onnx.to_onnx(estimator, table[:1], options=options), "m.onnx")
        wanted[name], found[name] = kind, told and told.architecture
    assert found == wanted


@pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::FutureWarning", "ignore::UserWarning")
@pytest.mark.parametrize(("rounds", "kind"), [(1, None), (4, "GradientBoosting")])
def test_boosted_trees_of_xgboost(rounds, kind):
    xgboost = pytest.importorskip("xgboost", reason="XGBoost is not installed: make boosting")
    onnxmltools = pytest.importorskip("onnxmltools", reason="onnxmltools is not installed: make boosting")
    from onnxmltools.convert.common.data_types import FloatTensorType

    rng = np.random.default_rng(0)
    table = rng.standard_normal((80, 3)).astype("float32")
    booster = xgboost.XGBClassifier(n_estimators=rounds, max_depth=2).fit(table, table[:, 0] > 0)
    model = onnxmltools.convert_xgboost(booster, initial_types=[("X", FloatTensorType([None, 3]))])
    told = anatomy.told(model, "m.onnx")
    assert (told and told.architecture) == kind


def torch_modules():
    import torch
    from torch import nn

    class Last(nn.Module):
        def __init__(self, cell):
            super().__init__()
            self.cell, self.head = cell(4, 8, batch_first=True), nn.Linear(8, 2)

        def forward(self, x):
            return self.head(self.cell(x)[0][:, -1])

    class Patches(nn.Module):
        def __init__(self):
            super().__init__()
            self.cut = nn.Conv1d(4, 8, 2, 2)
            self.attend = nn.TransformerEncoderLayer(8, 2, 16, batch_first=True)

        def forward(self, x):
            return self.attend(self.cut(x.transpose(1, 2)).transpose(1, 2))

    rows, series, image = torch.zeros(2, 4), torch.zeros(2, 6, 4), torch.zeros(2, 3, 8, 8)
    return {
        "MultilayerPerceptron": (nn.Sequential(nn.Linear(4, 8), nn.LayerNorm(8), nn.GELU(), nn.Linear(8, 2)), rows),
        "ConvolutionalNeuralNetwork": (nn.Sequential(nn.Conv2d(3, 4, 3), nn.ReLU(), nn.Flatten(), nn.Linear(144, 2)), image),
        "LongShortTermMemory": (Last(nn.LSTM), series),
        "GatedRecurrentUnit": (Last(nn.GRU), series),
        "RecurrentNeuralNetwork": (Last(nn.RNN), series),
        "Transformer": (nn.TransformerEncoder(nn.TransformerEncoderLayer(8, 2, 16, batch_first=True), 2), torch.zeros(2, 5, 8)),
        None: (Patches(), series),
    }  # fmt: skip


@pytest.mark.torch
@pytest.mark.skipif(
    importlib.util.find_spec("torch") is None or importlib.util.find_spec("onnxscript") is None,
    reason="PyTorch is not installed (the extra `torch`)",
)
# PyTorch's exporters are deprecated in parts, and warn of all that they trace.
@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("dynamo", [True, False])
def test_modules_of_pytorch(tmp_path, dynamo):
    import torch

    wanted, found = {}, {}
    for kind, (module, example) in torch_modules().items():
        path = tmp_path / f"{kind}.onnx"
        torch.onnx.export(
            module.eval(), (example,), str(path), dynamo=dynamo, opset_version=18, verbose=False
        )
        told = anatomy.told(onnx.load(path), path.name)
        wanted[kind], found[kind] = kind, told and told.architecture
    if dynamo:  # this exporter unrolls it, which no operator tells any more
        wanted["RecurrentNeuralNetwork"] = None
    assert found == wanted
