"""A scikit-learn estimator as what its ONNX form is compared with: its inputs, its outputs, its hard rows."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from hpcfair_kg.artifact import TensorSpec
from hpcfair_kg.formats import trees
from hpcfair_kg.formats.base import Array, Feeds, Reference
from hpcfair_kg.formats.tidy import BATCH

INPUT = "X"


def parts(estimator: Any) -> Iterator[Any]:
    """Yield an estimator and every fitted one inside it."""
    from sklearn.base import BaseEstimator

    seen: set[int] = set()
    waiting = [estimator]
    while waiting:
        item = waiting.pop()
        if id(item) in seen:
            continue
        seen.add(id(item))
        if isinstance(item, BaseEstimator):
            yield item
            waiting.extend(vars(item).values())
        elif isinstance(item, Mapping):
            waiting.extend(item.values())
        elif isinstance(item, (list, tuple)) or (isinstance(item, np.ndarray) and item.dtype.kind == "O"):
            waiting.extend(item)


def inputs(estimator: Any) -> tuple[TensorSpec, ...]:
    """Return what an estimator takes: one table of numbers or texts, or one input for each named column.

    Raises `ValueError` for one that does not say how many features it takes.
    """
    columns = _columns(estimator)
    if columns:
        return tuple(TensorSpec(name, kind, (BATCH, 1)) for name, kind in columns.items())
    first = _first(estimator)
    if hasattr(first, "vocabulary_") or hasattr(first, "analyzer"):
        return (TensorSpec(INPUT, "string", (BATCH, 1)),)
    features = next((p.n_features_in_ for p in (estimator, first) if hasattr(p, "n_features_in_")), None)
    if features is None:
        raise ValueError(f"{type(estimator).__name__} does not say how many features it takes: is it fitted?")
    return (TensorSpec(INPUT, _kind(first), (BATCH, int(features))),)


def _first(estimator: Any) -> Any:
    while hasattr(estimator, "steps"):
        estimator = estimator.steps[0][1]
    return estimator


def _kind(part: Any) -> str:
    """Return the element type that an estimator was fitted to."""
    categories = getattr(part, "categories_", None) or [np.zeros(0)]
    texts = any(np.asarray(values).dtype.kind in "OUS" for values in categories)
    return "string" if texts or hasattr(part, "vocabulary_") else "float32"


def _columns(estimator: Any) -> dict[str, str]:
    """Return the columns, and their types, of a pipeline that chooses columns by their names."""
    names = getattr(estimator, "feature_names_in_", None)
    first = _first(estimator)
    if names is None or not hasattr(first, "transformers_"):
        return {}
    kinds = dict.fromkeys(map(str, names), "float32")
    for _, part, chosen in first.transformers_:
        for name in [chosen] if isinstance(chosen, str) else chosen:
            if name in kinds and hasattr(part, "get_params"):
                kinds[name] = _kind(_first(part))
    return kinds


Face = tuple[str, Callable[[Any], Array]]


def faces(estimator: Any) -> tuple[Face, ...]:
    """Return the outputs of the ONNX form, in order, and how the estimator itself computes each.

    One value a row is a column [batch, 1], except for a classifier's labels [batch].
    """
    from sklearn import base

    if base.is_classifier(estimator):
        if hasattr(estimator, "predict_proba"):
            return ("label", estimator.predict), ("probabilities", _stacked(estimator.predict_proba))
        return ("label", estimator.predict), ("scores", _decisions(estimator))
    if base.is_outlier_detector(estimator):
        return ("label", _column(estimator.predict)), ("scores", _column(estimator.decision_function))
    if base.is_clusterer(estimator) and hasattr(estimator, "transform"):
        return ("label", estimator.predict), ("scores", estimator.transform)
    if hasattr(estimator, "predict_proba"):
        return ("label", _column(estimator.predict)), ("probabilities", estimator.predict_proba)
    if hasattr(estimator, "predict"):
        return (("prediction", _column(estimator.predict)),)
    if hasattr(estimator, "transform"):
        return (("transformed", _dense(estimator.transform)),)
    raise ValueError(f"{type(estimator).__name__} neither predicts nor transforms new rows")


def _column(method: Callable[[Any], Any]) -> Callable[[Any], Array]:
    def call(table: Any) -> Array:
        result = np.asarray(method(table))
        return result.reshape(-1, 1) if result.ndim == 1 else result

    return call


def _stacked(method: Callable[[Any], Any]) -> Callable[[Any], Array]:
    """Several targets give a list of tables, which onnxruntime gives as a sequence: one array of all."""
    return lambda table: np.asarray(method(table))


def _dense(method: Callable[[Any], Any]) -> Callable[[Any], Array]:
    def call(table: Any) -> Array:
        result = method(table)
        return np.asarray(result.toarray() if hasattr(result, "toarray") else result)

    return call


def _decisions(estimator: Any) -> Callable[[Any], Array]:
    """Decision values, a column a class: of two classes skl2onnx gives both signs."""

    def call(table: Any) -> Array:
        values = np.asarray(estimator.decision_function(table))
        return np.stack([-values, values], axis=1) if values.ndim == 1 else values

    return call


class Estimator(Reference):
    """An estimator in scikit-learn."""

    full_precision = True

    def __init__(self, estimator: Any) -> None:
        from threadpoolctl import ThreadpoolController

        self._estimator = estimator
        self._threads = ThreadpoolController()
        self._faces = faces(estimator)
        self.inputs = inputs(estimator)
        self.outputs = tuple(name for name, _ in self._faces)
        self.labels = frozenset({"label"} & set(self.outputs))

    def __call__(self, feeds: Feeds) -> Sequence[Array]:
        """Return predictions, and probabilities or decision values, for rows."""
        table = self._table(feeds)
        with self._threads.limit(limits=1):  # for so few rows, waking threads takes longer than they save
            return [np.asarray(method(table)) for _, method in self._faces]

    def probes(self, seed: int) -> Iterable[Feeds]:
        """Yield rows at the thresholds of trees, rows with gaps, rows like those it was fitted to or between
        the classes of a linear model, rows of its categories.
        """
        if len(self.inputs) > 1 or self.inputs[0].dtype == "string":
            yield from _categories(self._estimator, self.inputs, seed)
            return
        features = int(self.inputs[0].shape[1])
        tested = thresholds(self._estimator)
        if tested:
            table = trees.rows({f: t for f, t in tested.items() if f < features}, features, seed)
            yield {INPUT: table}
            yield {INPUT: trees.with_gaps(table, seed)}
        for found in (_alike(_first(self._estimator), seed), _undecided(self._estimator, seed)):
            if found is not None:
                yield {INPUT: found.astype(np.float32)}

    def _table(self, feeds: Feeds) -> Any:
        if len(self.inputs) == 1:
            table = feeds[self.inputs[0].name]
            if table.dtype.kind == "f":
                return table.astype(
                    np.float64
                )  # some, such as KMeans, take the precision they were fitted in
            text = self.inputs[0].dtype == "string" and self.inputs[0].shape[1] == 1
            return table.ravel() if text and hasattr(_first(self._estimator), "vocabulary_") else table
        import pandas

        return pandas.DataFrame({name: array.ravel() for name, array in feeds.items()})


def thresholds(estimator: Any) -> trees.Thresholds:
    """Return the thresholds of all trees inside an estimator, by feature."""
    pairs: list[tuple[Array, Array]] = []
    for part in parts(estimator):
        if hasattr(part, "tree_"):
            inner = part.tree_.feature >= 0
            pairs.append((part.tree_.feature[inner], part.tree_.threshold[inner]))
        for predictor in (p for stage in getattr(part, "_predictors", ()) for p in stage):
            nodes = predictor.nodes[
                (predictor.nodes["is_leaf"] == 0) & (predictor.nodes["is_categorical"] == 0)
            ]
            pairs.append((nodes["feature_idx"], nodes["num_threshold"]))
    return trees.gathered(pairs)


def _alike(first: Any, seed: int, count: int = 256) -> Array | None:
    """Return rows like those that an estimator was fitted to, as far as it remembers them."""
    rng = np.random.Generator(np.random.PCG64(seed))
    known = next((k for a in _REMEMBERED if (k := getattr(first, a, None)) is not None), None)
    if isinstance(known, np.ndarray) and known.ndim == 2:
        chosen = known[rng.integers(0, len(known), count)]
        return np.asarray(chosen + 0.01 * np.abs(chosen).max(initial=0) * rng.standard_normal(chosen.shape))
    center = next(
        (c for a in ("mean_", "center_", "data_min_") if (c := getattr(first, a, None)) is not None), None
    )
    if center is None:
        return None
    spread = next((s for a in ("scale_", "data_range_") if (s := getattr(first, a, None)) is not None), 1.0)
    return np.asarray(center + spread * rng.standard_normal((count, len(center))))


def _undecided(estimator: Any, seed: int, count: int = 256) -> Array | None:
    """Return rows near the boundaries of a linear classifier: elsewhere its probabilities are 0 and 1, whatever it is."""
    if not all(hasattr(estimator, name) for name in ("coef_", "intercept_", "classes_")):
        return None
    weights, offsets = np.asarray(estimator.coef_), np.asarray(estimator.intercept_)
    if weights.ndim != 2 or offsets.shape != weights.shape[:1]:
        return None
    rng = np.random.Generator(np.random.PCG64(seed))
    first, second = rng.integers(0, len(weights), (2, count))
    apart = (first != second) & (len(weights) > 1)
    normal = weights[first] - apart[:, None] * weights[second]
    offset = offsets[first] - apart * offsets[second]
    rows = rng.standard_normal(normal.shape)
    wanted = 2 * rng.standard_normal(count)
    length = np.maximum((normal**2).sum(axis=1), 1e-12)
    return np.asarray(rows + normal * ((wanted - (rows * normal).sum(axis=1) - offset) / length)[:, None])


_REMEMBERED = ("support_vectors_", "_fit_X", "cluster_centers_", "means_", "theta_")


def _categories(estimator: Any, specs: Sequence[TensorSpec], seed: int) -> Iterator[Feeds]:
    """Yield rows of the categories or words that the parts of a pipeline know."""
    rng = np.random.Generator(np.random.PCG64(seed))
    known = _known(estimator, specs)
    for count in (1, 7, 64):
        feeds: dict[str, Array] = {}
        for spec in specs:
            shape = (count, int(spec.shape[1]))
            if spec.dtype == "string":
                columns = [rng.choice(words, count) for words in known.get(spec.name, [["a"]] * shape[1])]
                feeds[spec.name] = np.array(columns, object).T.reshape(shape)
            else:
                feeds[spec.name] = rng.standard_normal(shape).astype(np.float32)
        yield feeds


def _known(estimator: Any, specs: Sequence[TensorSpec]) -> dict[str, list[Any]]:
    """Return, by input, the values that each of its columns may hold."""
    first = _first(estimator)
    if not hasattr(first, "transformers_"):
        words = getattr(first, "vocabulary_", None)
        return {specs[0].name: [sorted(words)] if words else list(getattr(first, "categories_", []))}
    known: dict[str, list[Any]] = {}
    for _, part, chosen in first.transformers_:
        names = [chosen] if isinstance(chosen, str) else list(chosen)
        head = _first(part)
        if hasattr(head, "categories_"):
            known.update({str(n): [values] for n, values in zip(names, head.categories_, strict=False)})
        elif hasattr(head, "vocabulary_"):
            known[str(names[0])] = [sorted(head.vocabulary_)]
    return known
