"""Hugging Face transformers: safetensors with the config.json of an architecture that the library has."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from functools import partial
from math import prod
from pathlib import Path, PurePosixPath
from typing import Any, ClassVar

from hpcfair_kg.artifact import TensorSpec
from hpcfair_kg.errors import CorruptFile, UnknownFormat
from hpcfair_kg.formats.base import Array, Bundle, Convertible, Exporter, Feeds, Inspection, Reference
from hpcfair_kg.formats.pretrained import ENCODERS, Config, Pretrained, example, load, told
from hpcfair_kg.formats.pytorch import PRELOAD, ModuleReference, legacy

LARGEST_HEADER = 100_000_000
"""Bytes; the limit of the safetensors format itself."""
HYPERPARAMETERS = (
    "model_type", "hidden_size", "num_hidden_layers", "num_attention_heads", "intermediate_size", "hidden_act",
    "vocab_size", "max_position_embeddings", "type_vocab_size",
)  # fmt: skip


class Safetensors(Convertible):
    """Tensors in safetensors files, with their config.json a transformers model."""

    name: ClassVar[str] = "safetensors"
    framework: ClassVar[str | None] = "transformers"
    rank: ClassVar[int] = 40
    extra: ClassVar[str] = "transformers"
    family: ClassVar[str] = "transformers"
    needs: ClassVar[tuple[str, ...]] = ("transformers", "torch", "onnxscript", "safetensors")
    preload: ClassVar[tuple[str, ...]] = (
        *PRELOAD,
        "transformers",
        "transformers.modeling_utils",
        "safetensors",
    )

    def claims(self, bundle: Bundle) -> tuple[str, ...]:
        """Return the safetensors files, and the configuration beside them."""
        found = tuple(name for name in bundle.names if _begins(bundle, name))
        for name in found:
            header(bundle, name)
        beside = {str(PurePosixPath(name).parent / "config.json") for name in found}
        index = {f"{name.rpartition('/')[0]}/model.safetensors.index.json".lstrip("/") for name in found}
        return found + tuple(name for name in bundle.names if name in beside | index)

    def advise(self, bundle: Bundle, names: Sequence[str]) -> str | None:
        """Return what is missing beside the weights, None for a known architecture."""
        return _lack(_config(bundle, names))

    def inspect(self, bundle: Bundle, names: Sequence[str]) -> Inspection:
        """Read the shapes of the tensors from their headers, the rest from config.json."""
        shapes = [
            entry["shape"]
            for name in names
            if _begins(bundle, name)
            for key, entry in header(bundle, name).items()
            if key != "__metadata__"
        ]
        config, file = _config(bundle, names), _config_name(names)
        known = _lack(config) is None
        return Inspection(
            inputs=Pretrained(bundle.root, config).inputs if known else (),
            framework=self.framework if config.get("model_type") else None,
            parameters=sum(prod(shape) for shape in shapes),
            hyperparameters={key: config[key] for key in HYPERPARAMETERS if config.get(key) is not None},
            hyperparameters_from=file,
        ).recognised(told(config, file or ""))

    def exporters(self, bundle: Bundle, names: Sequence[str], opset: int) -> Iterable[tuple[str, Exporter]]:
        """Yield torch.onnx's legacy exporter, four times as fast here, then dynamo."""
        model = _pretrained(bundle, names)
        module, outputs = load(model)
        args = example(model)
        yield "legacy", partial(legacy, module, args, model.inputs, outputs, opset)
        yield "dynamo", partial(_dynamo, module, args, model, outputs, opset)

    def reference(self, bundle: Bundle, names: Sequence[str]) -> Reference:
        """Load the model as transformers runs it."""
        model = _pretrained(bundle, names)
        module, outputs = load(model)
        return EncoderReference(model, module, outputs)


