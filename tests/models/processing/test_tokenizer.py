import json

import numpy as np
import pytest

from hpcfair_kg.artifact import TensorSpec
from hpcfair_kg.errors import MissingExtra, NotRunnable, WrongInput
from hpcfair_kg.models.processing import tokenizer
from hpcfair_kg.models.processing.pipeline import Pipeline, found
from tests.models.processing.beside_files import TOKENS, note, steps, words, write

HELLO = words("hello", "world", "how", "are", "you")
TEXTS = ["Hello world", "how are you", "", "you " * 40, "unknown wörld \u200b \U0001f600"]


def pipeline(folder, inputs=TOKENS, **files):
    steps(folder, tokenizer__json=HELLO, **files)
    return Pipeline.beside(folder, inputs, ())


def test_what_the_files_say_is_read(tmp_path):
    (step,) = steps(
        tmp_path,
        tokenizer__json=HELLO,
        tokenizer_config__json={
            "model_max_length": 1e30,
            "pad_token": {"content": "[PAD]"},
            "padding_side": "left",
        },
        config__json={"max_position_embeddings": 66, "model_type": "roberta", "pad_token_id": 1},
    )
    assert (step.kind, step.stage, step.file) == ("tokenizer", "before", "tokenizer.json")
    assert step.settings == {
        "model": "WordLevel", "vocabulary": 9, "max_length": 64, "pad_token": "[PAD]",
        "padding_side": "left", "truncation_side": "right",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("files", "longest"),
    [
        ({}, None),
        ({"tokenizer_config__json": {"model_max_length": 12}}, 12),
        (
            {
                "tokenizer_config__json": {"model_max_length": 12},
                "config__json": {"max_position_embeddings": 10},
            },
            10,
        ),
        (
            {
                "sentence_bert_config__json": {"max_seq_length": 7},
                "tokenizer_config__json": {"model_max_length": 12},
            },
            12,
        ),
        ({"sentence_bert_config__json": {"max_seq_length": 7}, "modules__json": []}, 7),
    ],
)
def test_the_length_is_what_is_said_first_and_never_over_the_positions(tmp_path, files, longest):
    made, _ = found(write(tmp_path, tokenizer__json=HELLO, **files))
    assert made[0].settings.get("max_length") == longest


def test_tokens_are_padded_to_the_longest_and_masked(tmp_path):
    fed = pipeline(tmp_path).before({"text": ["Hello world", "how are you"]})
    assert fed["input_ids"].tolist() == [[2, 4, 5, 3, 0], [2, 6, 7, 8, 3]]
    assert fed["attention_mask"].tolist() == [[1, 1, 1, 1, 0], [1, 1, 1, 1, 1]]
    assert not fed["token_type_ids"].any()
    assert {array.dtype for array in fed.values()} == {np.dtype("int64")}


def test_a_fixed_length_is_filled_and_kept(tmp_path):
    inputs = tuple(TensorSpec(spec.name, "int32", ("batch", 6)) for spec in TOKENS[:2])
    fed = pipeline(tmp_path, inputs).before({"text": ["hello", "you " * 9]})
    assert {array.shape for array in fed.values()} == {(2, 6)}
    assert fed["input_ids"].dtype == np.int32
    assert fed["input_ids"][1, -1] == 3


@pytest.mark.parametrize("sides", [("right", "right"), ("left", "left")])
def test_it_is_what_transformers_gives(tmp_path, sides):
    transformers = pytest.importorskip(
        "transformers", reason="transformers comes with the extra `transformers`"
    )
    said = {
        "tokenizer_class": "PreTrainedTokenizerFast", "model_max_length": 16, "pad_token": "[PAD]",
        "unk_token": "[UNK]", "cls_token": "[CLS]", "sep_token": "[SEP]", "padding_side": sides[0], "truncation_side": sides[1],
    }  # fmt: skip
    made = pipeline(tmp_path, tokenizer_config__json=said)
    theirs = transformers.AutoTokenizer.from_pretrained(tmp_path)(
        TEXTS, padding=True, truncation=True, return_token_type_ids=True
    )
    ours = made.before({"text": TEXTS})
    assert {name: array.tolist() for name, array in ours.items()} == dict(theirs)


