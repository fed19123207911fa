import sys
import textwrap

import numpy as np
import pytest

from hpcfair_kg.api.export import export
from hpcfair_kg.errors import InvalidConfig, NotRunnable, UnknownFormat
from hpcfair_kg.models import infer

TORCH = pytest.mark.torch


@pytest.fixture
def author(tmp_path, monkeypatch):
    """A folder with the author's module in it, as the current one."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", [p for p in sys.path if p != str(tmp_path)])

    def write(code):
        name = f"mine_{abs(hash(code))}"
        (tmp_path / f"{name}.py").write_text(textwrap.dedent(code))
        return name

    return write


MLP = """
    import torch
    class Net(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.layer = torch.nn.Linear(13, 3)
            self.drop = torch.nn.Dropout()
        def forward(self, x):
            return self.drop(torch.relu(self.layer(x)))
    net = Net()
"""

GRU = """
    import torch
    class Net(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.gru = torch.nn.GRU(4, 8, batch_first=True)
        def forward(self, x):
            memory, state = self.gru(x)
            return {"memory": memory, "state": state[0]}
"""

BRANCH = """
    import torch
    class Net(torch.nn.Module):
        def forward(self, x):
            return x * 2 if x.sum() > 0 else x - 3
"""


@TORCH
@pytest.mark.parametrize("shape", ["batch,13", "1,13", "13,13"])
def test_a_module_becomes_pt2_with_a_batch_that_varies(author, shape):
    torch = pytest.importorskip("torch", reason="needs PyTorch")
    made = export(f"{author(MLP)}:Net", shapes=[shape])
    assert (made.path.name, made.format) == ("Net.pt2", "pt2")
    module = torch.export.load(made.path).module()
    assert module(torch.zeros(4, 13)).shape == (4, 3)
    x = torch.ones(6, 13)
    assert torch.equal(module(x), module(x)), "dropout is off"


@TORCH
def test_an_instance_will_do_and_a_file_of_samples(author, tmp_path):
    pytest.importorskip("torch", reason="needs PyTorch")
    np.savez(tmp_path / "in.npz", x=np.ones((2, 13)))
    made = export(f"{author(MLP)}:net", tmp_path / "out.pt2", sample=tmp_path / "in.npz")
    assert made.path.is_file()


@TORCH
def test_a_recurrent_network_with_free_time_becomes_onnx_proved_equal(author):
    torch = pytest.importorskip("torch", reason="needs PyTorch")
    made = export(f"{author(GRU)}:Net", shapes=["batch,time,4"])
    assert (made.path.name, made.format) == ("Net.onnx", "onnx")
    assert "equal to the module" in made.notes[1]
    inputs, outputs = infer.signature(made.path)
    assert inputs[0].shape == ("batch", "time", 4)
    assert [spec.shape for spec in outputs] == [("batch", "time", 8), ("batch", 8)]
    assert torch.no_grad


@TORCH
def test_a_branch_that_the_exporter_bakes_in_is_refused(author, tmp_path):
    pytest.importorskip("torch", reason="needs PyTorch")
    with pytest.raises(NotRunnable, match="differs from it"):
        export(f"{author(BRANCH)}:Net", shapes=["batch,4"])
    assert not list(tmp_path.glob("*.onnx"))


@TORCH
@pytest.mark.parametrize(
    ("shapes", "said"),
    [
        ([], "give --shape for each of x"),
        (["batch,"], "--shape 'batch,' is none"),
        (["int99:batch,3"], "is none"),
    ],
)
def test_shapes_that_are_missing_or_none(author, shapes, said):
    pytest.importorskip("torch", reason="needs PyTorch")
    with pytest.raises(InvalidConfig, match=said):
        export(f"{author(MLP)}:Net", shapes=shapes)


@pytest.mark.tensorflow
@pytest.mark.filterwarnings("ignore:__array__ implementation doesn't accept a copy:DeprecationWarning")
def test_a_keras_model_becomes_keras_and_one_with_a_lambda_a_saved_model(author, tmp_path):
    keras = pytest.importorskip("keras", reason="needs TensorFlow")
    module = author("""
        import keras
        def dense():
            return keras.Sequential([keras.Input((4,)), keras.layers.Dense(2)])
        def twice():
            return keras.Sequential([keras.Input((4,)), keras.layers.Lambda(lambda x: x * 2)])
    """)
    made = export(f"{module}:dense")
    assert (made.path.name, made.format) == ("dense.keras", "keras")
    assert keras.saving.load_model(made.path).output_shape == (None, 2)
    made = export(f"{module}:twice", tmp_path / "saved")
    assert made.format == "saved-model"
    assert (made.path / "saved_model.pb").is_file()


def test_an_estimator_becomes_skops(author):
    skops = pytest.importorskip("skops.io", reason="needs skops")
    module = author("""
        from sklearn.linear_model import LinearRegression
        def fitted():
            return LinearRegression().fit([[0.0], [1.0]], [0.0, 2.0])
    """)
    made = export(f"{module}:fitted")
    assert (made.path.name, made.format) == ("fitted.skops", "skops")
    assert skops.load(made.path).predict([[3.0]])[0] == pytest.approx(6)


@pytest.mark.parametrize(
    ("target", "kind", "said"),
    [
        ("no_such_module_here:f", InvalidConfig, "No module named"),
        ("{m}:missing", InvalidConfig, "missing"),
        ("{m}:number", InvalidConfig, "is a int; it should be a function or class"),
        ("{m}:text", UnknownFormat, r"returns a builtins\.str"),
        ("{m}", InvalidConfig, "is no MODULE:CALLABLE"),
    ],
)
def test_what_cannot_be_exported_says_what_would_be_right(author, target, kind, said):
    module = author("number = 3\ndef text(): return 'x'\n")
    with pytest.raises(kind, match=said):
        export(target.format(m=module))


@TORCH
def test_shapes_that_the_module_does_not_take(author):
    name = author(MLP)
    with pytest.raises(NotRunnable, match=r"Net, called with x \[3, 12\], raised RuntimeError: .*line \d+\)"):
        export(f"{name}:Net", shapes=["batch,12"])


def test_an_error_of_the_author_is_named_with_its_line(author):
    name = author("def build():\n    raise RuntimeError('my bug')\n")
    with pytest.raises(NotRunnable, match=rf"raised RuntimeError: my bug \({name}.py, line 2\)"):
        export(f"{name}:build")
