"""How many of the records of an example catalogue are reproduced, of those tried: `python -m tests.benchmarks.bench_reproduce`.

It fills an empty catalogue with models of scikit-learn's (and of PyTorch's, where that is installed) and
with every ONNX file in the folders named, then reproduces each conversion and proof.
"""

from __future__ import annotations

import sys
import tempfile
from collections import Counter
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path

import numpy as np

from hpcfair_kg.hub import Hub
from hpcfair_kg.settings import Settings
from tests.ingest.test_story import ADA, finished, upload


def main(folders: list[str]) -> None:
    """Print one line a record and the counts."""
    with tempfile.TemporaryDirectory() as folder:
        hub = Hub.open(Settings(data_dir=Path(folder) / "data"))
        tally: Counter[str] = Counter()
        for path in (*sklearn(Path(folder)), *torch(Path(folder)), *published(folders)):
            found = finished(hub, upload(hub, {path.name: path.read_bytes()}, name=path.stem.lower()))
            for outcome, said in reproduced(hub, found.id):
                tally[outcome] += 1
                print(f"{path.name:32} {said}", flush=True)
        hub.close()
    tried = sum(tally.values())
    print(f"{tally['equal'] + tally['within']} of {tried} records reproduced: {dict(tally)}")


def reproduced(hub: Hub, iri: str) -> Iterator[tuple[str, str]]:
    """Yield the outcome of each record of an artifact, and what is said of it."""
    plan = {"general_args": {"task": "reproduction"}, "task_args": {"model_file": iri}}
    run = hub.runs.wait(hub.runs.submit(plan, (), ADA).id, 900)
    outcome = hub.runs.outcome(run)
    if "result" not in outcome:
        yield "not tried", f"{run.detail}"
        return
    for one in outcome["result"]["reproductions"]:
        yield one["outcome"], f"{one['step']}: {one['outcome']}: {one['said']} {one['differences'] or ''}"


def sklearn(folder: Path) -> Iterator[Path]:
    """Yield models of the kinds that tables are given to."""
    from sklearn import cluster, ensemble, linear_model, neural_network, pipeline, preprocessing, svm, tree
    from skops import io

    rng = np.random.default_rng(0)
    x = rng.standard_normal((200, 5))
    y = (x[:, 0] + x[:, 1] ** 2 > 0.5).astype(int)
    scaled = pipeline.make_pipeline(preprocessing.StandardScaler(), linear_model.LogisticRegression())
    models = (
        linear_model.LinearRegression(), linear_model.LogisticRegression(), scaled, svm.SVC(),
        tree.DecisionTreeClassifier(random_state=0), ensemble.RandomForestClassifier(20, random_state=0),
        ensemble.GradientBoostingRegressor(random_state=0), cluster.KMeans(3, random_state=0, n_init=1),
        neural_network.MLPRegressor(hidden_layer_sizes=(8,), random_state=0, max_iter=50),
    )  # fmt: skip
    for number, model in enumerate(models):
        path = folder / f"{type(model).__name__}-{number}.skops"
        io.dump(model.fit(x, y), path)
        yield path


def torch(folder: Path) -> Iterator[Path]:
    """Yield exported programs, where PyTorch is installed."""
    if find_spec("torch") is None:
        return
    import torch

    nets = {
        "mlp": (torch.nn.Sequential(torch.nn.Linear(5, 8), torch.nn.ReLU(), torch.nn.Linear(8, 2)), (5,)),
        "conv": (
            torch.nn.Sequential(torch.nn.Conv2d(1, 4, 3), torch.nn.ReLU(), torch.nn.Flatten()),
            (1, 8, 8),
        ),
    }
    for name, (net, shape) in nets.items():
        batch = torch.export.Dim("batch")
        program = torch.export.export(net.eval(), (torch.zeros(2, *shape),), dynamic_shapes=({0: batch},))
        torch.export.save(program, folder / f"{name}.pt2")
        yield folder / f"{name}.pt2"


def published(folders: list[str]) -> Iterator[Path]:
    """Yield the ONNX files below some folders."""
    for folder in folders:
        yield from sorted(Path(folder).rglob("*.onnx"))


if __name__ == "__main__":
    main(sys.argv[1:])
