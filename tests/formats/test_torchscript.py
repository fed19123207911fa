"""TorchScript: inputs are found by trying, the legacy exporter converts, what cannot is said readably."""

import importlib.util
import warnings

import numpy as np
import onnx
import pytest

from hpcfair_kg.artifact import TensorSpec
from hpcfair_kg.errors import CorruptFile
from hpcfair_kg.formats.base import Bundle
from hpcfair_kg.formats.torchscript import TorchScript
from hpcfair_kg.models.verify import prove

if importlib.util.find_spec("torch") is None:
    pytest.skip("PyTorch is not installed (the extra `torch`)", allow_module_level=True)

pytestmark = [
    pytest.mark.torch,
    # TorchScript as a whole is deprecated by PyTorch, and the tracer warns of much.
    pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::FutureWarning", "ignore::UserWarning"),
    pytest.mark.filterwarnings("ignore::torch.jit.TracerWarning"),
]
SCRIPT = TorchScript()


@pytest.fixture(scope="module")
def modules():
    """Small modules by name, each with an example of its input."""
    import torch
    from torch import nn

    class Image(nn.Module):
        def __init__(self):
            super().__init__()
            layers = nn.Conv2d(3, 4, 3, padding=1), nn.BatchNorm2d(4), nn.ReLU(), nn.AdaptiveAvgPool2d(1)
            self.layers = nn.Sequential(*layers, nn.Flatten(), nn.Linear(4, 2))

        def forward(self, image):
            return {"logits": self.layers(image)}

    class Recurrent(nn.Module):
        def __init__(self, kind):
            super().__init__()
            self.cell = kind(4, 6, batch_first=True)

        def forward(self, x):
            return self.cell(x)[0]

    class Words(nn.Module):
        def __init__(self):
            super().__init__()
            self.table = nn.Embedding(11, 4)

        def forward(self, ids):
            return self.table(ids).mean(1)

    class Branch(nn.Module):
        def forward(self, x):
            if bool(x.sum() > 0):
                return x * 2
            return x - 1

    torch.manual_seed(0)
    return {
        "mlp": (nn.Sequential(nn.Linear(8, 5), nn.ReLU(), nn.Linear(5, 3)), torch.randn(2, 8)),
        "cnn": (Image(), torch.randn(2, 3, 8, 8)),
        "lstm": (Recurrent(nn.LSTM), torch.randn(2, 8, 4)),
        "gru": (Recurrent(nn.GRU), torch.randn(2, 8, 4)),
        "words": (Words(), torch.randint(0, 11, (2, 8))),
        "branch": (Branch(), torch.ones(2, 8)),
    }


def saved(modules, name, kind, path):
    import torch

    module, example = modules[name]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        made = (
            torch.jit.script(module.eval())
            if kind == "script"
            else torch.jit.trace(module.eval(), example, strict=False)
        )
    made.save(path)
    return Bundle(path.parent, (path.name,))


def converted(files, out):
    ((name, export),) = SCRIPT.exporters(files, files.names, 18)
    assert name == "legacy"
    export(out)
    return prove(SCRIPT.reference(files, files.names), out, seed=7)


SHAPES = {
    "mlp": ("input", ("batch", 8)),
    "cnn": ("image", ("batch", 3, "height", "width")),
    "lstm": ("x", ("batch", "length", 4)),
    "gru": ("x", ("batch", "length", 4)),
    "words": ("ids", ("batch", "length")),
}


@pytest.mark.parametrize("kind", ["script", "trace"])
@pytest.mark.parametrize("name", list(SHAPES))
def test_inputs_are_found_and_the_form_is_equal(modules, tmp_path, name, kind):
    files = saved(modules, name, kind, tmp_path / "model.pt")
    assert SCRIPT.claims(files) == ("model.pt",)
    verdict = converted(files, tmp_path / "model.onnx")
    assert verdict.outcome == "equal", verdict.reason
    value = onnx.load(tmp_path / "model.onnx").graph.input[0]
    found = tuple(d.dim_param or d.dim_value for d in value.type.tensor_type.shape.dim)
    assert (value.name, found) == SHAPES[name]
    assert len({shape[0] for shape in verdict.shapes}) >= 3


def test_keys_name_the_outputs(modules, tmp_path):
    reference = SCRIPT.reference(saved(modules, "cnn", "script", tmp_path / "model.pt"), ("model.pt",))
    assert reference.outputs == ("logits",)


def test_a_scripted_branch_stays_a_branch(modules, tmp_path):
    files = saved(modules, "branch", "script", tmp_path / "model.pt")
    assert converted(files, tmp_path / "model.onnx").outcome == "equal"
    assert "If" in {node.op_type for node in onnx.load(tmp_path / "model.onnx").graph.node}


def test_indices_are_bounded_by_the_table(modules, tmp_path):
    reference = SCRIPT.reference(saved(modules, "words", "script", tmp_path / "model.pt"), ("model.pt",))
    assert reference.bounds == {"ids": 11}


@pytest.mark.parametrize(
    ("name", "architecture"),
    [("mlp", None), ("cnn", "ConvolutionalNeuralNetwork"), ("lstm", "LongShortTermMemory")],
)
def test_inspected_without_pytorch(modules, tmp_path, name, architecture):
    files = saved(modules, name, "script", tmp_path / "model.pt")
    found = SCRIPT.inspect(files, files.names)
    assert (found.framework, found.architecture) == ("pytorch", architecture)


def test_what_no_trial_finds_is_found_in_the_samples(tmp_path):
    import torch

    class Odd(torch.nn.Module):
        def forward(self, a, b):
            return a.reshape(-1, 7) @ b.reshape(7, 3)

    torch.jit.script(Odd()).save(tmp_path / "model.pt")
    alone = Bundle(tmp_path, ("model.pt",))
    with pytest.raises(ValueError, match=r"no input tried for \(a, b\) ran: upload a sample.npz"):
        SCRIPT.reference(alone, ("model.pt",))
    np.savez(tmp_path / "sample.npz", a=np.ones((2, 7), np.float32), b=np.ones((7, 3), np.float32))
    reference = SCRIPT.reference(Bundle(tmp_path, ("model.pt", "sample.npz")), ("model.pt",))
    assert reference.inputs == (
        TensorSpec("a", "float32", ("batch", 7)),
        TensorSpec("b", "float32", (7, 3)),
    )


def test_an_argument_that_is_no_tensor_is_said(tmp_path):
    import torch

    class Rated(torch.nn.Module):
        def forward(self, x, rate: int):
            return x * rate

    torch.jit.script(Rated()).save(tmp_path / "model.pt")
    with pytest.raises(ValueError, match="takes rate: int, which is no tensor"):
        SCRIPT.reference(Bundle(tmp_path, ("model.pt",)), ("model.pt",))


def test_a_checkpoint_is_not_claimed(tmp_path):
    import torch

    torch.save(torch.nn.Linear(2, 2).state_dict(), tmp_path / "weights.pt")
    assert SCRIPT.claims(Bundle(tmp_path, ("weights.pt",))) == ()


def test_cut_off(modules, tmp_path):
    saved(modules, "mlp", "script", tmp_path / "model.pt")
    data = (tmp_path / "model.pt").read_bytes()
    (tmp_path / "model.pt").write_bytes(data[: len(data) // 2])
    with pytest.raises(CorruptFile, match="cut off"):
        SCRIPT.claims(Bundle(tmp_path, ("model.pt",)))
