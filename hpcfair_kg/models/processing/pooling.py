"""The vectors of a text's tokens become one, as the modules.json of sentence-transformers says (https://sbert.net)."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import ClassVar, Final

import numpy as np

from hpcfair_kg.artifact import Processing, TensorSpec
from hpcfair_kg.errors import CorruptFile
from hpcfair_kg.models.processing.base import Apply, Array, Kind, Signature, Values, is_float, only
from hpcfair_kg.models.processing.beside import Beside, Document, spoken

SMALLEST: Final = 1e-9
"""What sentence-transformers divides by at least."""
SHORTEST: Final = 1e-12
"""The norm that torch.nn.functional.normalize divides by at least."""


def _cls(vectors: Array, mask: Array) -> Array:
    first: Array = vectors[np.arange(len(vectors)), (mask[..., 0] > 0).argmax(axis=1)]
    return first


def _mean(vectors: Array, mask: Array) -> Array:
    mean: Array = (vectors * mask).sum(axis=1) / np.maximum(mask.sum(axis=1), SMALLEST)
    return mean


def _mean_sqrt(vectors: Array, mask: Array) -> Array:
    mean: Array = (vectors * mask).sum(axis=1) / np.sqrt(np.maximum(mask.sum(axis=1), SMALLEST))
    return mean


def _max(vectors: Array, mask: Array) -> Array:
    highest: Array = np.where(
        mask > 0, vectors, vectors.dtype.type(-1e4 if vectors.itemsize == 2 else -1e9)
    ).max(axis=1)
    return highest


MODES: Final[Mapping[str, tuple[str, Callable[[Array, Array], Array]]]] = {
    "pooling_mode_cls_token": ("cls", _cls),
    "pooling_mode_mean_tokens": ("mean", _mean),
    "pooling_mode_max_tokens": ("max", _max),
    "pooling_mode_mean_sqrt_len_tokens": ("mean_sqrt_len", _mean_sqrt),
}
_BY_NAME: Final = dict(MODES.values())


class Pooling(Kind):
    """One vector a text: the mean, the greatest or the first of those of its tokens, of length one where that is said."""

    name: ClassVar[str] = "pooling"
    rank: ClassVar[int] = 50

    def found(self, beside: Beside) -> Iterator[Processing]:
        """Yield the pooling that stands between the transformer and the end of modules.json."""
        listed = beside.find("modules.json")
        if listed is None:
            return
        modules = list(_modules(beside, listed))
        kinds = [kind for kind, _ in modules]
        if kinds not in (["Transformer", "Pooling"], ["Transformer", "Pooling", "Normalize"]):
            raise CorruptFile(
                f"{listed} lists {', '.join(kinds) or 'nothing'}; Transformer, Pooling, Normalize is applied"
            )
        file = str(Path(listed).parent / modules[1][1] / "config.json")
        if file not in beside.bundle.names:
            raise CorruptFile(f"{listed} names {spoken(file)}, which is not there")
        settings = {"mode": _mode(beside.read(file)), "normalize": kinds[-1] == "Normalize"}
        yield Processing(self.name, "after", file, settings=settings)

    def fitted(self, step: Processing, model: Signature) -> Processing:
        """Return the step fitted to the output that has a vector for each token."""
        vectors = [spec for spec in model.outputs if is_float(spec) and len(spec.shape) == 3]
        states = only(vectors, "last_hidden_state", "token_embeddings")
        if states is None or not any(spec.name == "attention_mask" for spec in model.inputs):
            return replace(step, takes=(), gives=())
        gives = model.free("sentence_embedding", "pooled_embedding")
        return replace(step, takes=tuple(sorted(("attention_mask", states.name))), gives=(gives,))

    def spoken(self, step: Processing, model: Signature) -> tuple[TensorSpec, ...]:
        """Return the embedding: one vector a text."""
        states = next(spec for spec in model.outputs if spec.name in step.takes)
        shape = (states.shape[0], states.shape[2])
        return tuple(TensorSpec(name, states.dtype, shape) for name in step.gives)

    def load(self, step: Processing, folder: Path, model: Signature) -> Apply:
        """Return the pooling; its file is read already."""
        states = next(name for name in step.takes if name != "attention_mask")
        pool = _BY_NAME[step.settings["mode"]]

        def apply(values: Values) -> dict[str, Array]:
            vectors = np.asarray(values[states])
            mask = np.asarray(values["attention_mask"])[..., None].astype(vectors.dtype)
            pooled = pool(vectors, mask)
            if step.settings["normalize"]:
                lengths = np.sqrt((pooled * pooled).sum(axis=1, keepdims=True))
                pooled = pooled / np.maximum(lengths, SHORTEST)
            return {step.gives[0]: pooled.astype(vectors.dtype, copy=False)}

        return apply


def _modules(beside: Beside, file: str) -> Iterator[tuple[str, str]]:
    """Yield the class and the folder of each module."""
    listed = beside.json(file)
    if not isinstance(listed, list) or len(listed) > 20 or not all(isinstance(m, dict) for m in listed):
        raise CorruptFile(f"{file} is no list of modules")
    for entry in listed:
        module = Document(file, entry)
        yield (module.text("type") or "").rpartition(".")[2], module.text("path") or ""


def _mode(said: Document) -> str:
    if (named := said.text("pooling_mode")) is not None:
        chosen = [named] if named in _BY_NAME else []
    else:
        chosen = [name for key, (name, _) in MODES.items() if said.flag(key)]
    others = [key for key, value in said.members.items() if key.startswith("pooling_mode_") and value is True]
    if len(chosen) != 1 or len(others) > 1:
        raise CorruptFile(f"{said.file} pools in a way that is not applied; one of {', '.join(_BY_NAME)} is")
    return chosen[0]


PLUGINS = (Pooling(),)
