"""Models measured on a service that really runs: what several tests ask for."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from hpcfair_kg import Client
from hpcfair_kg.client.measured import Benchmark
from tests.onnx_files import linear
from tests.running import Live


def measured(live: Live, folder: Path, name: str, weight: float, **metadata: Any) -> tuple[str, Benchmark]:
    """Upload a small model of its own and measure it quickly; return its IRI and the figures."""
    path = linear(folder / f"{name}.onnx", (weight, 2, 3, 4, 5, 6))
    with Client(live.url, live.token) as client:
        entry = client.upload(path, name=name, license="MIT", metadata=metadata)
        return entry.id, client.bench(entry.id, batch=(1, 4), threads=(1,), repeats=10)
