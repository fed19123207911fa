"""DOOR: `modelAPI`, the paper's Listing 3: one line for each task, here or on a service."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from hpcfair_kg.api.here import Here
from hpcfair_kg.api.results import Collaborated, Converted, Inferred, Result, Stored
from hpcfair_kg.api.there import There
from hpcfair_kg.config import Config, Task, load

R = TypeVar("R", bound=Result)

__all__ = ["Collaborated", "Converted", "Inferred", "Result", "Stored", "modelAPI"]


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
}
"""The tasks that this version does, and the method for each."""
