"""Models that others published, converted in the sandbox and compared with what their authors made."""

import numpy as np
import pytest

from examples.catalogue.fetch import CannotFetch, catalogue, prepare
from hpcfair_kg import Client
from hpcfair_kg.backends.work.processes import Processes
from hpcfair_kg.models import infer
from hpcfair_kg.models.processing.pipeline import Pipeline
from tests.benchmarks.real_models import convert

pytestmark = pytest.mark.real
ENTRIES = {entry.name: entry for entry in catalogue()}
MODELS = [name for name, entry in ENTRIES.items() if entry.make != "wine_table"]
NOT_CONVERTIBLE = {"silero-vad-torchscript"}
PUBLISHED_AS_ONNX = {"magika", "silero-vad", "basic-pitch-onnx", "macrel"}


@pytest.fixture(scope="module")
def outcome(tmp_path_factory):
    """Convert a model once, however many tests look at it."""
    work = Processes(tmp_path_factory.mktemp("work"))
    kept = {}

    def once(name):
        entry = ENTRIES[name]
        if entry.lacks:
            pytest.skip(f"{name} needs {', '.join(entry.lacks)}")
        if name not in kept:
            try:
                kept[name] = convert(work, entry, tmp_path_factory.mktemp("out") / name)
            except CannotFetch as exc:
                pytest.skip(str(exc))
        return kept[name]

    yield once
    for result in kept.values():
        print(result.row)
    work.close()


def run(outcome, **feeds):
    return list(infer.run(infer.load(outcome.onnx), feeds).values())


@pytest.mark.parametrize("name", [name for name in MODELS if name not in NOT_CONVERTIBLE | PUBLISHED_AS_ONNX])
def test_its_onnx_form_equals_it(outcome, name):
    result = outcome(name)
    assert result.answer["status"] == "ready", result.row
    assert result.verdict.outcome == "equal"
    assert result.verdict.normalised < 1e-4
    assert len({shape[0] for shape in result.verdict.shapes if shape}) >= 3


@pytest.mark.parametrize("name", sorted(PUBLISHED_AS_ONNX))
def test_what_came_as_onnx_runs_as_it_declares(outcome, name):
    result = outcome(name)
    assert (result.answer["status"], result.verdict.outcome) == ("ready", "consistent"), result.row


def test_a_checker_complaint_on_a_model_that_runs_is_a_note(outcome):
    assert any("value_info" in note for note in outcome("macrel").answer["notes"])


def test_silero_s_torchscript_is_kept_with_a_reason_that_can_be_read(outcome):
    answer = outcome("silero-vad-torchscript").answer
    assert answer["status"] == "not-convertible"
    assert len(answer["reason"].split()) > 5
    assert "Traceback" not in answer["reason"]
    assert len(answer["reason"]) <= 2048


@pytest.mark.parametrize(("net", "size"), [("pnet", (41, 36)), ("rnet", (24, 24)), ("onet", (48, 48))])
def test_mtcnn_from_pytorch_and_from_keras_is_one_net_to_the_last_bit(outcome, net, size):
    first, second = outcome(f"mtcnn-{net}"), outcome(f"mtcnn-{net}-keras")
    image = np.random.default_rng(7).normal(size=(3, 3, *size)).astype("float32")
    ours = run(first, image=image)
    theirs = run(second, image=image.transpose(0, 2, 3, 1))
    assert len(ours) == len(theirs) == (3 if net == "onet" else 2)
    for one, other in zip(ours, theirs, strict=True):
        np.testing.assert_array_equal(one, other.transpose(0, 3, 1, 2) if other.ndim == 4 else other)


def test_basic_pitch_equals_its_authors_own_onnx(outcome):
    seconds = np.arange(43844) / 22050
    tones = [np.sin(2 * np.pi * pitch * seconds) for pitch in (261.6, 329.6, 392.0)]
    noise = np.random.default_rng(7).normal(size=43844)
    sound = np.stack([0.2 * sum(tones), noise]).astype("float32")[..., None]
    ours, theirs = outcome("basic-pitch"), outcome("basic-pitch-onnx")
    (name,) = (tensor["name"] for tensor in ours.answer["inputs"])
    made = infer.run(infer.load(ours.onnx), {name: sound})
    given = infer.run(infer.load(theirs.onnx), {"serving_default_input_2:0": sound})
    for position, output in enumerate(("contour", "note", "onset")):
        other = given[f"StatefulPartitionedCall:{position}"]
        assert np.abs(made[output] - other).max() / np.abs(other).max() < 1e-6


def test_minilm_varies_in_length_too(outcome):
    shapes = outcome("minilm").verdict.shapes
    assert len({shape[1] for shape in shapes}) >= 3


SENTENCES = ["A sentence about pottery.", "Crème brûlée, déjà vu; 你好!", "", "word " * 400]


def test_minilm_takes_sentences_as_its_authors_do(outcome):
    result, folder = outcome("minilm"), prepare(ENTRIES["minilm"])
    inputs, outputs = infer.signature(session := infer.load(result.onnx))
    pipeline = Pipeline.beside(folder, inputs, outputs)
    made = pipeline.run({"text": SENTENCES}, None, lambda fed, names: infer.run(session, fed, names))
    transformers = pytest.importorskip(
        "transformers", reason="transformers comes with the extra `transformers`"
    )
    torch = pytest.importorskip("torch", reason="torch comes with the extra `torch`")
    tokenizer = transformers.AutoTokenizer.from_pretrained(folder)
    tokens = tokenizer(SENTENCES, padding=True, truncation=True, max_length=256, return_tensors="pt")
    fed = pipeline.before({"text": SENTENCES})
    for name, expected in tokens.items():
        np.testing.assert_array_equal(fed[name], expected.numpy())
    with torch.inference_mode():
        states = transformers.AutoModel.from_pretrained(folder).eval()(**tokens).last_hidden_state
    mask = tokens["attention_mask"].unsqueeze(-1).float()
    mean = (states * mask).sum(1) / mask.sum(1).clamp(min=1e-9)
    expected = torch.nn.functional.normalize(mean, dim=1).numpy()
    assert made["sentence_embedding"].shape == (4, 384)
    np.testing.assert_allclose(made["sentence_embedding"], expected, rtol=0, atol=1e-6)


def test_minilm_takes_sentences_over_a_service(outcome, live):
    result, folder = outcome("minilm"), prepare(ENTRIES["minilm"])
    session = infer.load(result.onnx)
    here = Pipeline.beside(folder, *infer.signature(session))
    expected = here.run({"text": SENTENCES}, None, lambda fed, names: infer.run(session, fed, names))
    with Client(live.url, live.token) as client:
        key = client.upload(folder, name="real-minilm", license="Apache-2.0").key
        given = client.infer(key, {"text": SENTENCES}, ["sentence_embedding"])
        everything = client.infer(key, {"text": SENTENCES[:1]})
    assert list(given) == ["sentence_embedding"]
    np.testing.assert_allclose(given["sentence_embedding"], expected["sentence_embedding"], rtol=0, atol=1e-6)
    assert {"last_hidden_state", "sentence_embedding"} <= set(everything)
