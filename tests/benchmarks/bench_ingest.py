"""Where the time of an upload goes: `python -m tests.benchmarks.bench_ingest` prints each step, cold and warm.

A small scikit-learn model and MiniLM (91 MB), each sent twice with other weights
to a fresh hub: the first finds no warm process of its framework, the second does.
"""

from __future__ import annotations

import tempfile
import time
from collections.abc import Iterator, Mapping
from datetime import datetime
from pathlib import Path

from examples.catalogue.fetch import catalogue, prepare
from hpcfair_kg.backends.accounts import Principal
from hpcfair_kg.hub import Hub, Upload
from hpcfair_kg.settings import Settings

ADA = Principal("ada", frozenset({"read", "write", "run"}))


def main() -> None:
    """Measure and print."""
    with tempfile.TemporaryDirectory() as folder:
        hub = Hub.open(Settings(data_dir=Path(folder)))
        try:
            for name, files in (*forests(), *minilms()):
                report(hub, name, files)
        finally:
            hub.close()


def report(hub: Hub, name: str, files: Mapping[str, bytes]) -> None:
    """Upload, wait, and print a line: bytes kept, registered (commit 1), each step, all of it."""
    began = time.perf_counter()
    uploads = [kept(hub, path, data) for path, data in files.items()]
    bytes_kept = time.perf_counter()
    receipt = hub.register({"name": name, "license": "MIT"}, uploads, ADA)
    registered = time.perf_counter()
    assert receipt.job_id is not None
    job = hub.wait(receipt.job_id, 600)
    done = time.perf_counter()
    steps = ", ".join(f"{step.name} {seconds(step.started, step.ended):.2f}" for step in job.steps)
    print(
        f"{name:14} bytes {bytes_kept - began:.2f}  registered {registered - bytes_kept:.2f}"
        f"  job {done - registered:.2f} s ({steps})  all {done - began:.2f} s  {hub.find(f'ada/{name}').status}"
    )


def kept(hub: Hub, name: str, data: bytes) -> Upload:
    """Write bytes into the hub's store."""
    writer = hub.blobs.writer()
    for start in range(0, len(data), 1 << 20):
        writer.write(data[start : start + (1 << 20)])
    return Upload(name, writer.finish())


def seconds(started: str | None, ended: str | None) -> float:
    """Return how long a step took."""
    assert started is not None
    assert ended is not None
    return (datetime.fromisoformat(ended) - datetime.fromisoformat(started)).total_seconds()


def forests() -> Iterator[tuple[str, dict[str, bytes]]]:
    """Yield two small forests."""
    import skops.io
    from sklearn.datasets import load_iris
    from sklearn.ensemble import RandomForestClassifier

    irises = load_iris()
    for seed, name in enumerate(("forest-cold", "forest-warm")):
        forest = RandomForestClassifier(n_estimators=20, random_state=seed).fit(irises.data, irises.target)
        yield name, {"forest.skops": skops.io.dumps(forest)}


def minilms() -> Iterator[tuple[str, dict[str, bytes]]]:
    """Yield MiniLM, and MiniLM with the last byte of its weights changed."""
    (entry,) = [entry for entry in catalogue() if entry.name == "minilm"]
    folder = prepare(entry)
    files = {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}
    yield "minilm-cold", files
    weights = bytearray(files["model.safetensors"])
    weights[-3] ^= 1
    yield "minilm-warm", {**files, "model.safetensors": bytes(weights)}


if __name__ == "__main__":
    main()
