"""Exported programs: read without PyTorch, converted by two exporters, and proved; wrong forms are caught."""

import importlib.util
import io
import json
import warnings
import zipfile

import numpy as np
import onnx
import pytest

from hpcfair_kg.artifact import TensorSpec
from hpcfair_kg.errors import CorruptFile
from hpcfair_kg.formats.base import Bundle
from hpcfair_kg.formats.pytorch import ModuleReference, Pt2, legacy
from hpcfair_kg.models.verify import prove

if importlib.util.find_spec("torch") is None:
    pytest.skip("PyTorch is not installed (the extra `torch`)", allow_module_level=True)

pytestmark = [
    pytest.mark.torch,
    # torch.export and both exporters use what PyTorch itself has deprecated, and warn of being traced.
    pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::FutureWarning", "ignore::UserWarning"),
    pytest.mark.filterwarnings("ignore::torch.jit.TracerWarning"),
]
PT2 = Pt2()


@pytest.fixture(scope="module")
def programs(tmp_path_factory):
    """A folder with a few small exported programs."""
    import torch
    from torch import nn
    from torch.export import Dim, export, save

    class Recurrent(nn.Module):
        def __init__(self):
            super().__init__()
            self.cell = nn.LSTM(4, 6, batch_first=True)

        def forward(self, x):
            return self.cell(x)[0]

    class Encoder(nn.Module):
        def __init__(self):
            super().__init__()
            self.table = nn.Embedding(20, 16)
            layer = nn.TransformerEncoderLayer(16, 2, 32, batch_first=True)
            self.layers = nn.TransformerEncoder(layer, 1, enable_nested_tensor=False)

        def forward(self, ids):
            return {"encoded": self.layers(self.table(ids))}

    class Mixed(nn.Module):
        def forward(self, x, y, scale=None):
            return x + y, {"double": x * 2, "rows": [x.sum(1)]}

    torch.manual_seed(0)
    batch, length = Dim("batch"), Dim("length")
    made = {
        "mlp": (
            nn.Sequential(nn.Linear(8, 5), nn.ReLU(), nn.Linear(5, 3)),
            (torch.randn(2, 8),),
            ({0: batch},),
        ),
        "lstm": (Recurrent(), (torch.randn(2, 5, 4),), ({0: batch},)),
        "encoder": (Encoder(), (torch.randint(0, 20, (2, 8)),), ({0: batch, 1: length},)),
        "mixed": (Mixed(), (torch.randn(2, 8), torch.randn(2, 8), None), ({0: batch}, {0: batch}, None)),
    }
    folder = tmp_path_factory.mktemp("pt2")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for name, (module, args, shapes) in made.items():
            save(export(module.eval(), args, dynamic_shapes=shapes), folder / f"{name}.pt2")
    return folder


def bundle(folder, name):
    return Bundle(folder, (name,))


def converted(folder, name, exporter, out, opset=18):
    files = bundle(folder, name)
    found = dict(PT2.exporters(files, (name,), opset))
    found[exporter](out)
    return prove(PT2.reference(files, (name,)), out, seed=7)


def test_read_without_pytorch(programs):
    files = bundle(programs, "mlp.pt2")
    assert PT2.claims(files) == ("mlp.pt2",)
    found = PT2.inspect(files, ("mlp.pt2",))
    assert found.inputs == (TensorSpec("input", "float32", ("batch", 8)),)
    assert found.outputs == (TensorSpec("output", "float32", ("batch", 3)),)
    assert (found.framework, found.architecture) == ("pytorch", "MultilayerPerceptron")
    assert found.by_names
    assert found.evidence == "2 dense layers, relu and no others among the operators of mlp.pt2"
    assert found.parameters == 8 * 5 + 5 + 5 * 3 + 3
    assert found.notes[0].startswith("saved by PyTorch 2.")


def test_outputs_have_their_keys_and_fixed_arguments_are_told(programs):
    found = PT2.inspect(bundle(programs, "mixed.pt2"), ("mixed.pt2",))
    assert [spec.name for spec in found.inputs] == ["x", "y"]
    assert [spec.name for spec in found.outputs] == ["output_0", "double", "rows_0"]
    assert found.notes[1] == "fixed when it was exported: scale"


@pytest.mark.parametrize("name", ["mlp", "lstm", "encoder", "mixed"])
def test_dynamo_is_proved_under_the_names_of_the_original(programs, tmp_path, name):
    out = tmp_path / "model.onnx"
    verdict = converted(programs, f"{name}.pt2", "dynamo", out)
    assert verdict.outcome == "equal", verdict.reason
    assert verdict.normalised < 1e-5
    signature = PT2.inspect(bundle(programs, f"{name}.pt2"), (f"{name}.pt2",))
    graph = onnx.load(out).graph
    assert [value.name for value in graph.input] == [spec.name for spec in signature.inputs]
    assert [value.name for value in graph.output] == [spec.name for spec in signature.outputs]
    assert graph.input[0].type.tensor_type.shape.dim[0].dim_param == "batch"


