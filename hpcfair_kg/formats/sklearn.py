"""scikit-learn's estimators as skops files: read as JSON, converted by skl2onnx, compared at their thresholds."""

from __future__ import annotations

import copy
import zipfile
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any, ClassVar

import numpy as np

from hpcfair_kg.artifact import TensorSpec
from hpcfair_kg.errors import CorruptFile
from hpcfair_kg.formats import skops, trees
from hpcfair_kg.formats.base import Bundle, Convertible, Exporter, Inspection, Reference
from hpcfair_kg.formats.estimators import INPUT, Estimator, faces, inputs, parts
from hpcfair_kg.formats.tidy import BATCH, NEWEST, tidy

_TRUSTED = ("sklearn.", "numpy.", "scipy.")


class Skops(Convertible):
    """An estimator or pipeline that skops.io.dump wrote."""

    name: ClassVar[str] = "skops"
    framework: ClassVar[str | None] = "scikit-learn"
    media_type: ClassVar[str] = "application/zip"
    rank: ClassVar[int] = 30
    extra: ClassVar[str] = "sklearn"
    family: ClassVar[str] = "sklearn"
    needs: ClassVar[tuple[str, ...]] = ("sklearn", "skl2onnx", "skops", "onnxruntime")
    preload: ClassVar[tuple[str, ...]] = (
        "sklearn",
        "skl2onnx",
        "skops.io",
        "onnxruntime",
        "hpcfair_kg.models.convert",
    )

    def claims(self, bundle: Bundle) -> tuple[str, ...]:
        """Return the zip files with a schema.json; a member that does not match its checksum is corrupt."""
        found = tuple(name for name in bundle.names if "schema.json" in bundle.members(name))
        for name in found:
            _check(bundle.path(name), name)
        return found

    def inspect(self, bundle: Bundle, names: Sequence[str]) -> Inspection:
        """Read class, parameters and number of features from the schema, without scikit-learn."""
        estimator = skops.read(bundle.path(names[0]), names[0])
        version = estimator.version
        return Inspection(
            inputs=(TensorSpec(INPUT, "float32", (BATCH, estimator.features)),) if estimator.features else (),
            framework=self.framework,
            architecture=estimator.architecture,
            evidence=f"{estimator.name} in {names[0]}" if estimator.architecture else None,
            hyperparameters=estimator.parameters,
            hyperparameters_from=names[0],
            notes=(f"fitted with scikit-learn {version}",) if version else (),
        )

    def exporters(self, bundle: Bundle, names: Sequence[str], opset: int) -> Iterable[tuple[str, Exporter]]:
        """Yield skl2onnx, then the same with float64 thresholds rounded down to what float32 holds."""
        estimator = load(bundle.path(names[0]))
        yield "skl2onnx", lambda path: export(estimator, path, opset)
        if any(_boosted(part) for part in parts(estimator)):
            exact = copy.deepcopy(estimator)
            for part in filter(_boosted, parts(exact)):
                _round_down(part)
            yield (
                "skl2onnx, thresholds rounded down to float32: exact for float32 inputs",
                lambda path: export(exact, path, opset),
            )

    def reference(self, bundle: Bundle, names: Sequence[str]) -> Reference:
        """Load the estimator with scikit-learn."""
        return Estimator(load(bundle.path(names[0])))


def _check(path: Path, name: str) -> None:
    try:
        with zipfile.ZipFile(path) as archive:
            bad = archive.testzip()
    except (zipfile.BadZipFile, EOFError, OSError) as exc:
        raise CorruptFile(f"{name} is a damaged skops file: {exc}") from exc
    if bad:
        raise CorruptFile(f"{name} is a damaged skops file: its member {bad} does not match its checksum")


def load(path: Path) -> Any:
    """Load an estimator; only types of scikit-learn, NumPy and SciPy are trusted, and only in a box.

    Raises `ValueError` naming the first type that is another's.
    """
    from skops import io

    untrusted = io.get_untrusted_types(file=path)
    strange = [name for name in untrusted if not name.startswith(_TRUSTED)]
    if strange:
        raise ValueError(
            f"{strange[0]} is no part of scikit-learn, and code of others is not loaded here: convert at your"
            " side with `hpcfair export` and upload the ONNX file"
        )
    return io.load(path, trusted=untrusted)


def _boosted(part: Any) -> bool:
    """Tell the histogram gradient boosting, whose trees compare float64 values."""
    return hasattr(part, "_predictors")


def _round_down(part: Any) -> None:
    for predictor in (p for stage in part._predictors for p in stage):
        nodes = predictor.nodes.copy()
        nodes["num_threshold"] = trees.rounded_down(nodes["num_threshold"])
        predictor.nodes = nodes


def export(estimator: Any, path: Path, opset: int) -> None:
    """Write the ONNX form: probabilities as a tensor, decision values where there are no probabilities."""
    import onnx
    from skl2onnx import convert_sklearn

    target = {"": min(opset, NEWEST), "ai.onnx.ml": 3}
    types = [(spec.name, _type(spec)) for spec in inputs(estimator)]
    names = [(name, None) for name, _ in faces(estimator)]
    for options in _options(estimator):
        try:
            model = convert_sklearn(
                estimator, initial_types=types, target_opset=target, options=options, final_types=names
            )
        except NameError:  # skl2onnx's word for an option that this estimator does not have
            continue
        trees.send_missing(
            model, [_missing(part.tree_) for part in parts(estimator) if hasattr(part, "tree_")]
        )
        onnx.save(tidy(model, opset), path)
        return


def _missing(tree: Any) -> trees.Sent:
    """Return where a tree sends what is missing, which skl2onnx leaves out."""
    inner = tree.feature >= 0
    values = [trees.rounded_down(tree.threshold), tree.feature, tree.missing_go_to_left]
    thresholds, features, left = (np.where(inner, v, 0) for v in values)
    return trees.Sent(features, thresholds, left)


def _type(spec: TensorSpec) -> Any:
    from skl2onnx.common.data_types import FloatTensorType, StringTensorType

    kind = StringTensorType if spec.dtype == "string" else FloatTensorType
    return kind([None, *spec.shape[1:]])


def _options(estimator: Any) -> Iterator[dict[int, dict[str, Any]] | None]:
    from sklearn.base import is_classifier

    if is_classifier(estimator):
        last = estimator.steps[-1][1] if hasattr(estimator, "steps") else estimator
        if not hasattr(estimator, "predict_proba"):
            yield {id(last): {"zipmap": False, "raw_scores": True}}
            yield {id(last): {"raw_scores": True}}
        yield {id(estimator): {"zipmap": False}}
    yield None


PLUGINS = (Skops(),)
