"""The author's side: what one does with a model of one's own before uploading it.

    python -m examples.catalogue.author FUNCTION SOURCE OUT

Weights alone are no model: these functions hold the classes, load the weights
into them and save what can be opened without the classes (torch.export,
Keras, skops, XGBoost's JSON).
"""

from __future__ import annotations

import csv
import importlib.util
import json
import shutil
import sys
from pathlib import Path
from typing import Any

import numpy as np


def mtcnn_pytorch(source: Path, out: Path) -> None:
    """Export one of MTCNN's nets from facenet-pytorch's weights with torch.export."""
    import torch
    from torch.export import Dim

    from examples.catalogue.mtcnn import pytorch_net

    (weights,) = source.glob("?net.pt")
    net = pytorch_net(weights.stem)
    published = torch.load(weights, weights_only=True)
    net.load_state_dict(dict(zip(net.state_dict(), published.values(), strict=True)))
    size = {"pnet": 31, "rnet": 24, "onet": 48}[weights.stem]
    sides: Any = (Dim("height", min=13), Dim("width", min=13))
    dynamic = {0: Dim("batch"), **({2: sides[0], 3: sides[1]} if weights.stem == "pnet" else {})}
    example = torch.rand(2, 3, size, size + 2 * (weights.stem == "pnet"))
    program = torch.export.export(net.eval(), (example,), dynamic_shapes={"image": dynamic})
    torch.export.save(program, out / f"{weights.stem}.pt2")
    _licence(source, out)


def mtcnn_keras(source: Path, out: Path) -> None:
    """Save one of MTCNN's nets with the weights of the package mtcnn as .keras."""
    import joblib

    from examples.catalogue.mtcnn import keras_net

    (weights,) = source.glob("?net.lz4")
    net = keras_net(weights.stem)
    # joblib reads a pickle: the author's own, on the author's machine, its hash checked
    net.set_weights(joblib.load(weights))
    net.save(out / f"{weights.stem}.keras")
    _licence(source, out)


def deeplc_pytorch(source: Path, out: Path) -> None:
    """Export DeepLC with the architecture that its package describes."""
    import torch
    from torch import nn
    from torch.export import Dim

    spec = importlib.util.spec_from_file_location("deeplc_architecture", source / "architecture.py")
    assert spec is not None
    assert spec.loader is not None
    architecture = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(architecture)
    said = torch.load(source / "deeplc.pt", weights_only=True)
    build = getattr(architecture, said["architecture"])

    class Retention(nn.Module):
        """The three inputs that this architecture reads (the fourth of its interface is ignored)."""

        def __init__(self) -> None:
            super().__init__()
            self.net = build(n_tasks=said["n_tasks"], **said["encoder_kwargs"], **said["head_kwargs"])
            self.net.load_state_dict(said["state_dict"])

        def forward(self, atoms: torch.Tensor, peptide: torch.Tensor, residues: torch.Tensor) -> torch.Tensor:
            return self.net(atoms, atoms, peptide, residues)

    width = said["encoder_kwargs"]["global_dim"]
    example = (torch.rand(3, 60, 6), torch.rand(3, width), torch.rand(3, 60, 20))
    batch = {0: Dim("batch")}
    shapes = {"atoms": batch, "peptide": batch, "residues": batch}
    program = torch.export.export(Retention().eval(), example, dynamic_shapes=shapes)
    torch.export.save(program, out / "deeplc.pt2")


def wine_table(source: Path, out: Path) -> None:
    """Write scikit-learn's wines as CSV."""
    from sklearn.datasets import load_wine

    wines = load_wine()
    with (out / "wine.csv").open("w", newline="") as stream:
        rows = csv.writer(stream)
        rows.writerow([*wines.feature_names, "grower"])
        rows.writerows([*row, int(grower)] for row, grower in zip(wines.data, wines.target, strict=True))


def wine_classifier(source: Path, out: Path) -> None:
    """Train a scaler and a logistic regression on the wines; save them with skops."""
    import skops.io
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    train, test = _wines()
    pipeline = make_pipeline(StandardScaler(), LogisticRegression(C=0.5)).fit(*train)
    skops.io.dump(pipeline, out / "wine-classifier.skops")
    _claims(out, {"C": 0.5}, pipeline.score(*test))


def wine_trees(source: Path, out: Path) -> None:
    """Boost trees on the wines; save them in XGBoost's own JSON."""
    from xgboost import XGBClassifier

    train, test = _wines()
    chosen = {"n_estimators": 20, "max_depth": 3}
    trees = XGBClassifier(**chosen, n_jobs=1).fit(*train)
    trees.get_booster().save_model(out / "wine-trees.json")
    _claims(out, chosen, trees.score(*test))


def _wines() -> tuple[tuple[Any, Any], tuple[Any, Any]]:
    """Return three quarters of the wines to train on and one to test on; float32, as ONNX will see them."""
    from sklearn.datasets import load_wine
    from sklearn.model_selection import train_test_split

    x, y = load_wine(return_X_y=True)
    parts = train_test_split(x.astype(np.float32), y, test_size=0.25, random_state=7, stratify=y)
    return (parts[0], parts[2]), (parts[1], parts[3])


def _claims(out: Path, hyperparameters: dict[str, Any], accuracy: float) -> None:
    """Keep what the author says of the model beside the folder of its files."""
    metrics = [{"name": "accuracy", "value": round(float(accuracy), 4), "on": "wine"}]
    said = {"hyperparameters": hyperparameters, "metrics": metrics}
    out.with_name("claims.json").write_text(json.dumps(said))


def _licence(source: Path, out: Path) -> None:
    if (source / "LICENSE").exists():
        shutil.copy(source / "LICENSE", out)


MAKERS = {
    maker.__name__: maker
    for maker in (mtcnn_pytorch, mtcnn_keras, deeplc_pytorch, wine_table, wine_classifier, wine_trees)
}

if __name__ == "__main__":
    MAKERS[sys.argv[1]](Path(sys.argv[2]), Path(sys.argv[3]))
