"""A pool of small models with known compatible pairs, and the truth about every pair: what runs.

Each model is a real ONNX graph that holds what its signature says: a symbol
that stands twice is asserted to have one size, a tensor has the shape declared.
Some say less than they hold (`inside`, `vocabulary`): only a run shows that.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from itertools import combinations, permutations, product
from pathlib import Path
from typing import Any

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

from hpcfair_kg.artifact import Artifact, File, TensorSpec, Verdict
from hpcfair_kg.errors import HPCFairError
from hpcfair_kg.models import infer

KINDS = {
    "float16": TensorProto.FLOAT16,
    "float32": TensorProto.FLOAT,
    "float64": TensorProto.DOUBLE,
    "int32": TensorProto.INT32,
    "int64": TensorProto.INT64,
    "bool": TensorProto.BOOL,
    "string": TensorProto.STRING,
}
SIZES = (1, 2, 3)


def spec(text: str) -> TensorSpec:
    """Read "x float32 batch 13"; "x float32 ?" is of any rank, "x float32" a scalar."""
    name, dtype, *shape = text.split()
    return TensorSpec(name, dtype, tuple(int(n) if n.isdigit() else n for n in shape))


@dataclass(frozen=True)
class Made:
    """One model of the pool.

    `inside` is the last dimension that an input really has where its signature
    has a symbol, `vocabulary` how many ids an input may be, `gives` the value
    of all outputs.
    """

    name: str
    takes: tuple[TensorSpec, ...]
    gives: tuple[TensorSpec, ...]
    inside: Mapping[str, int] = field(default_factory=dict)
    vocabulary: Mapping[str, int] = field(default_factory=dict)
    value: float = 0.0
    architecture: str | None = None
    task: str | None = None


def made(name: str, takes: str, gives: str, **more: Any) -> Made:
    """Return a model of the pool; tensors are separated by commas."""
    inputs, outputs = (tuple(spec(text) for text in texts.split(",")) for texts in (takes, gives))
    return Made(name, inputs, outputs, **more)


POOL = (
    # encoders and decoders
    made("encoder", "x float32 batch time 13", "memory float32 batch time 32, state float32 batch 32",
         architecture="Encoder", task="translation"),
    made("decoder", "state float32 n 32, memory float32 n t 32", "y float32 n 3",
         architecture="Decoder", task="translation"),
    made("decoder-64", "state float32 n 64, memory float32 n t 64", "y float32 n 3", architecture="Decoder"),
    made("decoder-double", "state float64 n 32, memory float64 n t 32", "y float64 n 3", architecture="Decoder"),
    made("decoder-unnamed", "input_1 float32 n 32, input_2 float32 n t 32", "output_0 float32 n 3"),
    made("decoder-tokens", "state float32 n 32, tokens int64 n u", "logits float32 n u 100", architecture="Decoder"),
    made("encoder-vae", "x float32 batch 20", "mean float32 batch 8, spread float32 batch 8", architecture="Encoder"),
    made("decoder-vae", "z float32 n 8", "reconstructed float32 n 20", architecture="Decoder"),
    made("autoencoder", "x float32 batch 20", "reconstructed float32 batch 20", architecture="Autoencoder"),
    # classifiers on embeddings
    made("sentences", "input_ids int64 b s, attention_mask int64 b s",
         "last_hidden_state float32 b s 48, pooler_output float32 b 48"),
    made("sentences-32", "input_ids int32 b s, attention_mask int32 b s", "embedding float32 b 32"),
    made("sentences-single", "input_ids int64 1 16", "embedding float32 1 48"),
    made("on-embeddings-48", "embedding float32 n 48", "probabilities float32 n 5"),
    made("on-embeddings-32", "embedding float32 n 32", "probabilities float32 n 5"),
    made("on-embeddings-double", "embedding float64 n 48", "probabilities float64 n 5"),
    made("on-embeddings-half", "embedding float16 n 48", "probabilities float16 n 5"),
    made("on-hidden-states", "last_hidden_state float32 n s 48", "tags float32 n s 9"),
    made("pool-hidden", "hidden float32 n s 48, attention_mask int64 n s", "embedding float32 n 48"),
    made("similarity", "left float32 n d, right float32 n d", "cosine float32 n"),
    # images
    made("image-features", "image float32 b 3 32 32", "features float32 b 64"),
    made("image-classifier", "image float32 b 3 32 32", "label int64 b, probabilities float32 b 10"),
    made("image-encoder", "image float32 b 3 32 32", "latent float32 b 16 8 8", architecture="Encoder"),
    made("image-decoder", "latent float32 b 16 8 8", "image float32 b 3 32 32", architecture="Decoder"),
    made("image-decoder-8", "latent float32 b 8 8 8", "image float32 b 3 32 32", architecture="Decoder"),
    made("grey", "image float32 b 3 h w", "image_grey float32 b 1 h w"),
    made("grey-classifier", "image float32 b 1 28 28", "probabilities float32 b 10"),
    made("channels-last", "image float32 b 32 32 3", "probabilities float32 b 10"),
    made("on-features-64", "features float32 n 64", "probabilities float32 n 10"),
    # tables
    made("forest", "X float32 batch 4", "label int64 batch, probabilities float32 batch 3"),
    made("regressor", "X float32 batch 13", "variable float32 batch 1"),
    made("stacker", "p float32 n 3", "label int64 n"),
    made("calibrator", "probabilities float32 n 3", "calibrated float32 n 3"),
    made("calibrator-10", "probabilities float32 n 10", "calibrated float32 n 10"),
    made("scaler", "X float32 batch 4", "scaled float32 batch 4"),
    made("label-names", "label int64 n", "name string n"),
    made("by-name", "name string n", "length int64 n"),
    made("thresholds", "value float32 n 1", "above bool n 1"),
    made("voters", "above bool n k", "vote bool n"),
    # sequences
    made("forecaster", "history float32 b t 1", "forecast float32 b 24"),
    made("anomaly", "window float32 n 24", "score float32 n"),
    made("smoother", "series float32 n t", "smooth float32 n t"),
    made("generator", "prompt int64 b s", "generated int64 b s", value=30_000),
    made("generator-32", "prompt int32 b s", "generated int32 b s"),
    made("small-vocabulary", "ids int64 n s", "embedding float32 n s 48", vocabulary={"ids": 50}),
    # what is inconsistent, means nothing, or says too little
    made("five-and-seven", "x float32 batch 6", "five float32 batch 5, seven float32 batch 7"),
    made("two-alike", "a float32 n d, b float32 n d", "y float32 n d"),
    made("two-different", "a float32 n d, b float32 n e", "y float32 n d"),
    made("square", "kernel float32 n n", "trace float32"),
    made("nameless", "input float32 n 3", "output float32 n 3"),
    made("hidden-width", "x float32 n d", "y float32 n 2", inside={"x": 32}),
    made("hidden-window", "x float32 n t 48", "y float32 n 2"),
    made("single-batch", "x float32 1 32", "y float32 1 2"),
    made("loss", "prediction float32 n 3, target float32 n 3", "loss float32"),
    made("any-rank", "x float32 ?", "total float32"),
    made("scheduler", "loss float32", "rate float32"),
)  # fmt: skip


def save(model: Made, folder: Path) -> Path:
    """Write a model as ONNX that holds its signature."""
    nodes: list[Any] = []
    weights: list[Any] = []
    dimensions = _dimensions(model, nodes, weights)
    zeros = [*_asserted(dimensions, nodes, weights), *_insides(model, nodes, weights)]
    sizes = {symbol: names[0] for symbol, names in dimensions.items()}
    for output in model.gives:
        _filled(output, model.value, sizes, zeros, nodes, weights)
    graph = helper.make_graph(nodes, "g", [_info(one) for one in model.takes], [_info(one) for one in model.gives], weights)  # fmt: skip
    path = folder / f"{model.name}.onnx"
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=8), path)
    return path


def _info(one: TensorSpec) -> Any:
    return helper.make_tensor_value_info(
        one.name, KINDS[one.dtype], None if one.shape == ("?",) else one.shape
    )


def _constant(name: str, value: Any, weights: list[Any]) -> str:
    weights.append(numpy_helper.from_array(np.array(value), name))
    return name


def _dimensions(model: Made, nodes: list[Any], weights: list[Any]) -> dict[str, list[str]]:
    """Return, for each symbol of the inputs, the tensors [size] of everywhere that it stands."""
    found: dict[str, list[str]] = {}
    for one in model.takes:
        nodes.append(helper.make_node("Shape", [one.name], [f"{one.name}/shape"]))
        for axis, size in enumerate(one.shape):
            if isinstance(size, str) and size != "?":
                index = _constant(f"{one.name}/{axis}", [axis], weights)
                nodes.append(
                    helper.make_node("Gather", [f"{one.name}/shape", index], [f"{one.name}/size{axis}"])
                )
                found.setdefault(size, []).append(f"{one.name}/size{axis}")
    return found


def _asserted(dimensions: Mapping[str, Sequence[str]], nodes: list[Any], weights: list[Any]) -> Iterator[str]:
    """Yield zeros [1] that cannot be had when a symbol has two sizes: there is one element to gather."""
    zero = _constant("zero", np.zeros(1, np.float32), weights)
    for first, *others in dimensions.values():
        for other in others:
            name = f"{first}={other}"
            nodes.append(helper.make_node("Sub", [first, other], [f"{name}/by"]))
            nodes.append(helper.make_node("Abs", [f"{name}/by"], [f"{name}/apart"]))
            nodes.append(helper.make_node("Gather", [zero, f"{name}/apart"], [name]))
            yield name


def _insides(model: Made, nodes: list[Any], weights: list[Any]) -> Iterator[str]:
    """Yield scalars of what the inputs are really used for."""
    for name, width in model.inside.items():
        weight = _constant(f"{name}/weight", np.zeros((width, 1), np.float32), weights)
        nodes.append(helper.make_node("MatMul", [name, weight], [f"{name}/product"]))
        nodes.append(helper.make_node("ReduceSum", [f"{name}/product"], [f"{name}/inside"], keepdims=0))
        yield f"{name}/inside"
    for name, count in model.vocabulary.items():
        table = _constant(f"{name}/table", np.zeros((count, 1), np.float32), weights)
        nodes.append(helper.make_node("Gather", [table, name], [f"{name}/rows"]))
        nodes.append(helper.make_node("ReduceSum", [f"{name}/rows"], [f"{name}/inside"], keepdims=0))
        yield f"{name}/inside"


def _filled(
    output: TensorSpec, value: float, sizes: Mapping[str, str], zeros: Sequence[str], nodes: list[Any], weights: list[Any]
) -> None:  # fmt: skip
    """Add an output of its shape, full of one value, that rests on all the zeros."""
    parts = [
        sizes[size] if isinstance(size, str) else _constant(f"{output.name}/{axis}=", [size], weights)
        for axis, size in enumerate(output.shape)
    ]
    terms = [_constant(f"{output.name}/value", np.float32(value), weights), *zeros]
    nodes.append(helper.make_node("Sum", terms, [f"{output.name}/sum"]))
    nodes.append(helper.make_node("ReduceSum", [f"{output.name}/sum"], [f"{output.name}/one"], keepdims=0))
    nodes.append(helper.make_node("Cast", [f"{output.name}/one"], [f"{output.name}/cast"], to=KINDS[output.dtype]))  # fmt: skip
    shape = f"{output.name}/shape="
    if parts:
        nodes.append(helper.make_node("Concat", parts, [shape], axis=0))
    else:
        _constant(shape, np.zeros(0, np.int64), weights)
    nodes.append(helper.make_node("Expand", [f"{output.name}/cast", shape], [output.name]))


class Tried:
    """The pool as files that are run; `truth` tells which models really run after which."""

    def __init__(self, folder: Path, pool: Sequence[Made] = POOL) -> None:
        self.pool = {model.name: model for model in pool}
        self._results: dict[tuple[str, tuple[int, ...]], Sequence[Mapping[str, Any]]] = {}
        self.sessions = {model.name: infer.load(save(model, folder), threads=1) for model in pool}

    @cached_property
    def artifacts(self) -> dict[str, Artifact]:
        """The models as the catalogue has them, by name: what onnxruntime says they take and give."""
        return {name: self._artifact(number, name) for number, name in enumerate(self.pool)}

    @cached_property
    def truth(self) -> dict[tuple[str, str], bool]:
        """For each pair that runs, whether every input of the second was fed by the first."""
        pairs = [(a, b) for a, b in product(self.pool, repeat=2) if a != b]
        found = {(a, b): self._runs(self._given(a, self._sizes(a, b)), b) for a, b in pairs}
        return {pair: whole for pair, whole in found.items() if whole is not None}

    def _artifact(self, number: int, name: str) -> Artifact:
        inputs, outputs = infer.signature(self.sessions[name])
        key, model = f"{number:08d}x", self.pool[name]
        return Artifact(
            f"http://x/ark:/99999/{key}", key, "ada", name, status="ready", inputs=inputs, outputs=outputs,
            files=(File("m.onnx", "onnx", "original", 1, f"{number:064x}"),), verdict=Verdict("consistent"),
            architecture=model.architecture, task=model.task, created=f"2026-01-01T00:00:{number:02d}Z",
        )  # fmt: skip

    def _sizes(self, first: str, second: str) -> tuple[int, ...]:
        """Return the sizes to try for the symbols of the first model: among them those that either fixes."""
        ends = (*self.pool[first].gives, *self.pool[second].takes)
        return tuple(sorted({*SIZES, *(n for one in ends for n in one.shape if isinstance(n, int))}))

    def _given(self, name: str, sizes: tuple[int, ...]) -> Sequence[Mapping[str, Any]]:
        """Return what a model gives when its symbols have these sizes, all of them that it runs with."""
        if (name, sizes) not in self._results:
            model = self.pool[name]
            symbols = sorted({n for one in model.takes for n in one.shape if isinstance(n, str)})
            every = (
                dict(zip(symbols, chosen, strict=True)) for chosen in product(sizes, repeat=len(symbols))
            )
            runs = (self._run(name, _samples(model, model.takes, chosen)) for chosen in every)
            self._results[name, sizes] = [given for given in runs if given is not None]
        return self._results[name, sizes]

    def _run(self, name: str, feeds: Mapping[str, Any]) -> Mapping[str, Any] | None:
        try:
            return infer.run(self.sessions[name], feeds)
        except HPCFairError:
            return None

    def _runs(self, given: Sequence[Mapping[str, Any]], name: str) -> bool | None:
        """Run a model in every way on what another one gave; None where it never runs."""
        inputs = self.pool[name].takes
        for count in range(len(inputs), 0, -1):
            for taken, outputs in product(combinations(inputs, count), given):
                for chosen in permutations(outputs, count):
                    fed = {one.name: outputs[other] for one, other in zip(taken, chosen, strict=True)}
                    if self._runs_on(name, fed):
                        return count == len(inputs)
        return None

    def _runs_on(self, name: str, fed: Mapping[str, Any]) -> bool:
        model = self.pool[name]
        if any(fed[one.name].dtype != _dtype(one) for one in model.takes if one.name in fed):
            return False  # ONNX casts nothing by itself; infer.run would
        sizes = dict.fromkeys((n for one in model.takes for n in one.shape if isinstance(n, str)), 2)
        for one in model.takes:
            if one.name in fed:
                sizes |= {n: size for n, size in zip(one.shape, fed[one.name].shape, strict=False) if isinstance(n, str)}  # fmt: skip
        left = [one for one in model.takes if one.name not in fed]
        return self._run(name, {**fed, **_samples(model, left, sizes)}) is not None


def _dtype(one: TensorSpec) -> Any:
    return np.dtype(object if one.dtype == "string" else one.dtype)


def _samples(model: Made, inputs: Sequence[TensorSpec], sizes: Mapping[str, int]) -> dict[str, Any]:
    def size(one: TensorSpec, axis: int) -> int:
        said = one.shape[axis]
        if axis == len(one.shape) - 1 and one.name in model.inside:
            return model.inside[one.name]
        return said if isinstance(said, int) else sizes[said]

    shapes = {one.name: [size(one, axis) for axis in range(len(one.shape))] for one in inputs}
    full = {one.name: "" if one.dtype == "string" else 0 for one in inputs}
    return {one.name: np.full(shapes[one.name], full[one.name], _dtype(one)) for one in inputs}
