"""What a skops file says of the estimator in it, read as the JSON that it is (skops.io, protocol 2)."""

from __future__ import annotations

import json
import re
import zipfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from hpcfair_kg.errors import CorruptFile

_SCALARS = (str, int, float, bool)
CLASSES = {
    "GradientBoosting": "(Hist)?GradientBoosting(Classifier|Regressor)",
    "RandomForest": "(RandomForest|ExtraTrees)(Classifier|Regressor)",
    "DecisionTree": "(DecisionTree|ExtraTree)(Classifier|Regressor)",
    "SupportVectorMachine": "(Linear|Nu)?SV[CR]|OneClassSVM",
    "LogisticRegressionModel": "LogisticRegression(CV)?",
    "LinearRegressionModel": "LinearRegression|(Bayesian)?Ridge(CV)?|(MultiTask)?(Lasso|ElasticNet)(CV)?|Lars(CV)?"
    "|LassoLars(CV|IC)?|ARDRegression|(Huber|TheilSen|Quantile)Regressor",
    "GeneralizedLinearModel": "(Poisson|Gamma|Tweedie)Regressor",
    "MultilayerPerceptron": "MLP(Classifier|Regressor)",
}
"""Classes of models, and the classes of scikit-learn that are each of them for certain."""


@dataclass(frozen=True)
class Described:
    """An estimator as its schema describes it: for a pipeline, of its last step."""

    name: str
    version: str | None
    features: int | None
    parameters: Mapping[str, Any] = field(default_factory=dict)

    @property
    def architecture(self) -> str | None:
        """The class of model that the estimator's own class is, or None."""
        return next((kind for kind, names in CLASSES.items() if re.fullmatch(names, self.name)), None)


def read(path: Path, name: str) -> Described:
    """Read the schema of a skops file; raises `CorruptFile` when there is none that can be read."""
    try:
        with zipfile.ZipFile(path) as archive:
            return _described(json.loads(archive.read("schema.json")))
    except (
        zipfile.BadZipFile,
        KeyError,
        ValueError,
        TypeError,
        AttributeError,
        RecursionError,
        OSError,
    ) as exc:
        raise CorruptFile(f"{name} is a skops file whose schema.json cannot be read: {exc}") from exc


def _described(schema: Mapping[str, Any]) -> Described:
    steps = list(_steps(schema))
    last = steps[-1][1] if steps else schema
    parameters = dict(_parameters(schema)) if not steps else {}
    for step, node in steps:
        parameters |= {f"{step}__{key}": value for key, value in _parameters(node)}
    heads = [_state(schema), *(_state(node) for _, node in steps)]
    return Described(
        _class(last),
        next((v for h in heads if (v := _plain(h.get("_sklearn_version")))), None),
        next((n for h in heads if isinstance(n := _plain(h.get("n_features_in_")), int)), None),
        {"estimator": _class(last), **parameters},
    )


def _class(node: Mapping[str, Any]) -> str:
    return str(node.get("__class__", ""))


def _state(node: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return the attributes of an object, each as the node that stands for it."""
    content = node.get("content")
    inner = content.get("content") if isinstance(content, dict) else None
    return inner if isinstance(inner, dict) else {}


def _steps(node: Mapping[str, Any]) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Yield the named steps of a pipeline, those of pipelines inside it too."""
    for entry in _state(node).get("steps", {}).get("content", []):
        name, step = entry["content"]
        inner = list(_steps(step))
        yield from ((f"{_plain(name)}__{n}", s) for n, s in inner) if inner else ((str(_plain(name)), step),)


def _parameters(node: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    """Yield the constructor's parameters that are plain values; fitted attributes end in "_"."""
    for key, inner in _state(node).items():
        value = _plain(inner)
        if not key.startswith("_") and not key.endswith("_") and isinstance(value, _SCALARS):
            yield key, value


def _plain(node: Any) -> Any:
    if not isinstance(node, dict) or not node.get("is_json"):
        return None
    return json.loads(node["content"])
