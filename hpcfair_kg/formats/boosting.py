"""Boosted trees in their own text formats: XGBoost's JSON and UBJSON, LightGBM's text."""

from __future__ import annotations

import json
import re
from abc import abstractmethod
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any, ClassVar

import numpy as np

from hpcfair_kg.artifact import TensorSpec
from hpcfair_kg.errors import CorruptFile
from hpcfair_kg.formats import trees, ubjson
from hpcfair_kg.formats.architecture import Told
from hpcfair_kg.formats.base import Array, Bundle, Convertible, Exporter, Feeds, Inspection, Reference
from hpcfair_kg.formats.tidy import BATCH, tidy

INPUT = "X"
_LOWEST, _HIGHEST = 9, 15
"""The opsets between which onnxmltools writes what onnxruntime runs; `tidy` raises them."""
_XGBOOST = re.compile(
    rb'\s*\{\s*("version"\s*:\s*\[[\d,\s]+\]\s*,\s*)?"learner"\s*:\s*\{|\{[iUIlL].{0,8}learner\{', re.DOTALL
)
_LIGHTGBM = re.compile(rb"\s*tree\r?\n(\w+(=.*)?\r?\n)*?version=v\d")
_ZERO = np.float32(1e-35)
"""LightGBM reads everything up to this size as zero (meta.h, kZeroThreshold)."""
_TUNED = ("learning_rate", "num_leaves", "max_depth", "num_iterations", "min_data_in_leaf", "lambda_l1",
          "lambda_l2", "feature_fraction", "bagging_fraction", "boosting", "max_bin", "seed")  # fmt: skip


class Boosted(Convertible):
    """What both libraries have in common."""

    rank: ClassVar[int] = 30
    extra: ClassVar[str] = "boosting"
    family: ClassVar[str] = "boosting"

    @staticmethod
    def signature(features: int) -> tuple[TensorSpec, ...]:
        """Return the one input: a table of float32."""
        return (TensorSpec(INPUT, "float32", (BATCH, features)),)


class XGBoost(Boosted):
    """An XGBoost model that Booster.save_model wrote, as JSON or UBJSON."""

    name: ClassVar[str] = "xgboost-json"
    framework: ClassVar[str | None] = "xgboost"
    media_type: ClassVar[str] = "application/json"
    needs: ClassVar[tuple[str, ...]] = ("xgboost", "onnxmltools", "skl2onnx", "onnxruntime")
    preload: ClassVar[tuple[str, ...]] = (
        "xgboost",
        "onnxmltools",
        "onnxruntime",
        "hpcfair_kg.models.convert",
    )

    def claims(self, bundle: Bundle) -> tuple[str, ...]:
        """Return the JSON documents with a learner; one that is cut off is corrupt."""
        found = [name for name in bundle.names if _XGBOOST.match(bundle.head(name, 256))]
        return tuple(name for name in found if "learner" in _document(bundle, name))

    def inspect(self, bundle: Bundle, names: Sequence[str]) -> Inspection:
        """Read objective, features and trees from the document, without XGBoost."""
        document = _document(bundle, names[0])
        try:
            return _xgboost_inspection(document, names[0])
        except (KeyError, TypeError, ValueError, AttributeError) as exc:
            raise CorruptFile(f"{names[0]} is an XGBoost model with parts missing: {exc!r}") from exc

    def exporters(self, bundle: Bundle, names: Sequence[str], opset: int) -> Iterable[tuple[str, Exporter]]:
        """Yield onnxmltools."""
        document = _document(bundle, names[0])
        yield "onnxmltools", partial(_export_xgboost, bundle.path(names[0]), document, opset)

    def reference(self, bundle: Bundle, names: Sequence[str]) -> Reference:
        """Load the booster with XGBoost."""
        return XGBoostBooster(bundle.path(names[0]), _document(bundle, names[0]))


