"""A benchmark of an ONNX file of the user's own, on the user's own machine; nothing is kept."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from hpcfair_kg.api.conversion import SEED, Workshop
from hpcfair_kg.backends import machine
from hpcfair_kg.backends.work.base import Errand
from hpcfair_kg.client.measured import Benchmark
from hpcfair_kg.models.cases import PRELOAD, Plan, measured


def bench(path: Path, plan: Plan, tell: Callable[[Mapping[str, Any]], None]) -> Benchmark:
    """Measure a file, each case in a box as on a service; raises `CorruptFile` and `NotRunnable`.

    `tell` is called with each event of it.  Weights beside the file are found.
    """
    shop, model = Workshop(), path.resolve()
    with tempfile.TemporaryDirectory(prefix="hpcfair-") as folder:

        def ask(call: str, arguments: Mapping[str, Any]) -> Any:
            errand = Errand(
                f"hpcfair_kg.{call}",
                arguments,
                preload=PRELOAD,
                reads=(model.parent,),
                writes=Path(folder),
            )
            return shop.work.submit(errand, tell).result()

        steps = tuple(measured(ask, model, plan, model.as_uri(), (model.name,), SEED))
    return Benchmark(str(path), steps, machine.hardware())
