"""Encoders in safetensors, with their configuration and without."""

import importlib.util
import json

import numpy as np
import onnx
import pytest

from hpcfair_kg.errors import CorruptFile, UnknownFormat
from hpcfair_kg.formats.base import Bundle
from hpcfair_kg.formats.transformers import Safetensors
from hpcfair_kg.models.verify import prove

FORMAT = Safetensors()
needs = pytest.mark.skipif(
    any(importlib.util.find_spec(name) is None for name in FORMAT.needs),
    reason="transformers, PyTorch and safetensors are not installed (the extra `transformers`)",
)


def tensors(path, **arrays):
    """Write a safetensors file by hand: header, then the data."""
    header, data = {}, b""
    for name, array in arrays.items():
        end = len(data) + array.nbytes
        header[name] = {"dtype": "F32", "shape": list(array.shape), "data_offsets": [len(data), end]}
        data += array.tobytes()
    text = json.dumps(header).encode()
    path.write_bytes(len(text).to_bytes(8, "little") + text + data)


def test_weights_alone_are_counted_and_told_what_they_lack(tmp_path):
    tensors(tmp_path / "w.safetensors", a=np.zeros((3, 4), np.float32), b=np.zeros(5, np.float32))
    files = Bundle(tmp_path, ("w.safetensors",))
    assert FORMAT.claims(files) == ("w.safetensors",)
    found = FORMAT.inspect(files, files.names)
    assert (found.parameters, found.framework, found.inputs) == (17, None, ())
    assert FORMAT.advise(files, files.names).startswith("safetensors hold weights and no architecture")
    with pytest.raises(UnknownFormat, match="weights and no architecture"):
        FORMAT.reference(files, files.names)


def test_an_architecture_that_is_not_known_is_named(tmp_path):
    tensors(tmp_path / "m.safetensors", a=np.zeros(2, np.float32))
    (tmp_path / "config.json").write_text('{"model_type": "llama"}')
    files = Bundle(tmp_path, ("config.json", "m.safetensors"))
    claimed = FORMAT.claims(files)
    assert set(claimed) == {"config.json", "m.safetensors"}
    assert FORMAT.inspect(files, claimed).framework == "transformers"
    assert "'llama' is not converted here (there are: albert, bert," in FORMAT.advise(files, claimed)


@pytest.mark.parametrize("cut", [20, -4])
def test_cut_off(tmp_path, cut):
    tensors(tmp_path / "w.safetensors", a=np.zeros((3, 4), np.float32))
    data = (tmp_path / "w.safetensors").read_bytes()
    (tmp_path / "w.safetensors").write_bytes(data[:cut])
    with pytest.raises(CorruptFile, match=r"cannot be read|declares"):
        FORMAT.claims(Bundle(tmp_path, ("w.safetensors",)))


def test_a_number_at_the_head_is_not_enough(tmp_path):
    (tmp_path / "x.bin").write_bytes((64).to_bytes(8, "little") + b"\0" * 64)
    assert FORMAT.claims(Bundle(tmp_path, ("x.bin",))) == ()


@pytest.fixture(scope="module")
def encoders(tmp_path_factory):
    """A folder with tiny encoders as transformers saves them."""
    import torch
    from transformers import BertConfig, BertForSequenceClassification, BertModel, RobertaConfig, RobertaModel

    torch.manual_seed(0)
    sizes = {
        "vocab_size": 50,
        "hidden_size": 16,
        "num_hidden_layers": 1,
        "num_attention_heads": 2,
        "intermediate_size": 32,
        "max_position_embeddings": 40,
    }
    folder = tmp_path_factory.mktemp("encoders")
    BertModel(BertConfig(**sizes)).save_pretrained(folder / "bert")
    BertModel(BertConfig(**sizes), add_pooling_layer=False).save_pretrained(folder / "unpooled")
    BertForSequenceClassification(BertConfig(**sizes)).save_pretrained(folder / "classes")
    RobertaModel(RobertaConfig(**sizes, type_vocab_size=1)).save_pretrained(folder / "roberta")
    config = json.loads((folder / "bert/config.json").read_text())
    (folder / "renamed").mkdir()
    (folder / "renamed/model.safetensors").write_bytes((folder / "bert/model.safetensors").read_bytes())
    wrong = config | {"architectures": ["BertForSequenceClassification"]}
    (folder / "renamed/config.json").write_text(json.dumps(wrong))
    return folder


def bundle(folder):
    return Bundle(folder, ("config.json", "model.safetensors"))


@needs
@pytest.mark.torch
# PyTorch's older exporter is deprecated, and warns of all that it traces.
@pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::FutureWarning", "ignore::UserWarning")
class TestEncoders:
    @pytest.mark.filterwarnings("ignore::torch.jit.TracerWarning")
    @pytest.mark.parametrize(
        ("name", "inputs", "outputs"),
        [
            (
                "bert",
                ["input_ids", "attention_mask", "token_type_ids"],
                ["last_hidden_state", "pooler_output"],
            ),
            ("unpooled", ["input_ids", "attention_mask", "token_type_ids"], ["last_hidden_state"]),
            ("classes", ["input_ids", "attention_mask", "token_type_ids"], ["logits"]),
            ("roberta", ["input_ids", "attention_mask"], ["last_hidden_state", "pooler_output"]),
        ],
    )
    def test_converted_and_proved(self, encoders, tmp_path, name, inputs, outputs):
        files = bundle(encoders / name)
        claimed = FORMAT.claims(files)
        assert FORMAT.advise(files, claimed) is None
        (_, export), *_ = FORMAT.exporters(files, claimed, 18)
        export(tmp_path / "model.onnx")
        reference = FORMAT.reference(files, claimed)
        verdict = prove(reference, tmp_path / "model.onnx", seed=7)
        assert verdict.outcome == "equal", verdict.reason
        assert len({shape[1] for shape in verdict.shapes}) >= 3
        graph = onnx.load(tmp_path / "model.onnx").graph
        assert [value.name for value in graph.input] == inputs
        assert [value.name for value in graph.output] == outputs

    def test_limits_come_from_the_configuration(self, encoders):
        reference = FORMAT.reference(bundle(encoders / "roberta"), ("model.safetensors", "config.json"))
        assert reference.bounds == {"input_ids": 50, "attention_mask": 2}
        assert reference.ranges == {"sequence": (1, 38)}, "two positions are the padding's"

    def test_a_mask_of_nothing_is_not_asked(self, encoders):
        reference = FORMAT.reference(bundle(encoders / "roberta"), ("model.safetensors", "config.json"))
        feeds = {name: np.ones((2, 4), np.int64) for name in ("input_ids", "attention_mask")}
        assert len(reference(feeds)) == 2
        feeds["attention_mask"][1] = 0
        with pytest.raises(ValueError, match="attends to no token"):
            reference(feeds)

    def test_weights_that_would_be_random_are_refused(self, encoders):
        files = bundle(encoders / "renamed")
        with pytest.raises(UnknownFormat, match=r"lack classifier.bias, classifier.weight"):
            FORMAT.reference(files, FORMAT.claims(files))

    def test_hyperparameters_and_parameters(self, encoders):
        files = bundle(encoders / "bert")
        found = FORMAT.inspect(files, FORMAT.claims(files))
        assert (found.framework, found.architecture) == ("transformers", "Encoder")
        assert (found.evidence, found.by_names) == ("model_type bert in config.json", False)
        assert found.hyperparameters_from == "config.json"
        assert found.hyperparameters["hidden_size"] == 16
        assert found.parameters > 50 * 16
        assert [spec.shape for spec in found.inputs] == [("batch", "sequence")] * 3