class LightGBM(Boosted):
    """A LightGBM model that Booster.save_model wrote."""

    name: ClassVar[str] = "lightgbm-txt"
    framework: ClassVar[str | None] = "lightgbm"
    media_type: ClassVar[str] = "text/plain"
    needs: ClassVar[tuple[str, ...]] = ("lightgbm", "onnxmltools", "skl2onnx", "onnxruntime")
    preload: ClassVar[tuple[str, ...]] = (
        "lightgbm",
        "onnxmltools",
        "onnxruntime",
        "hpcfair_kg.models.convert",
    )

    def claims(self, bundle: Bundle) -> tuple[str, ...]:
        """Return the texts that begin as LightGBM's; one without its last tree is corrupt."""
        found = tuple(name for name in bundle.names if _LIGHTGBM.match(bundle.head(name, 4096)))
        for name in found:
            if b"\nend of trees" not in bundle.path(name).read_bytes():
                raise CorruptFile(f"{name} is a LightGBM model and cut off: it has no 'end of trees'")
        return found

    def inspect(self, bundle: Bundle, names: Sequence[str]) -> Inspection:
        """Read objective, features and trees from the text, without LightGBM."""
        text = bundle.path(names[0]).read_text()
        fields = dict(re.findall(r"^(\w+)=(.*?)\r?$", text.partition("\nTree=")[0], re.MULTILINE))
        tuned = dict(re.findall(r"^\[(\w+): (.*?)\]\r?$", text, re.MULTILINE))
        leaves = [int(n) for n in re.findall(r"^num_leaves=(\d+)", text, re.MULTILINE)]
        try:
            features = int(fields["max_feature_idx"]) + 1
        except (KeyError, ValueError) as exc:
            raise CorruptFile(
                f"{names[0]} is a LightGBM model that does not say its max_feature_idx"
            ) from exc
        parameters = {"objective": fields.get("objective", ""), "trees": len(leaves)}
        return Inspection(
            inputs=self.signature(features),
            framework=self.framework,
            parameters=sum(2 * n - 1 for n in leaves),
            hyperparameters=parameters | {k: _number(tuned[k]) for k in _TUNED if k in tuned},
            hyperparameters_from=names[0],
        ).recognised(_lightgbm_told(text, len(leaves), names[0]))

    def exporters(self, bundle: Bundle, names: Sequence[str], opset: int) -> Iterable[tuple[str, Exporter]]:
        """Yield onnxmltools, then the same with float64 thresholds rounded down to what float32 holds."""
        text = bundle.path(names[0]).read_text()
        yield "onnxmltools", partial(_export_lightgbm, text, opset)
        yield (
            "onnxmltools, thresholds rounded down to float32: exact for float32 inputs",
            partial(_export_lightgbm, _rounded(text), opset),
        )

    def reference(self, bundle: Bundle, names: Sequence[str]) -> Reference:
        """Load the booster with LightGBM."""
        return LightGBMBooster(bundle.path(names[0]).read_text())


class Booster(Reference):
    """A booster's predictions: label and probabilities of a classifier, else one value a target."""

    full_precision = True
    classes = 0
    features = 0

    def _describe(self) -> None:
        self.inputs = Boosted.signature(self.features)
        self.outputs = ("label", "probabilities") if self.classes else ("prediction",)
        self.labels = frozenset({"label"} & set(self.outputs))

    def __call__(self, feeds: Feeds) -> Sequence[Array]:
        """Return label and probabilities, or predictions [batch, targets]."""
        values = self.predict(feeds[INPUT])
        if not self.classes:
            return [values.reshape(len(feeds[INPUT]), -1)]
        if values.ndim == 1:
            values = np.stack([1 - values, values], axis=1)
        return [values.argmax(axis=1), values]

    @abstractmethod
    def predict(self, table: Array) -> Array:
        """Return what the library predicts for rows."""

    @abstractmethod
    def thresholds(self) -> trees.Thresholds:
        """Return the thresholds of the trees by feature."""

    def probes(self, seed: int) -> Iterator[Feeds]:
        """Yield rows at the thresholds, and the same with values missing."""
        table = trees.rows(self.thresholds(), self.features, seed)
        yield {INPUT: table}
        yield {INPUT: trees.with_gaps(table, seed)}


