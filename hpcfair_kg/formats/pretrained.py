"""An encoder of the transformers library, loaded from a folder: nothing is fetched, no code of the folder runs."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from hpcfair_kg.artifact import Dimension, TensorSpec
from hpcfair_kg.errors import UnknownFormat
from hpcfair_kg.formats.architecture import Told

ENCODERS = frozenset({
    "albert", "bert", "camembert", "convbert", "data2vec-text", "deberta", "deberta-v2", "distilbert", "electra",
    "ernie", "esm", "flaubert", "layoutlm", "longformer", "megatron-bert", "modernbert", "mpnet", "nomic_bert",
    "roberta", "roberta-prelayernorm", "roformer", "squeezebert", "xlm", "xlm-roberta", "xlm-roberta-xl", "xmod",
})  # fmt: skip
"""The model_types that read tokens and attend both ways: they take the same inputs."""
OFFSET = frozenset({"roberta", "roberta-prelayernorm", "xlm-roberta", "xlm-roberta-xl", "camembert", "mpnet"})
"""Those that count positions from behind the padding token's number."""
Config = Mapping[str, Any]


@dataclass(frozen=True)
class Pretrained:
    """A folder with weights and the configuration that says which architecture they are for."""

    folder: Path
    config: Config

    @property
    def inputs(self) -> tuple[TensorSpec, ...]:
        """What an encoder takes: tokens, their mask and, where it has them, segments."""
        names = ["input_ids", "attention_mask"]
        if int(self.config.get("type_vocab_size") or 0) > 1:
            names.append("token_type_ids")
        shape: tuple[Dimension, ...] = ("batch", "sequence")
        return tuple(TensorSpec(name, "int64", shape) for name in names)

    @property
    def bounds(self) -> dict[str, int]:
        """How large the values of each input may be."""
        limits = {"input_ids": "vocab_size", "token_type_ids": "type_vocab_size"}
        return {"attention_mask": 2} | {
            spec.name: int(self.config[limits[spec.name]]) for spec in self.inputs if spec.name in limits
        }

    @property
    def longest(self) -> int | None:
        """The most tokens of a sequence, where positions are counted by a table."""
        longest = self.config.get("max_position_embeddings")
        if not longest or int(longest) < 1:
            return None
        offset = int(self.config.get("pad_token_id") or 0) + 1 if self.config["model_type"] in OFFSET else 0
        return int(longest) - offset


def told(config: Config, file: str) -> Told | None:
    """Return the kind of transformer that a configuration says, where it says it for certain."""
    kind = config.get("model_type")
    if config.get("is_encoder_decoder") is True:
        return Told("EncoderDecoder", f"is_encoder_decoder in {file}")
    if kind not in ENCODERS:
        return None
    if config.get("is_decoder") or config.get("causal"):
        return Told("Decoder", f"{kind} that attends one way, in {file}")
    return Told("Encoder", f"model_type {kind} in {file}")


def load(model: Pretrained) -> tuple[Any, tuple[TensorSpec, ...]]:
    """Load an encoder as a module of positional tensors, and tell its outputs; nothing is fetched or executed."""
    os.environ["HF_HUB_OFFLINE"] = "1"
    import torch

    encoder = _encoder(model)
    names = [spec.name for spec in model.inputs]
    with torch.inference_mode():
        results = encoder(**dict(zip(names, example(model), strict=True)), return_dict=True)
    outputs = [name for name, value in results.items() if isinstance(value, torch.Tensor)]

    class Flat(torch.nn.Module):  # type: ignore[misc]
        def __init__(self) -> None:
            super().__init__()
            self.encoder = encoder

        def forward(self, input_ids: Any, attention_mask: Any, token_type_ids: Any = None) -> tuple[Any, ...]:
            given = dict(zip(names, (input_ids, attention_mask, token_type_ids), strict=False))
            found = self.encoder(**given, return_dict=True)
            return tuple(found[name] for name in outputs)

    return Flat().eval(), tuple(_output(name, results[name]) for name in outputs)


def _encoder(model: Pretrained) -> Any:
    """Load the class that config.json names, else the bare encoder; raise for weights that are not there."""
    import transformers

    named = next(iter(model.config.get("architectures") or ()), "")
    fits = re.fullmatch(r"[A-Za-z0-9]+(Model|For[A-Z]\w+)", str(named))
    kind = getattr(transformers, named, transformers.AutoModel) if fits else transformers.AutoModel
    settings = {"local_files_only": True, "use_safetensors": True, "output_loading_info": True}
    encoder, report = kind.from_pretrained(model.folder, **settings)
    missing = set(report["missing_keys"])
    if missing and all(key.startswith("pooler.") for key in missing):
        encoder, report = kind.from_pretrained(model.folder, **settings, add_pooling_layer=False)
        missing = set(report["missing_keys"])
    if missing:
        raise UnknownFormat(
            f"the weights lack {', '.join(sorted(missing)[:5])}, which {type(encoder).__name__} has: "
            "they would be random; name the right class in config.json's architectures"
        )
    return encoder.float().eval()


def example(model: Pretrained) -> tuple[Any, ...]:
    """Return two sequences of eight tokens."""
    import torch

    tokens = torch.arange(3, 19).reshape(2, 8) % int(model.config["vocab_size"])
    given = {"input_ids": tokens, "attention_mask": torch.ones_like(tokens)}
    return tuple(given.get(spec.name, torch.zeros_like(tokens)) for spec in model.inputs)


def _output(name: str, tensor: Any) -> TensorSpec:
    """Describe an output by what the example gave: 2 sequences of 8 tokens."""
    free: dict[int, str] = {0: "batch"} | (
        {1: "sequence"} if tensor.dim() > 2 and tensor.shape[1] == 8 else {}
    )
    shape = tuple(free.get(axis, int(size)) for axis, size in enumerate(tensor.shape))
    return TensorSpec(name, str(tensor.dtype).removeprefix("torch."), shape)