def test_lower_case_is_sentence_transformers_own(tmp_path):
    bare = {**words("HELLO", "hello"), "normalizer": None}
    files = {"modules__json": [], "sentence_bert_config__json": {"do_lower_case": True}}
    made, _ = found(write(tmp_path, tokenizer__json=bare, **files))
    fed = Pipeline.of(made, tmp_path, TOKENS, ()).before({"text": ["HELLO"]})
    assert fed["input_ids"].tolist() == [[2, 5, 3]]


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ([1, 2], "is int64; it is a list of texts"),
        ([["a", "b"]], r"has the shape \[1, 2\]"),
        ([], "list of texts"),
        (["x"] * 1025, "1,025 texts of 1,025 characters are too many"),
        (["x" * (1 << 21)], "2,097,152 characters"),
    ],
)
def test_what_is_no_text_or_too_much_is_refused(tmp_path, given, said):
    with pytest.raises(WrongInput, match=said) as caught:
        pipeline(tmp_path).before({"text": given})
    assert caught.value.members["expected"][0]["dtype"] == "string"


@pytest.mark.parametrize("given", ["hello", b"hello", ["hello"], [["hello"]], np.array([b"hello"], object)])
def test_one_text_may_come_in_many_ways(tmp_path, given):
    assert pipeline(tmp_path).before({"text": given})["input_ids"].tolist() == [[2, 4, 3]]


def test_without_a_token_to_fill_up_with_unequal_texts_are_refused(tmp_path):
    said = words("a", "b")
    del said["model"]["vocab"]["[PAD]"]
    said["added_tokens"] = said["added_tokens"][1:]
    (step,) = steps(tmp_path, tokenizer__json=said)
    made = Pipeline.of((step,), tmp_path, TOKENS, ())
    assert made.before({"text": ["a b"]})["input_ids"].shape == (1, 4)
    with pytest.raises(WrongInput, match="give one text at a time"):
        made.before({"text": ["a", "a b"]})


@pytest.mark.parametrize(
    ("files", "said"),
    [
        ({"tokenizer__json": "{"}, "tokenizer.json is no JSON"),
        ({"tokenizer__json": "[" * 100_000}, "tokenizer.json is no JSON"),
        ({"tokenizer__json": []}, "tokenizer.json is no JSON object"),
        (
            {"tokenizer__json": {"model": 7}},
            "model in tokenizer.json is an object with the vocabulary, not 7",
        ),
        ({"tokenizer__json": HELLO, "tokenizer_config__json": {"model_max_length": "x"}}, "model_max_length"),
        (
            {"tokenizer__json": HELLO, "tokenizer_config__json": {"padding_side": "up"}},
            "left or right, not 'up'",
        ),
        ({"tokenizer__json": HELLO, "tokenizer_config__json": {"pad_token": 3}}, "pad_token"),
        ({"tokenizer_config__json": {}}, "needs the tokenizer.json"),
    ],
)
def test_what_is_malformed_is_a_note(tmp_path, files, said):
    assert said in note(tmp_path, **files)


def test_one_that_is_too_large_is_a_note(tmp_path, monkeypatch):
    monkeypatch.setattr(tokenizer, "LARGEST", 100)
    assert "at most 100 are read" in note(tmp_path, tokenizer__json=HELLO)


def test_one_that_the_library_refuses_says_what_can_be_given_instead(tmp_path):
    broken = {**HELLO, "model": {"type": "WordLevel", "vocab": {"a": "b"}}}
    made = Pipeline.of(steps(tmp_path, tokenizer__json=broken), tmp_path, TOKENS, ())
    with pytest.raises(NotRunnable, match="attention_mask, input_ids, token_type_ids can be given instead"):
        made.before({"text": ["a"]})


def test_a_missing_library_names_the_command(tmp_path, monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "tokenizers", None)
    with pytest.raises(MissingExtra, match=r"pip install -e '.\[text\]'"):
        pipeline(tmp_path).before({"text": ["a"]})


def test_without_tokens_to_give_it_is_not_applied(tmp_path):
    (step,) = steps(tmp_path, tokenizer__json=json.dumps(HELLO))
    assert Pipeline.of((step,), tmp_path, (TensorSpec("x", "float32", ("batch", 3)),), ()).steps == ()