class XGBoostBooster(Booster):
    """A booster in XGBoost."""

    def __init__(self, path: Path, document: Mapping[str, Any]) -> None:

        self._booster = _xgboost(path, document)
        self._booster.set_param({"nthread": 1})
        self._document = document
        self.features = self._booster.num_features()
        objective = document["learner"]["objective"]["name"]
        classes = int(document["learner"]["learner_model_param"]["num_class"])
        self.classes = classes or (2 if objective == "binary:logistic" else 0)
        self._describe()

    def predict(self, table: Array) -> Array:
        """Return XGBoost's own predictions; it computes in float32."""
        return np.asarray(self._booster.inplace_predict(table, validate_features=False))

    def thresholds(self) -> trees.Thresholds:
        """Return the split conditions of the inner nodes."""
        return trees.gathered(
            (np.array(tree["split_indices"])[inner], np.array(tree["split_conditions"])[inner])
            for tree in _xgboost_trees(self._document)
            if len(inner := np.flatnonzero(np.array(tree["left_children"]) >= 0))
        )


class LightGBMBooster(Booster):
    """A booster in LightGBM."""

    def __init__(self, text: str) -> None:
        import lightgbm

        self._booster = lightgbm.Booster(model_str=text)
        self._text = text
        self.features = self._booster.num_feature()
        objective = (re.findall(r"^objective=(\w+)", text, re.MULTILINE) or [""])[0]
        classes = int((re.findall(r"^num_class=(\d+)", text, re.MULTILINE) or ["1"])[0])
        self.classes = max(classes, 2) if objective in ("binary", "multiclass", "multiclassova") else 0
        self._describe()

    def predict(self, table: Array) -> Array:
        """Return LightGBM's own predictions, float64."""
        return np.asarray(self._booster.predict(table.astype(np.float64), num_threads=1))

    def thresholds(self) -> trees.Thresholds:
        """Return the thresholds written in the text; those of categories are harmless among them."""
        features = re.findall(r"^split_feature=(.*)$", self._text, re.MULTILINE)
        values = re.findall(r"^threshold=(.*)$", self._text, re.MULTILINE)
        return trees.gathered(
            (np.array(f.split(), np.int64), np.array(v.split(), np.float64))
            for f, v in zip(features, values, strict=True)
        )


def _document(bundle: Bundle, name: str) -> dict[str, Any]:
    """Parse an XGBoost document; raises `CorruptFile` when it ends too early."""
    data = bundle.path(name).read_bytes()
    try:
        found = json.loads(data) if data.lstrip()[1:].lstrip()[:1] == b'"' else ubjson.loads(data)
    except (ValueError, RecursionError) as exc:
        raise CorruptFile(f"{name} begins as an XGBoost model and is cut off or damaged: {exc}") from exc
    return found if isinstance(found, dict) else {}


def _xgboost_inspection(document: Mapping[str, Any], file: str) -> Inspection:
    learner = document["learner"]
    features = int(learner["learner_model_param"]["num_feature"])
    grown = list(_xgboost_trees(document))
    version = ".".join(map(str, document.get("version", ())))
    booster = learner["gradient_booster"]["name"]
    return Inspection(
        inputs=Boosted.signature(features),
        framework=XGBoost.framework,
        parameters=sum(len(tree["split_conditions"]) for tree in grown) or None,
        hyperparameters={"objective": learner["objective"]["name"], "booster": booster, "trees": len(grown)},
        hyperparameters_from=file,
        notes=(f"written by XGBoost {version}",) if version else (),
    ).recognised(_xgboost_told(document, len(grown), file))


