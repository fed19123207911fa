"""The files that come with a model, as tests write them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from hpcfair_kg.artifact import Processing, TensorSpec
from hpcfair_kg.formats.base import Bundle
from hpcfair_kg.models.processing.pipeline import found

TOKENS = tuple(
    TensorSpec(n, "int64", ("batch", "sequence")) for n in ("input_ids", "attention_mask", "token_type_ids")
)
STATES = TensorSpec("last_hidden_state", "float32", ("batch", "sequence", 8))
PIXELS = TensorSpec("pixel_values", "float32", ("batch", 3, 224, 224))
LOGITS = TensorSpec("logits", "float32", ("batch", 3))


def write(folder: Path, **files: Any) -> Bundle:
    """Write JSON (or text) files; "__" in a name is a dot, "___" a slash."""
    for name, content in files.items():
        path = folder / name.replace("___", "/").replace("__", ".")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content if isinstance(content, str) else json.dumps(content))
    names = sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file())
    return Bundle(folder, tuple(names))


def steps(folder: Path, **files: Any) -> tuple[Processing, ...]:
    """Return the steps that files say, all of them understood."""
    made, notes = found(write(folder, **files))
    assert notes == ()
    return made


def note(folder: Path, **files: Any) -> str:
    """Return the one note on files of which nothing is understood."""
    made, notes = found(write(folder, **files))
    assert made == ()
    (said,) = notes
    return said


def words(*texts: str) -> dict[str, Any]:
    """Return a tokenizer.json whose tokens are words."""
    vocabulary = {word: number for number, word in enumerate(("[PAD]", "[UNK]", "[CLS]", "[SEP]", *texts))}
    special = [
        {"id": i, "content": c, "special": True, "single_word": False, "lstrip": False, "rstrip": False, "normalized": False}
        for c, i in vocabulary.items()
        if c.startswith("[")
    ]  # fmt: skip
    return {
        "version": "1.0", "truncation": None, "padding": None, "added_tokens": special,
        "normalizer": {"type": "Lowercase"}, "pre_tokenizer": {"type": "Whitespace"}, "decoder": None,
        "post_processor": {
            "type": "TemplateProcessing",
            "single": [
                {"SpecialToken": {"id": "[CLS]", "type_id": 0}}, {"Sequence": {"id": "A", "type_id": 0}},
                {"SpecialToken": {"id": "[SEP]", "type_id": 0}},
            ],
            "pair": [{"Sequence": {"id": "A", "type_id": 0}}, {"Sequence": {"id": "B", "type_id": 1}}],
            "special_tokens": {
                "[CLS]": {"id": "[CLS]", "ids": [2], "tokens": ["[CLS]"]},
                "[SEP]": {"id": "[SEP]", "ids": [3], "tokens": ["[SEP]"]},
            },
        },
        "model": {"type": "WordLevel", "vocab": vocabulary, "unk_token": "[UNK]"},
    }  # fmt: skip
