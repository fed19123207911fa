"""Three artifacts and their jobs that say everything there is to say."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from hpcfair_kg.activity import Job, Measurement, Step, Ulp, Verdict
from hpcfair_kg.artifact import (
    Artifact,
    Column,
    File,
    Machine,
    Metric,
    Person,
    Processing,
    Project,
    TensorSpec,
)
from hpcfair_kg.backends.graph.oxigraph import Oxigraph
from hpcfair_kg.knowledge.catalogue import Catalogue
from hpcfair_kg.knowledge.search import Index
from hpcfair_kg.run import Run

BASE = "https://models.example.org/ark:/99999/"

SETTINGS = {
    "hidden": 128, "rate": 0.5, "whole": 2.0, "bias": True, "activation": "tanh", "seed": None,
    "layers": [64, 32.0, "x"], "große": "ünicode",
}  # fmt: skip


@pytest.fixture
def verdict() -> Verdict:
    return Verdict(
        "equal",
        4.4e-7,
        1.8e-7,
        3e-6,
        4e-8,
        1.0,
        Ulp(1, 12, 240),
        0,
        ((1, 13), (7, 13)),
        7,
        18,
        "as it should",
    )


@pytest.fixture
def model(verdict: Verdict) -> Artifact:
    return Artifact(
        id=BASE + "h7x2k9b4m",
        key="h7x2k9b4m",
        owner="ada",
        name="encoder",
        version="1.1",
        kind="model",
        title="Sequence encoder",
        description="Reads <b>13</b> features a step.\nSee “the paper”.",
        tags=("rnn", "seq2seq"),
        license="MIT",
        creators=(Person("B. Second"), Person("A. Author", "0000-0002-1825-0097")),
        framework="pytorch",
        architecture="RecurrentNeuralNetwork",
        architecture_evidence="1 GRU among 24 operators of encoder.onnx",
        task="translation",
        status="ready",
        files=(
            File("encoder.pt2", "pt2", "original", 52311, "ab" * 32, "application/zip"),
            File("encoder.onnx", "onnx", "converted", 41007, "cd" * 32, "application/onnx", 18),
            File("docs/read me é.md", "other", "auxiliary", 0, "ef" * 32, "text/markdown"),
        ),
        inputs=(TensorSpec("x", "float32", ("batch", 13)), TensorSpec("13", "int64", ("13", -1, "a,b"))),
        outputs=(TensorSpec("y", "float32", ("batch", 3)), TensorSpec("score", "float64")),
        processing=(
            Processing(
                "tokenizer",
                "before",
                "docs/read me é.md",
                ("text",),
                ("13", "x"),
                {"max_length": 256, "lower": False, "pad_token": "[PÄD]"},
            ),
            Processing(
                "labels",
                "after",
                "encoder.pt2",
                ("y",),
                ("label", "score"),
                {"labels": ["cat", "dög", ""], "temperature": 1 / 255},
            ),
            Processing("scaler", "before", "encoder.pt2"),
        ),
        verdict=verdict,
        parameters=1203,
        operators={"GRU": 1, "Gather": 3, "ai.onnx.ml.Scaler": 1},
        hyperparameters=SETTINGS,
        hyperparameter_sources={"hidden": "encoder.pt2", "große": "docs/read me é.md"},
        metrics=(Metric("accuracy", 0.95, BASE + "d0000000x"), Metric("BLEU score", 41.0)),
        trained_on=(BASE + "d0000000x", "someone/elses data"),
        tested_on=(BASE + "d0000000x",),
        derived_from=(BASE + "h0000000y",),
        workflow=BASE + "w0000000q",
        projects=(
            Project("Xplacer", funders=("DOE", "https://ror.org/021nxhr62"), award="89233218CNA000001"),
            Project("ZZ", "https://cordis.europa.eu/project/id/1"),
        ),
        machines=(
            Machine(
                "lassen",
                "https://hpc-fair.github.io/ontology#lassen",
                "SuperComputer",
                "POWER9",
                "Tesla V100",
                "Nvidia",
            ),
            Machine("my desk"),
        ),
        previous=BASE + "h1111111z",
        notes=("the checker warns of an unused node", "opset 10 became 18"),
        identity="12" * 32,
        created="2026-03-01T12:00:00.123450Z",
        modified="2026-03-01T12:00:07Z",
        job="h7x2k9b4m.1",
    )


@pytest.fixture
def dataset() -> Artifact:
    return Artifact(
        id=BASE + "d0000000x",
        key="d0000000x",
        owner="ada",
        name="iris",
        kind="dataset",
        title="Iris",
        license="CC-BY-4.0 OR LicenseRef-House",
        creators=(Person("R. Fisher"),),
        status="withdrawn",
        reason="a column was mislabelled",
        files=(File("iris.csv", "csv", "original", 4600, "01" * 32, "text/csv"),),
        columns=(Column("sepal length (cm)", "float64"), Column("species", "string", ("rows",))),
        rows=150,
        identity="34" * 32,
        created="2026-02-01T00:00:00Z",
        modified="2026-02-03T00:00:00Z",
    )


@pytest.fixture
def harvested(dataset: Artifact) -> Artifact:
    """A dataset that was described elsewhere and whose bytes nobody here has seen."""
    files = (
        File(
            "iris.csv",
            "csv",
            "original",
            4600,
            "01" * 32,
            "text/csv",
            remote="https://data.example.org/iris.csv",
        ),
        File("more.csv", "csv", "original", None, "", "text/csv", remote="https://data.example.org/more.csv"),
    )
    return replace(
        dataset,
        files=files,
        status="registered",
        reason="its files lie elsewhere",
        identity="",
        source="https://data.example.org/iris",
    )


@pytest.fixture
def jobs(verdict: Verdict) -> tuple[Job, ...]:
    steps = (
        Step("recognise", "succeeded", "2026-03-01T12:00:00.100000Z", "2026-03-01T12:00:01Z", used=("encoder.pt2",)),
        Step(
            "convert", "succeeded", "2026-03-01T12:00:01Z", "2026-03-01T12:00:04Z", "torch.export",
            ("onnxscript 0.7.1", "torch 2.13.0+cpu"), ("encoder.pt2",), ("encoder.onnx",), 10, "landlock+seccomp",
            environment="https://models.example.org/#environment/0123456789abcdef",
            hardware="https://models.example.org/#computer/fedcba9876543210",
        ),
        Step("verify", "succeeded", detail="", verdict=verdict, used=("encoder.onnx", "encoder.pt2")),
        Step("smoke", "succeeded", software=("onnxruntime 1.32.0",)),
        Step("hook:mail the group", "failed", detail="ConnectionError: no route"),
        Step("something of a site", "running"),
    )  # fmt: skip
    first = Job("h7x2k9b4m.1", "failed", "2026-03-01T12:00:00Z", "2026-03-01T12:00:07Z", "a box ended", steps)
    return first, Job("h7x2k9b4m.2")


@pytest.fixture
def run(verdict: Verdict) -> Run:
    """A run with everything that one can have."""
    model = "https://models.example.org/ark:/99999/h7x2k9b4m"
    computer = "https://models.example.org/#computer/fedcba9876543210"
    figures = (
        Measurement("latencyP50", 3.5, "MilliSEC", model), Measurement("throughput", 285.7, "PER-SEC", model),
    )  # fmt: skip
    steps = (
        Step("infer", "succeeded", "2026-03-01T12:00:01Z", used=(f"{model}#file-encoder.onnx", "in.csv"), generated=("out.npz",)),
        Step("benchmark", "succeeded", hardware=computer, batch=8, threads=2, repeats=100, measurements=figures),
        Step("reproduce:verify", "failed", detail="not as then", verdict=verdict,
             reproduces=f"{model}/provenance#job-h7x2k9b4m.1-step-2", differences=("onnx 1.22 then, 1.23 now", "other CPU")),
    )  # fmt: skip
    files = (
        File("in.csv", "csv", "input", 12, "ab" * 32, "text/csv"),
        File("out.npz", "npz", "output", 400, "cd" * 32),
    )
    return Run(
        "run-0123456789", "succeeded", "2026-03-01T12:00:00Z", "2026-03-01T12:00:09Z", None, steps,
        "inference", "ada", '{"general_args":{"task":"inference"}}', files, (model,), (f"{model[:-1]}n",),
    )  # fmt: skip


@pytest.fixture
def graphs(tmp_path: Path) -> Iterator[Oxigraph]:
    """An empty store."""
    store = Oxigraph(tmp_path / "graph")
    yield store
    store.close()


@pytest.fixture
def catalogue(graphs: Oxigraph, tmp_path: Path) -> Catalogue:
    """An empty catalogue over it, whose IRIs begin as those of the artifacts here do."""
    return Catalogue(graphs, Index(tmp_path / "index"), BASE.partition("/ark:")[0], "99999")
