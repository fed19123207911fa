import numpy as np
import pytest

from hpcfair_kg.artifact import TensorSpec
from hpcfair_kg.models.processing.pipeline import Pipeline
from tests.models.processing.beside_files import STATES, TOKENS, note, steps

MODULES = [
    {"path": "", "type": "sentence_transformers.models.Transformer"},
    {"path": "1_Pooling", "type": "s.Pooling"},
]
NORMALIZED = [*MODULES, {"path": "2_Normalize", "type": "sentence_transformers.models.Normalize"}]
MEAN = {"pooling_mode_mean_tokens": True, "pooling_mode_cls_token": False}
VECTORS = np.random.default_rng(7).normal(size=(3, 5, 8)).astype(np.float32)
MASK = np.array([[1, 1, 1, 1, 1], [1, 1, 0, 0, 0], [0, 0, 1, 1, 1]])


def pooled(folder, mode, modules=MODULES):
    made = steps(folder, modules__json=modules, **{"1_Pooling___config__json": mode})
    pipeline = Pipeline.of(made, folder, TOKENS, (STATES,))
    return pipeline.after({"last_hidden_state": VECTORS}, {"attention_mask": MASK})["sentence_embedding"]


def test_what_the_files_say_is_read(tmp_path):
    (step,) = steps(tmp_path, modules__json=NORMALIZED, **{"1_Pooling___config__json": MEAN})
    assert (step.kind, step.stage, step.file) == ("pooling", "after", "1_Pooling/config.json")
    assert step.settings == {"mode": "mean", "normalize": True}
    (spec,) = Pipeline.of((step,), tmp_path, TOKENS, (STATES,)).outputs
    assert spec == TensorSpec("sentence_embedding", "float32", ("batch", 8))


def test_the_mean_is_of_what_is_attended_to(tmp_path):
    expected = [VECTORS[0].mean(0), VECTORS[1, :2].mean(0), VECTORS[2, 2:].mean(0)]
    np.testing.assert_allclose(pooled(tmp_path, MEAN), expected, rtol=1e-6, atol=1e-7)


def test_the_first_the_greatest_and_the_root_mean(tmp_path):
    first = pooled(tmp_path, {"pooling_mode_cls_token": True})
    np.testing.assert_array_equal(first, [VECTORS[0, 0], VECTORS[1, 0], VECTORS[2, 2]])
    greatest = pooled(tmp_path, {"pooling_mode": "max"})
    np.testing.assert_array_equal(greatest, [VECTORS[0].max(0), VECTORS[1, :2].max(0), VECTORS[2, 2:].max(0)])
    root = pooled(tmp_path, {"pooling_mode_mean_sqrt_len_tokens": True})
    np.testing.assert_allclose(root[1], VECTORS[1, :2].sum(0) / np.sqrt(2), rtol=1e-6)


@pytest.mark.torch
def test_it_is_what_the_model_cards_of_sentence_transformers_do(tmp_path):
    torch = pytest.importorskip("torch", reason="torch comes with the extra `torch`")
    states, mask = torch.tensor(VECTORS), torch.tensor(MASK).unsqueeze(-1).float()
    mean = (states * mask).sum(1) / mask.sum(1).clamp(min=1e-9)
    theirs = torch.nn.functional.normalize(mean, p=2, dim=1).numpy()
    ours = pooled(tmp_path, MEAN, NORMALIZED)
    assert ours.dtype == np.float32
    np.testing.assert_allclose(ours, theirs, rtol=0, atol=1e-6)


def test_without_tokens_or_one_vector_each_nothing_is_pooled(tmp_path):
    made = steps(tmp_path, modules__json=MODULES, **{"1_Pooling___config__json": MEAN})
    assert Pipeline.of(made, tmp_path, (), (STATES,)).steps == ()
    assert Pipeline.of(made, tmp_path, TOKENS, (TensorSpec("y", "float32", ("batch", 8)),)).steps == ()


@pytest.mark.parametrize(
    ("modules", "mode", "reason"),
    [
        (MODULES, {"pooling_mode_cls_token": True, **MEAN, "pooling_mode_max_tokens": True}, "not applied"),
        (MODULES, {"pooling_mode_weightedmean_tokens": True}, "one of cls, mean, max, mean_sqrt_len"),
        (MODULES, {"pooling_mode_mean_tokens": "yes"}, "true or false"),
        ([*MODULES, {"path": "2_Dense", "type": "s.Dense"}], MEAN, "lists Transformer, Pooling, Dense"),
        (
            [MODULES[0], {"path": "../../etc", "type": "s.Pooling"}],
            MEAN,
            "../../etc/config.json, which is not there",
        ),
        ({}, MEAN, "no list of modules"),
        ([7], MEAN, "no list of modules"),
    ],
)
def test_what_is_not_understood_is_a_note(tmp_path, modules, mode, reason):
    assert reason in note(tmp_path, modules__json=modules, **{"1_Pooling___config__json": mode})
