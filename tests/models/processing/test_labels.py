import numpy as np
import pytest

from hpcfair_kg.artifact import TensorSpec
from hpcfair_kg.models.processing.pipeline import Pipeline
from tests.models.processing.beside_files import LOGITS, note, steps

PETS = {"id2label": {"2": "fish", "0": "cat", "1": "dög"}}
FIGURES = np.array([[1.0, 5.0, 2.0], [800.0, -800.0, 0.0]], np.float32)


def named(folder, outputs=(LOGITS,), values=FIGURES, **files):
    made = Pipeline.of(steps(folder, **files), folder, (), outputs)
    return made.after({outputs[0].name: values}, {})


def test_the_label_of_the_highest_figure_and_its_score(tmp_path):
    found = named(tmp_path, config__json=PETS)
    assert found["label"].tolist() == ["dög", "cat"]
    np.testing.assert_allclose(found["score"], [np.e**5 / (np.e + np.e**5 + np.e**2), 1.0], rtol=1e-6)


@pytest.mark.torch
@pytest.mark.parametrize("more", [{}, {"problem_type": "multi_label_classification"}])
def test_the_score_is_that_of_transformers_pipeline(tmp_path, more):
    torch = pytest.importorskip("torch", reason="torch comes with the extra `torch`")
    theirs = torch.tensor(FIGURES).sigmoid() if more else torch.tensor(FIGURES).softmax(-1)
    found = named(tmp_path, config__json={**PETS, **more})
    np.testing.assert_allclose(found["score"], theirs.numpy().max(-1), rtol=1e-6)


def test_each_token_has_a_label(tmp_path):
    spec = TensorSpec("logits", "float32", ("batch", "sequence", 3))
    found = named(tmp_path, (spec,), np.stack([FIGURES, FIGURES]), config__json=PETS)
    assert found["label"].tolist() == [["dög", "cat"]] * 2


@pytest.mark.parametrize(
    "files",
    [
        {"labels__txt": "cat\ndög\r\nfish\n\n"},
        {"labels__json": ["cat", "dög", "fish"]},
        {"labels__json": PETS["id2label"]},
    ],
)
def test_labels_beside_any_model_name_the_figures_as_they_come(tmp_path, files):
    spec = TensorSpec("probs", "float32", ("batch", 3))
    found = named(tmp_path, (spec,), np.array([[0.1, 0.2, 0.7]], np.float32), **files)
    assert (found["label"].tolist(), found["score"].tolist()) == (["fish"], [np.float32(0.7)])


def test_what_lies_beside_goes_before_the_configuration(tmp_path):
    (step,) = steps(tmp_path, labels__txt="a\nb\nc", config__json=PETS)
    assert (step.file, step.settings) == ("labels.txt", {"labels": ["a", "b", "c"]})


def test_the_number_of_a_class_is_named(tmp_path):
    numbers = TensorSpec("output_label", "int64", ("batch",))
    found = named(tmp_path, (numbers,), np.array([2, 0, 7]), labels__txt="cat\ndog\nfish")
    assert found["label"].tolist() == ["fish", "cat", "7"]
    assert "score" not in found


def test_names_that_the_model_has_are_not_taken(tmp_path):
    outputs = (TensorSpec("label", "int64", ("batch",)), TensorSpec("probabilities", "float32", ("batch", 3)))
    made = Pipeline.of(steps(tmp_path, config__json=PETS), tmp_path, (), outputs)
    assert [(spec.name, spec.dtype) for spec in made.outputs] == [
        ("label_name", "string"),
        ("score", "float32"),
    ]


@pytest.mark.parametrize("shape", [("batch", 4), ("batch", 3, 8, 8), ("batch",)])
def test_an_output_of_another_width_is_left_alone(tmp_path, shape):
    made = steps(tmp_path, config__json=PETS)
    assert Pipeline.of(made, tmp_path, (), (TensorSpec("y", "float32", shape),)).steps == ()


def test_a_configuration_without_labels_has_none(tmp_path):
    assert steps(tmp_path, config__json={"hidden": 3}) == ()


def test_characters_that_no_record_holds_are_replaced(tmp_path):
    (step,) = steps(tmp_path, labels__json='["a\\u0000", "\\ud800"]')
    assert step.settings["labels"] == ["a\ufffd", "\ufffd"]


@pytest.mark.parametrize(
    ("files", "reason"),
    [
        ({"config__json": {"id2label": ["a"]}}, 'such as {"0": "cat"}'),
        ({"config__json": {"id2label": {"1": "a"}}}, "without a gap"),
        ({"config__json": {"id2label": {"0": "a", "00": "b"}}}, "without a gap"),
        ({"config__json": {"id2label": {"0": {}}}}, "is text"),
        ({"config__json": "nonsense"}, "no JSON"),
        ({"labels__json": 7}, "a list of labels"),
        ({"labels__json": []}, "has 0 labels"),
        ({"labels__json": ["x"] * 10_001}, "10,001 labels"),
        ({"labels__json": ["x" * 400] * 1000}, "1,000 labels"),
        ({"labels__json": ["x" * 501]}, "at most 500 characters"),
    ],
)
def test_what_is_malformed_is_a_note(tmp_path, files, reason):
    assert reason in note(tmp_path, **files)


def test_text_that_is_none_is_a_note(tmp_path):
    (tmp_path / "labels.txt").write_bytes(b"\xff\xfe\x00")
    assert "labels.txt is no UTF-8 text" in note(tmp_path)
