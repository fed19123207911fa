"""DOOR: `modelAPI`, the paper's Listing 3: one line for each task, here or on a service."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

from hpcfair_kg.api.here import Here
from hpcfair_kg.api.results import (
    Collaborated,
    Converted,
    Inferred,
    LoadedDataset,
    LoadedModel,
    Result,
    Searched,
    Stored,
)
from hpcfair_kg.api.there import There
from hpcfair_kg.client.views import Results
from hpcfair_kg.config import Config, Task, load

R = TypeVar("R", bound=Result)

__all__ = [
    "Collaborated",
    "Converted",
    "Inferred",
    "LoadedDataset",
    "LoadedModel",
    "Result",
    "Searched",
    "Stored",
    "modelAPI",
]


class modelAPI:  # noqa: N801 (the paper's name)
    """The paper's tasks, each from a configuration: a path to YAML, or a mapping of the same shape.

    Without an `endpoint` everything runs here, on this machine; with one, on
    that service.  Each verb prints a line a result with `say` and returns the
    results.  A configuration that cannot be followed raises `InvalidConfig`;
    what fails for one model is that result's `reason`.
    """

    def __init__(
        self, endpoint: str | None = None, token: str | None = None, say: Callable[[str], object] = print
    ) -> None:
        self._place = There(endpoint, token) if endpoint else Here()
        self._say = say

    def conversion(self, config: Config) -> list[Converted]:
        """Convert models of any framework to ONNX, each proved equal to the original.

        A form that fails its proof is not written as `export_file` but beside it,
        as `….evidence.onnx`.
        """
        return self._told(self._place.conversion(load(config, "conversion")))

    def collaborate(self, config: Config) -> Collaborated:
        """Run models as one: the first on `input`, each later one on what comes before it.

        Where the graphs allow, they are also merged into one ONNX file beside
        `export_file` (out.txt: out.onnx), proved equal to the chained run.
        """
        return self._told([self._place.collaborate(load(config, "collaboration"))])[0]

    def inference(self, config: Config) -> list[Inferred]:
        """Run each model on `input` and write what it gives to `export_file`."""
        return self._told(self._place.inference(load(config, "inference")))

    def store(self, config: Config) -> list[Stored]:
        """Take models or datasets into the catalogue: the service's, or here that of HPCFAIR_DATA_DIR."""
        return self._told(self._place.store(load(config, "store")))

    def search(self, config: Config) -> Results:
        """Search the catalogue by words and facets: the service's, or here that of HPCFAIR_DATA_DIR."""
        return self._told([self._place.search(load(config, "search"))])[0].hits

    def load_model(self, config: Config) -> Any:
        """Return a model ready to run here: a session of onnxruntime or, with `original`, its framework's own object.

        Of several models it is a mapping by `model_name`.  A path to ONNX will do as well as an ID.
        """
        found = self._told(self._place.load_model(load(config, "load_model")))
        return found[0].model if len(found) == 1 else {one.name: one.model for one in found}

    def load_dataset(self, config: Config) -> Any:
        """Return a dataset as a pandas frame with `arrow()` and `numpy()`; of several a mapping by `model_name`."""
        found = self._told(self._place.load_dataset(load(config, "load_dataset")))
        return found[0].frame if len(found) == 1 else {one.name: one.frame for one in found}

    def run(self, config: Config) -> list[Result]:
        """Do whatever task a configuration is for; raises `InvalidConfig` for one that this version cannot do."""
        task = load(config)
        verbs: dict[str, Callable[[Task], Result | list[Result]]] = {
            name: getattr(self._place, verb) for name, verb in VERBS.items()
        }
        if task.task not in verbs:
            done = ", ".join(verbs)
            raise task.wrong("task", f"is {task.task}, which this version does not do yet; it does: {done}")
        results = verbs[task.task](task)
        return self._told(results if isinstance(results, list) else [results])

    def _told(self, results: list[R]) -> list[R]:
        for result in results:
            self._say(str(result))
        return results


VERBS = {
    "conversion": "conversion",
    "collaboration": "collaborate",
    "inference": "inference",
    "store": "store",
    "search": "search",
    "load_model": "load_model",
    "load_dataset": "load_dataset",
    "benchmark": "asked",
    "reproduction": "asked",
}
"""The tasks that this version does, and the method for each."""
