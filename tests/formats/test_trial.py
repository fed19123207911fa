"""Finding what a module takes by asking it."""

import importlib.util

import pytest

from hpcfair_kg.formats.base import Bundle
from hpcfair_kg.formats.trial import resized, runs, trial

if importlib.util.find_spec("torch") is None:
    pytest.skip("PyTorch is not installed (the extra `torch`)", allow_module_level=True)

pytestmark = [
    pytest.mark.torch,
    # TorchScript as a whole is deprecated by PyTorch.
    pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::FutureWarning"),
]


def test_resized_together():
    import torch

    a, b = resized((torch.arange(6).reshape(2, 3), torch.ones(2, 3)), [(0, 0), (1, 0)], 5)
    assert a.tolist() == [[0, 1, 2], [3, 4, 5], [0, 1, 2], [3, 4, 5], [0, 1, 2]]
    assert b.shape == (5, 3)


def test_a_refusal_is_an_answer():
    import torch

    layer = torch.nn.Linear(4, 2)
    assert runs(layer, [torch.ones(3, 4)])
    assert not runs(layer, [torch.ones(3, 5)])


def test_inputs_that_must_vary_together(tmp_path):
    import torch

    class Product(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.layer = torch.nn.Linear(4, 2)

        def forward(self, a, b):
            return self.layer(a) * self.layer(b).sum(-1, keepdim=True)

    module = torch.jit.script(Product())
    found = trial(module, ["a", "b"], Bundle(tmp_path, ()))
    assert [spec.shape for spec in found.inputs] == [("batch", 4), ("batch", 4)]
    assert found.bounds == {}
