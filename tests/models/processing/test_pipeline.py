import numpy as np
import pytest

from hpcfair_kg.artifact import Processing, TensorSpec, build, plain
from hpcfair_kg.errors import NotRunnable, WrongInput
from hpcfair_kg.models.processing.pipeline import Pipeline, fitted, found, unfitted
from tests.models.processing.beside_files import LOGITS, PIXELS, TOKENS, steps, words, write

PETS = {"id2label": {"0": "cat", "1": "dog", "2": "fish"}}
TEXT = {"tokenizer__json": words("a", "cat"), "config__json": PETS}


class Model:
    """Stands where a session does, and keeps what it was asked."""

    def __init__(self, **outputs):
        self.outputs, self.asked = outputs, []

    def __call__(self, feeds, outputs):
        self.asked.append((dict(feeds), outputs))
        return {name: self.outputs[name] for name in outputs or self.outputs}


@pytest.fixture
def model():
    return Model(logits=np.array([[0.0, 9.0, 0.0]], np.float32))


def classifier(folder, inputs=TOKENS, **files):
    return Pipeline.of(steps(folder, **(files or TEXT)), folder, inputs, (LOGITS,))


def test_text_goes_in_and_labels_come_out(tmp_path, model):
    answer = classifier(tmp_path).run({"text": ["a cat"]}, None, model)
    assert model.asked[0][0]["input_ids"].tolist() == [[2, 4, 5, 3]]
    assert (sorted(answer), answer["label"].tolist()) == (["label", "logits", "score"], ["dog"])


def test_who_feeds_the_tensors_gets_what_the_model_gives(tmp_path, model):
    raw = {spec.name: np.ones((1, 4), np.int64) for spec in TOKENS}
    assert list(classifier(tmp_path).run(raw, None, model)) == ["logits"]
    assert model.asked == [(raw, None)]


def test_who_asks_for_the_label_gets_it_and_nothing_else_whatever_was_fed(tmp_path, model):
    raw = {spec.name: np.ones((1, 4), np.int64) for spec in TOKENS}
    for feeds in (raw, {"text": ["a cat"]}):
        assert list(classifier(tmp_path).run(feeds, ["label"], model)) == ["label"]
        assert model.asked[-1][1] == ["logits"]
    assert list(classifier(tmp_path).run(raw, ["logits"], model)) == ["logits"]


def test_where_nothing_stands_before_the_model_labels_always_come(tmp_path, model):
    made = classifier(tmp_path, (TensorSpec("x", "float32", ("batch", 2)),), config__json=PETS)
    assert sorted(made.run({"x": np.zeros((1, 2))}, None, model)) == ["label", "logits", "score"]


def test_both_at_once_is_refused(tmp_path, model):
    with pytest.raises(
        WrongInput, match=r"text becomes .*: give the one or the other, not input_ids too"
    ) as caught:
        classifier(tmp_path).run({"text": ["a"], "input_ids": [[1]]}, None, model)
    assert [spec["name"] for spec in caught.value.members["expected"]] == ["text"]
    assert model.asked == []


def test_a_model_may_take_text_and_an_image_each_in_its_own_way(tmp_path, model):
    pytest.importorskip("PIL", reason="Pillow comes with the extra `image`")
    made = classifier(tmp_path, (*TOKENS, PIXELS), **TEXT, preprocessor_config__json={"size": 224})
    assert [spec.name for spec in made.inputs] == ["text", "image"]
    raw = np.zeros((1, 3, 224, 224), np.float32)
    made.run({"text": ["a"], "pixel_values": raw}, None, model)
    made.run({"text": ["a"], "image": np.zeros((9, 9, 3), np.uint8)}, None, model)
    assert all(set(fed) == {"pixel_values", *(spec.name for spec in TOKENS)} for fed, _ in model.asked)


def test_what_no_step_makes_is_still_to_be_given(tmp_path):
    more = TensorSpec("temperature", "float32", ("batch",))
    made = classifier(tmp_path, (*TOKENS, more))
    assert made.inputs == (TensorSpec("text", "string", ("batch",)), more)
    assert made.before({"text": ["a"], "temperature": [1.0]})["temperature"] == [1.0]


def test_a_step_survives_the_wire(tmp_path):
    for step in steps(tmp_path, **TEXT):
        assert build(Processing, plain(step)) == step


def test_order_is_before_the_model_and_after_it(tmp_path):
    assert [step.kind for step in steps(tmp_path, **TEXT)] == ["tokenizer", "labels"]


def test_a_file_that_is_not_understood_takes_nothing_else_with_it(tmp_path):
    made, notes = found(write(tmp_path, **TEXT, scaler__json="{"))
    assert [step.kind for step in made] == ["tokenizer", "labels"]
    assert len(notes) == 1
    assert notes[0].startswith("not applied: scaler.json is no JSON")


def test_a_note_on_one_file_is_made_once(tmp_path):
    made, notes = found(write(tmp_path, tokenizer__json=words("a"), config__json="{"))
    assert (made, len(notes)) == ((), 1)


def test_what_fits_no_tensor_is_said(tmp_path):
    made = fitted(steps(tmp_path, **TEXT), (), ())
    assert [step.gives for step in made] == [(), ()]
    assert unfitted(made)[0] == (
        "not applied: tokenizer.json says tokenizer, and nothing that the model takes fits"
    )


def test_two_scalers_of_one_input_are_not_both_applied(tmp_path):
    said = [{"kind": "standard", "mean": [0], "scale": [n]} for n in (1, 2)]
    inputs = (TensorSpec("x", "float32", ("batch", 1)),)
    first, second = fitted(steps(tmp_path, scaler__json=said), inputs, ())
    assert (first.gives, second.gives) == (("x",), ())


def test_the_file_nearest_to_the_top_is_meant(tmp_path):
    files = {"deep___labels__txt": "x\ny", "labels__txt": "a\nb", "a___labels__txt": "c"}
    (step,) = steps(tmp_path, **files)
    assert step.file == "labels.txt"


def test_a_kind_that_nobody_knows_is_refused_by_name(tmp_path):
    step = Processing("incantation", "before", "x.json")
    with pytest.raises(NotRunnable, match="no 'incantation' in processing; there are: image, labels"):
        Pipeline.of((step,), tmp_path, (), ())


def test_an_output_that_is_none_is_told_with_all_there_are(tmp_path, model):
    with pytest.raises(WrongInput, match="no output 'lable'; the model gives logits, label, score"):
        classifier(tmp_path).run({"text": ["a"]}, ["lable"], model)


def test_what_can_be_fed_is_the_models_own_and_what_becomes_it(tmp_path):
    expected = classifier(tmp_path).expected
    assert [spec["name"] for spec in expected] == [*(spec.name for spec in TOKENS), "text"]
    assert expected[-1]["becomes"] == sorted(spec.name for spec in TOKENS)
