import pytest

from hpcfair_kg.artifact import TensorSpec
from hpcfair_kg.models.processing.files import CHUNK, fed
from hpcfair_kg.models.processing.pipeline import Pipeline
from tests.models.processing.beside_files import LOGITS, STATES, TOKENS, steps, words

X = TensorSpec("x", "float32", ("batch", 2))
PETS = {"id2label": {"0": "cat", "1": "dog", "2": "fish"}}


def around(folder, inputs, outputs, **files):
    return Pipeline.of(steps(folder, **files), folder, inputs, outputs)


def names(specs):
    return [spec.name for spec in specs]


@pytest.mark.parametrize("columns", [(), ("text",), ("id", "sentence")])
def test_a_file_feeds_what_people_have(tmp_path, columns):
    told = fed(around(tmp_path, TOKENS, (LOGITS,), tokenizer__json=words("a"), config__json=PETS), columns)
    assert (names(told.inputs), told.chunk) == (["text"], CHUNK)
    assert told.wanted == ("label", "score", "logits") == tuple(names(told.outputs))


def test_a_file_that_names_the_models_own_tensors_feeds_those(tmp_path):
    made = around(tmp_path, TOKENS, (LOGITS,), tokenizer__json=words("a"), config__json=PETS)
    told = fed(made, ("input_ids", "attention_mask"))
    assert (told.inputs, names(told.outputs), told.wanted, told.chunk) == (TOKENS, ["logits"], None, None)


def test_what_differs_in_size_from_sample_to_sample_is_asked_for_only_where_there_is_nothing_else(tmp_path):
    made = around(tmp_path, TOKENS, (LOGITS, STATES), tokenizer__json=words("a"))
    assert fed(made, ()).wanted == ("logits",)
    alone = around(tmp_path, TOKENS, (STATES,), tokenizer__json=words("a"))
    assert fed(alone, ()).wanted == ("last_hidden_state",)


def test_features_have_chunks_of_any_size(tmp_path):
    scaler = {"kind": "standard", "mean": [0, 0], "scale": [1, 2]}
    told = fed(around(tmp_path, (X,), (LOGITS,), scaler__json=scaler), ("a", "b"))
    assert (names(told.inputs), told.chunk) == (["features"], None)


def test_a_model_without_steps_is_asked_as_ever(tmp_path):
    told = fed(Pipeline.of((), tmp_path, (X,), (LOGITS,)), ("a", "b"))
    assert (told.inputs, told.outputs, told.wanted, told.chunk) == ((X,), (LOGITS,), None, None)


def test_labels_come_with_what_a_model_of_tensors_gives(tmp_path):
    told = fed(around(tmp_path, (X,), (LOGITS,), config__json=PETS), ("a", "b"))
    assert (names(told.outputs), told.wanted) == (["label", "score", "logits"], None)