def test_the_ladder_begins_with_dynamo(programs):
    ladder = PT2.exporters(bundle(programs, "mlp.pt2"), ("mlp.pt2",), 18)
    assert [name for name, _ in ladder] == ["dynamo", "legacy"]


@pytest.mark.parametrize(
    ("exporter", "asked", "made"), [("dynamo", 10, 18), ("dynamo", 20, 20), ("legacy", 10, 10)]
)
def test_the_nearest_opset_that_the_exporter_makes(programs, tmp_path, exporter, asked, made):
    verdict = converted(programs, "mlp.pt2", exporter, tmp_path / "model.onnx", asked)
    assert (verdict.outcome, verdict.opset) == ("equal", made)


def test_the_tables_bound_the_indices(programs):
    reference = PT2.reference(bundle(programs, "encoder.pt2"), ("encoder.pt2",))
    assert reference.bounds == {"ids": 20}


def test_a_transformer_by_the_legacy_exporter_is_caught_at_another_length(programs, tmp_path):
    out = tmp_path / "model.onnx"
    verdict = converted(programs, "encoder.pt2", "legacy", out)
    onnx.checker.check_model(str(out), full_check=True)
    assert verdict.outcome == "different"
    assert "the original runs and the form does not" in verdict.reason


def test_a_branch_baked_by_the_legacy_exporter_is_caught(tmp_path):
    import torch

    class Branch(torch.nn.Module):
        def forward(self, x):
            return x * 2 if x.sum() > 0 else x - 1

    inputs, outputs = TensorSpec("x", "float32", ("batch", 4)), TensorSpec("y", "float32", ("batch", 4))
    legacy(Branch(), (torch.ones(2, 4),), (inputs,), (outputs,), 18, tmp_path / "model.onnx")

    reference = ModuleReference(lambda x: (Branch()(x),), (inputs,), ("y",))
    verdict = prove(reference, tmp_path / "model.onnx", seed=7)
    assert verdict.outcome == "different"
    assert verdict.normalised > 0.1
    assert "off by" in verdict.reason


def test_a_checkpoint_without_code_is_not_claimed(tmp_path):
    import torch

    torch.save(torch.nn.Linear(2, 2).state_dict(), tmp_path / "weights.pt2")
    assert PT2.claims(bundle(tmp_path, "weights.pt2")) == ()


def test_cut_off(programs, tmp_path):
    data = (programs / "mlp.pt2").read_bytes()
    (tmp_path / "cut.pt2").write_bytes(data[: len(data) // 2])
    with pytest.raises(CorruptFile, match="cut off after"):
        PT2.claims(bundle(tmp_path, "cut.pt2"))


def test_more_declared_than_there(programs, tmp_path):
    path = tmp_path / "huge.pt2"
    rewritten(programs / "mlp.pt2", path, "model_weights_config.json", enlarged)
    with pytest.raises(CorruptFile, match="is declared with 3200000000 bytes"):
        PT2.inspect(bundle(tmp_path, "huge.pt2"), ("huge.pt2",))


def enlarged(document):
    meta = document["config"]["0.weight"]["tensor_meta"]
    meta["sizes"], meta["strides"] = [{"as_int": 100_000_000}, {"as_int": 8}], [{"as_int": 8}, {"as_int": 1}]
    return document


def rewritten(source, target, ending, change):
    """Copy an archive with one JSON member changed."""
    with zipfile.ZipFile(source) as old, zipfile.ZipFile(target, "w") as new:
        for member in old.infolist():
            data = old.read(member)
            if member.filename.endswith(ending):
                data = json.dumps(change(json.loads(data))).encode()
            new.writestr(member.filename, data)


class Bomb:
    """Leaves a file behind when it is unpickled."""

    def __init__(self, path):
        self.path = path

    def __reduce__(self):
        return (open, (str(self.path), "w"))


def test_code_in_an_archive_is_not_run(programs, tmp_path):
    import torch

    mark, path = tmp_path / "ran", tmp_path / "hostile.pt2"
    pickled = io.BytesIO()
    torch.save((Bomb(mark),), pickled)
    guard = f"__import__('pathlib').Path({str(mark)!r}).touch()"
    with zipfile.ZipFile(programs / "mlp.pt2") as old, zipfile.ZipFile(path, "w") as new:
        for member in old.infolist():
            data = old.read(member)
            if "/sample_inputs/" in member.filename:
                data = pickled.getvalue()
            if member.filename.endswith("/models/model.json"):
                data = json.dumps(json.loads(data) | {"guards_code": [guard]}).encode()
            new.writestr(member.filename, data)
    reference = PT2.reference(bundle(tmp_path, "hostile.pt2"), ("hostile.pt2",))
    (output,) = reference({"input": np.ones((2, 8), np.float32)})
    assert output.shape == (2, 3)
    assert not mark.exists()