class EncoderReference(ModuleReference):
    """An encoder, which is not asked about rows that attend to nothing: their output has no meaning."""

    def __init__(self, model: Pretrained, module: Any, outputs: Sequence[TensorSpec]) -> None:
        super().__init__(module, model.inputs, [spec.name for spec in outputs])
        self.bounds = model.bounds
        if model.longest:
            self.ranges = {"sequence": (1, model.longest)}

    def __call__(self, feeds: Feeds) -> Sequence[Array]:
        """Return the outputs; raises `ValueError` for a row of the mask that is all zeros."""
        if not feeds["attention_mask"].any(axis=-1).all():
            raise ValueError("a row of attention_mask attends to no token")
        return super().__call__(feeds)


def _begins(bundle: Bundle, name: str) -> bool:
    """Tell whether a file begins as safetensors: the length of a header, and the header's brace."""
    head = bundle.head(name, 10)
    length = int.from_bytes(head[:8], "little")
    return len(head) == 10 and 2 <= length <= LARGEST_HEADER and head[8:10] in (b'{"', b"{}", b"{ ")


def header(bundle: Bundle, name: str) -> dict[str, Any]:
    """Read the header of a safetensors file; raise `CorruptFile` when it or the data is cut off.

    https://github.com/huggingface/safetensors#format
    """
    with bundle.path(name).open("rb") as stream:
        length = int.from_bytes(stream.read(8), "little")
        text = stream.read(length)
    try:
        entries: dict[str, Any] = json.loads(text)
        end = max((e["data_offsets"][1] for key, e in entries.items() if key != "__metadata__"), default=0)
    except (ValueError, LookupError, TypeError, AttributeError) as exc:
        raise CorruptFile(f"{name} begins as safetensors and its header cannot be read: {exc}") from exc
    if bundle.size(name) != 8 + length + end:
        raise CorruptFile(
            f"{name} declares {8 + length + end} bytes and has {bundle.size(name)}: upload it again"
        )
    return entries


def _config(bundle: Bundle, names: Sequence[str]) -> Config:
    name = _config_name(names)
    if name is None:
        return {}
    try:
        config = json.loads(bundle.path(name).read_bytes())
    except ValueError as exc:
        raise CorruptFile(f"{name} is no JSON: {exc}") from exc
    return config if isinstance(config, dict) else {}


def _config_name(names: Sequence[str]) -> str | None:
    return next((n for n in names if PurePosixPath(n).name == "config.json"), None)


def _lack(config: Config) -> str | None:
    """Return why weights cannot be used, None when they can."""
    kind = config.get("model_type")
    if kind in ENCODERS:
        return None
    if kind is None:
        return (
            "safetensors hold weights and no architecture: upload the folder with the config.json of a "
            "transformers model in it, or a .pt2 or ONNX file that `hpcfair export` makes where the code is"
        )
    return (
        f"the architecture {kind!r} is not converted here (there are: {', '.join(sorted(ENCODERS))}): "
        "upload also a .pt2 or ONNX file that `hpcfair export` makes"
    )


def _pretrained(bundle: Bundle, names: Sequence[str]) -> Pretrained:
    config = _config(bundle, names)
    if lack := _lack(config):
        raise UnknownFormat(lack)
    name = next(n for n in names if PurePosixPath(n).name == "config.json")
    return Pretrained(bundle.path(name).parent, config)


def _dynamo(
    module: Any,
    args: tuple[Any, ...],
    model: Pretrained,
    outputs: Sequence[TensorSpec],
    opset: int,
    path: Path,
) -> None:
    import torch

    batch, sequence = torch.export.Dim("batch"), torch.export.Dim("sequence", max=model.longest or 1 << 20)
    torch.onnx.export(
        module,
        args,
        path,
        dynamo=True,
        verbose=False,
        external_data=False,
        opset_version=min(max(opset, 18), 25),
        input_names=[spec.name for spec in model.inputs],
        output_names=[spec.name for spec in outputs],
        dynamic_shapes=tuple({0: batch, 1: sequence} for _ in model.inputs),
    )


PLUGINS = (Safetensors(),)
