"""What a configuration says of an encoder, read without the library."""

from pathlib import Path

import pytest

from hpcfair_kg.formats.pretrained import Pretrained, told

BERT = {"model_type": "bert", "vocab_size": 100, "type_vocab_size": 2, "max_position_embeddings": 512}


def test_inputs_and_bounds():
    model = Pretrained(Path(), BERT)
    assert [spec.name for spec in model.inputs] == ["input_ids", "attention_mask", "token_type_ids"]
    assert {spec.shape for spec in model.inputs} == {("batch", "sequence")}
    assert model.bounds == {"input_ids": 100, "attention_mask": 2, "token_type_ids": 2}


@pytest.mark.parametrize("types", [{}, {"type_vocab_size": 0}, {"type_vocab_size": 1}])
def test_without_segments(types):
    model = Pretrained(Path(), {"model_type": "distilbert", "vocab_size": 100, **types})
    assert [spec.name for spec in model.inputs] == ["input_ids", "attention_mask"]
    assert model.bounds == {"input_ids": 100, "attention_mask": 2}


@pytest.mark.parametrize(
    ("config", "longest"),
    [
        (BERT, 512),
        ({"model_type": "roberta", "max_position_embeddings": 514, "pad_token_id": 1}, 512),
        ({"model_type": "roformer"}, None),
        ({"model_type": "deberta-v2", "max_position_embeddings": -1}, None),
    ],
)
def test_the_longest_sequence(config, longest):
    assert Pretrained(Path(), config).longest == longest


@pytest.mark.parametrize(
    ("config", "kind", "evidence"),
    [
        (BERT, "Encoder", "model_type bert in config.json"),
        ({**BERT, "is_decoder": True}, "Decoder", "bert that attends one way, in config.json"),
        ({"model_type": "xlm", "causal": True}, "Decoder", "xlm that attends one way, in config.json"),
        ({"model_type": "t5", "is_encoder_decoder": True}, "EncoderDecoder", "is_encoder_decoder in config.json"),
    ],
)  # fmt: skip
def test_the_kind_of_transformer(config, kind, evidence):
    found = told(config, "config.json")
    assert (found.architecture, found.evidence) == (kind, evidence)


@pytest.mark.parametrize("config", [{}, {"model_type": "mamba"}, {"model_type": "mlp", "is_decoder": True}])
def test_a_model_that_is_not_known_is_not_guessed(config):
    assert told(config, "config.json") is None
