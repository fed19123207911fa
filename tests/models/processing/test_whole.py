"""A picture file goes into a small network from PyTorch, and a label comes out, as transformers and torch do it."""

import io
import json

import numpy as np
import pytest

from hpcfair_kg.models import infer
from hpcfair_kg.models.processing.pipeline import Pipeline

pytestmark = [
    pytest.mark.torch,
    pytest.mark.filterwarnings("ignore::DeprecationWarning"),  # the exporter says that it is the old one
]
torch = pytest.importorskip("torch", reason="torch comes with the extra `torch`")
transformers = pytest.importorskip("transformers", reason="transformers comes with the extra `transformers`")
PIL = pytest.importorskip("PIL.Image", reason="Pillow comes with the extra `image`")

LABELS = ["cat", "dog", "fish"]


def test_a_png_becomes_a_label(tmp_path):
    torch.manual_seed(7)
    network = torch.nn.Sequential(
        torch.nn.Conv2d(3, 4, 5, stride=4), torch.nn.ReLU(), torch.nn.AdaptiveAvgPool2d(1), torch.nn.Flatten(), torch.nn.Linear(4, 3)
    ).eval()  # fmt: skip
    torch.onnx.export(
        network, (torch.zeros(1, 3, 224, 224),), tmp_path / "cnn.onnx", dynamo=False, input_names=["pixel_values"],
        output_names=["logits"], dynamic_axes={"pixel_values": {0: "batch"}, "logits": {0: "batch"}},
    )  # fmt: skip
    theirs = transformers.CLIPImageProcessorPil()
    theirs.save_pretrained(tmp_path)
    (tmp_path / "config.json").write_text(json.dumps({"id2label": dict(enumerate(LABELS))}))
    pixels = np.random.default_rng(7).integers(0, 256, (300, 400, 3), dtype=np.uint8)
    packed = io.BytesIO()
    PIL.fromarray(pixels).save(packed, "PNG")

    session = infer.load(tmp_path / "cnn.onnx")
    pipeline = Pipeline.beside(tmp_path, *infer.signature(session))
    answer = pipeline.run(
        {"image": packed.getvalue()}, None, lambda fed, names: infer.run(session, fed, names)
    )

    with torch.inference_mode():
        seen = theirs(PIL.fromarray(pixels), return_tensors="pt")["pixel_values"]
        expected = network(seen).softmax(-1).numpy()
    assert answer["label"].tolist() == [LABELS[expected.argmax()]]
    np.testing.assert_allclose(answer["score"], expected.max(-1), rtol=1e-5)
