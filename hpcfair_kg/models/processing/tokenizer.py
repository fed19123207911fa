"""Text becomes the tokens that a model reads, as the tokenizer.json beside it says (https://github.com/huggingface/tokenizers)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any, ClassVar, Final

import numpy as np

from hpcfair_kg.artifact import Processing, TensorSpec
from hpcfair_kg.errors import CorruptFile, MissingExtra, NotRunnable, WrongInput
from hpcfair_kg.formats.pretrained import Pretrained
from hpcfair_kg.models.processing.base import Apply, Array, Kind, Signature, Values
from hpcfair_kg.models.processing.beside import Beside, Document

LARGEST: Final = 64 << 20
"""Bytes of a tokenizer.json: those of the largest vocabularies have a half."""
TEXTS: Final = 1024
CHARACTERS: Final = 1 << 20
"""How many texts one request may have, and how many characters all of them together."""
UNLIMITED: Final = 1 << 20
"""A number of tokens from which on a limit is none: transformers writes 10³⁰."""
FIELDS: Final = {"input_ids": "ids", "attention_mask": "attention_mask", "token_type_ids": "type_ids"}
"""The inputs that a tokenizer gives, and what the library calls them."""
INSTALL: Final = "pip install -e '.[text]'"


class Tokenizer(Kind):
    """The tokenizer of a language model: padded to the longest text, cut to what the model can hold."""

    name: ClassVar[str] = "tokenizer"
    rank: ClassVar[int] = 10

    def found(self, beside: Beside) -> Iterator[Processing]:
        """Yield the tokenizer.json with what the configurations beside it add."""
        file = beside.find("tokenizer.json")
        if file is not None:
            yield Processing(self.name, "before", file, settings=_settings(beside, file))
        elif lonely := beside.find("tokenizer_config.json"):
            raise CorruptFile(
                f"{lonely} needs the tokenizer.json that save_pretrained of a fast tokenizer writes"
            )

    def fitted(self, step: Processing, model: Signature) -> Processing:
        """Return the step fitted to the inputs that hold tokens, by their names in transformers."""
        found = [
            s for s in model.inputs if s.name in FIELDS and s.dtype.startswith("int") and len(s.shape) == 2
        ]
        names = sorted(spec.name for spec in found)
        if "input_ids" not in names:
            return replace(step, takes=(), gives=())
        return replace(step, takes=(model.free("text", "sentence"),), gives=tuple(names))

    def spoken(self, step: Processing, model: Signature) -> tuple[TensorSpec, ...]:
        """Return the texts: one string a sample."""
        return tuple(TensorSpec(name, "string", model.input("input_ids").shape[:1]) for name in step.takes)

    def load(self, step: Processing, folder: Path, model: Signature) -> Apply:
        """Open the tokenizer with the settings of the step."""
        length = model.input("input_ids").shape[1]
        tokenizer = _opened(folder / step.file, step, length if isinstance(length, int) else None)

        def apply(values: Values) -> dict[str, Array]:
            texts = checked(values[step.takes[0]], step, model)
            lower = step.settings.get("lower")
            encodings = _encoded(tokenizer, [text.lower() for text in texts] if lower else texts, step)
            return {name: _tensor(encodings, model.input(name)) for name in step.gives}

        return apply


def checked(value: Any, step: Processing, model: Signature) -> list[str]:
    """Return the texts that someone gave; raise `WrongInput` for what is none, for too many and too long ones."""
    array = np.asarray(value)
    texts = [text.decode() if isinstance(text, bytes) else text for text in array.ravel().tolist()]
    wanted = [{"name": step.takes[0], "dtype": "string", "shape": ["batch"]}]
    if array.ndim > 2 or (array.ndim == 2 and array.shape[1] != 1) or not texts:
        raise WrongInput(
            f"{step.takes[0]} has the shape {list(array.shape)}; it is a list of texts", expected=wanted
        )
    if not all(isinstance(text, str) for text in texts):
        raise WrongInput(f"{step.takes[0]} is {array.dtype.name}; it is a list of texts", expected=wanted)
    characters = sum(map(len, texts))
    if len(texts) > TEXTS or characters > CHARACTERS:
        raise WrongInput(
            f"{len(texts):,} texts of {characters:,} characters are too many at once: "
            f"at most {TEXTS:,} of {CHARACTERS:,} characters together",
            expected=wanted,
        )
    return texts


def _settings(beside: Beside, file: str) -> dict[str, Any]:
    tokenizer = beside.read(file, LARGEST)
    model = tokenizer.get("model")
    if not isinstance(model, dict):
        raise tokenizer.wrong("model", model, "an object with the vocabulary")
    said = beside.document("tokenizer_config.json") or Document("tokenizer_config.json", {})
    vocabulary = model.get("vocab")
    found = {
        "model": Document(file, model).text("type"),
        "vocabulary": len(vocabulary) if isinstance(vocabulary, (dict, list)) else None,
        "max_length": _max_length(beside, tokenizer, said),
        "pad_token": _pad_token(beside, tokenizer, said),
        "padding_side": _side(said, "padding_side"),
        "truncation_side": _side(said, "truncation_side"),
        "lower": _sentences(beside).flag("do_lower_case") or None,
    }
    return {name: value for name, value in found.items() if value is not None}


def _sentences(beside: Beside) -> Document:
    """Return what sentence-transformers says of a tokenizer, where the model is one of its."""
    said = beside.document("sentence_bert_config.json") if beside.find("modules.json") else None
    return said or Document("sentence_bert_config.json", {})


def _max_length(beside: Beside, tokenizer: Document, said: Document) -> int | None:
    """Return how many tokens a text may have: what is said first, and never more than the model has positions for."""
    cut = tokenizer.get("truncation")
    declared = (
        _sentences(beside).whole("max_seq_length", UNLIMITED),
        said.whole("model_max_length", UNLIMITED),
        Document(tokenizer.file, cut).whole("max_length", UNLIMITED) if isinstance(cut, dict) else None,
    )
    first = next((length for length in declared if length is not None), UNLIMITED)
    length = min(first, _positions(beside) or UNLIMITED)
    return length if length < UNLIMITED else None


def _positions(beside: Beside) -> int | None:
    config = beside.document("config.json") or Document("config.json", {})
    numbers = {key: int(config.number(key) or 0) for key in ("max_position_embeddings", "pad_token_id")}
    return Pretrained(Path(), {"model_type": config.text("model_type"), **numbers}).longest


def _pad_token(beside: Beside, tokenizer: Document, said: Document) -> str | None:
    padding, added = tokenizer.get("padding"), tokenizer.get("added_tokens")
    contents = (
        [token.get("content") for token in added if isinstance(token, dict)]
        if isinstance(added, list)
        else []
    )
    named = (
        said.get("pad_token"),
        (beside.document("special_tokens_map.json") or Document("", {})).get("pad_token"),
        padding.get("pad_token") if isinstance(padding, dict) else None,
        next((token for token in ("[PAD]", "<pad>") if token in contents), None),
    )
    token = next((token for token in named if token is not None), None)
    content = token.get("content") if isinstance(token, dict) else token
    return None if content is None else said.said("pad_token", content)


def _side(said: Document, key: str) -> str:
    side = said.text(key, "right")
    if side not in ("left", "right"):
        raise said.wrong(key, side, "left or right")
    return side


def _opened(path: Path, step: Processing, length: int | None) -> Any:
    """Open a tokenizer that pads and cuts as the step says; `length` is the one that the model's input is fixed to."""
    try:
        from tokenizers import Tokenizer as Library
    except ImportError as exc:
        raise MissingExtra(f"text needs the tokenizers library: {INSTALL}", install=INSTALL) from exc
    said = step.settings
    try:
        tokenizer = Library.from_file(str(path))
        tokenizer.no_truncation()
        tokenizer.no_padding()
        if most := min(filter(None, (said.get("max_length"), length)), default=None):
            tokenizer.enable_truncation(most, direction=said.get("truncation_side", "right"))
        pad = said.get("pad_token")
        pad_id = tokenizer.token_to_id(pad) if pad else None
        if pad_id is not None:
            side = said.get("padding_side", "right")
            tokenizer.enable_padding(direction=side, pad_id=pad_id, pad_token=pad, length=length)
    except Exception as exc:  # the library raises nothing narrower
        raise _broken(step, exc) from exc
    return tokenizer


def _encoded(tokenizer: Any, texts: list[str], step: Processing) -> list[Any]:
    try:
        encodings: list[Any] = tokenizer.encode_batch(texts)
    except Exception as exc:  # see _opened
        raise _broken(step, exc) from exc
    if len({len(encoding.ids) for encoding in encodings}) > 1:
        raise WrongInput(f"{step.file} has no token to fill up with: give one text at a time")
    return encodings


def _broken(step: Processing, exc: Exception) -> NotRunnable:
    reason = f"{step.file} cannot be used: {str(exc)[:500]}"
    return NotRunnable(f"{reason}; {', '.join(step.gives)} can be given instead", reason=reason)


def _tensor(encodings: list[Any], spec: TensorSpec) -> Array:
    return np.array([getattr(encoding, FIELDS[spec.name]) for encoding in encodings], spec.dtype)


PLUGINS = (Tokenizer(),)