def _xgboost_told(document: Mapping[str, Any], trees: int, file: str) -> Told | None:
    """Tell boosted trees; several that all grew in the one round there was correct nothing and are a forest."""
    if not trees:
        return None
    booster = document["learner"]["gradient_booster"]
    model = booster.get("gbtree", booster)["model"]
    parallel = int(model["gbtree_model_param"].get("num_parallel_tree", 1))
    if parallel > 1 and len(model.get("iteration_indptr", ())) == 2:
        return Told("RandomForest", f"{booster['name']} of {trees} trees and one round in {file}")
    return Told("GradientBoosting", f"{booster['name']} of {trees} trees in {file}")


def _lightgbm_told(text: str, trees: int, file: str) -> Told:
    if re.search(r"^average_output\r?$", text.partition("\nTree=")[0], re.MULTILINE):
        return Told("RandomForest", f"{trees} trees with average_output in {file}")
    return Told("GradientBoosting", f"LightGBM of {trees} trees in {file}")


def _xgboost_trees(document: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    """Yield the trees of a booster; dart keeps its own inside a gbtree."""
    booster = document["learner"]["gradient_booster"]
    yield from booster.get("gbtree", booster).get("model", {}).get("trees", ())


def _number(text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError:
        return text


def _xgboost(path: Path, document: Mapping[str, Any]) -> Any:
    """Load a booster; one that predicts the class alone is made to predict the probabilities of all."""
    import xgboost

    booster = xgboost.Booster()
    booster.load_model(bytearray(path.read_bytes()))
    if document["learner"]["objective"]["name"] == "multi:softmax":
        booster.set_param({"objective": "multi:softprob"})
    return booster


def _export_xgboost(path: Path, document: Mapping[str, Any], opset: int, target: Path) -> None:
    import onnxmltools

    kind = document["learner"]["gradient_booster"]["name"]
    if kind != "gbtree":
        raise ValueError(f"boosters of trees (gbtree) are converted, and this one is {kind}")
    booster = _xgboost(path, document)
    booster.feature_names = None  # onnxmltools takes no other than f0, f1, …
    model = onnxmltools.convert_xgboost(
        booster, initial_types=_types(booster.num_features()), target_opset=_target(opset)
    )
    _save(model, opset, target)


def _export_lightgbm(text: str, opset: int, target: Path) -> None:
    import lightgbm
    import onnxmltools

    booster = lightgbm.Booster(model_str=text)
    model = onnxmltools.convert_lightgbm(
        booster,
        initial_types=_types(booster.num_feature()),
        target_opset=_target(opset),
        zipmap=False,
    )
    _save(model, opset, target)


def _target(opset: int) -> int:
    return min(max(opset, _LOWEST), _HIGHEST)


def _types(features: int) -> list[tuple[str, Any]]:
    from onnxmltools.convert.common.data_types import FloatTensorType

    return [(INPUT, FloatTensorType([None, features]))]


def _save(model: Any, opset: int, target: Path) -> None:
    import onnx

    onnx.save(tidy(model, opset, {"variable": "prediction"}), target)


def _rounded(text: str) -> str:
    """Return LightGBM's text with thresholds that float32 holds; the sizes of the trees are dropped with it.

    What LightGBM takes for zero is not below -1e-35 either.
    """

    def line(match: re.Match[str]) -> str:
        values = trees.rounded_down(np.array(match[1].split(), np.float64))
        values[values == -_ZERO] = np.nextafter(-_ZERO, np.float32(-1))
        return "threshold=" + " ".join(repr(float(value)) for value in values)

    text = re.sub(r"^tree_sizes=.*\n", "", text, flags=re.MULTILINE)
    return re.sub(r"^threshold=(.*)$", line, text, flags=re.MULTILINE)


PLUGINS = (XGBoost(), LightGBM())
