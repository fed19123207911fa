"""A small catalogue in which every example query finds something, and something that it must leave out.

Artifacts are written as commits write them; their keys are their names, so that
an expected answer can be read.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from hpcfair_kg.activity import Environment, Hardware, Job, Measurement, Step, Verdict
from hpcfair_kg.artifact import Artifact, Column, File, Machine, Metric, Person, Project, TensorSpec
from hpcfair_kg.hub import Hub
from hpcfair_kg.knowledge.runs import describe_run, run_iri
from hpcfair_kg.knowledge.vocabulary import HPC
from hpcfair_kg.run import Run

BASE = "https://models.example.org"
ROOT = f"{BASE}/ark:/99999/"

ADA, BOB = Person("Ada Lovelace", "0000-0002-1825-0097"), Person("Bob")
LASSEN = Machine("lassen", HPC.lassen.value, "SuperComputer", "POWER9", "Tesla V100", "NVIDIA")
FRONTIER = Machine("frontier", kind="SuperComputer", gpu="Instinct MI250X", vendor="AMD")
DESK = Machine("my desk", gpu="Tesla V100", vendor="NVIDIA")
OLD_DESK = Machine("old desk", gpu="Tesla K80", vendor="NVIDIA")
XPLACER = Project("Xplacer", funders=("DOE",))
XPLACER_2 = Project("Xplacer II", funders=("DOE",))
SPEED = Project("Speed", funders=("NSF",))
FASTER = Project("Faster", funders=("https://ror.org/021nxhr62",))
EPYC, XEON = Hardware("AMD EPYC 7763 64-Core Processor", 64), Hardware("Intel Xeon Gold 6248", 20)
OLD = Environment("3.11.9", "Linux x86_64", ("numpy 1.9.0", "onnx 1.9.1"))
NEW = Environment("3.11.9", "Linux x86_64", ("numpy 1.9.0", "onnx 1.21.0"))


def iri(name: str) -> str:
    """Return the IRI of an artifact."""
    return ROOT + name


def artifact(key: str, kind: Any = "model", /, **said: Any) -> Artifact:
    """Return an artifact with nothing to complain of, ready since the start of 2026."""
    whole: dict[str, Any] = {
        "owner": "ada",
        "name": key,
        "description": "What it is.",
        "license": "MIT",
        "creators": (ADA,),
        "status": "ready",
        "identity": f"identity of {key}",
        "created": "2026-01-01T00:00:00Z",
        "modified": "2026-01-02T00:00:00Z",
    }
    if kind == "model":
        whole["verdict"] = Verdict("consistent")
    return Artifact(id=iri(key), key=key, kind=kind, **whole | said)


def onnx(role: Any, size: int = 100) -> File:
    """Return an ONNX file."""
    return File("model.onnx", "onnx", role, size, "cd" * 32, "application/onnx", 18)


DATASETS = (
    artifact(
        "wine", "dataset", owner="examples",
        columns=tuple(map(Column, ("alcohol", "ash", "hue", "grower"), ("float64", "float64", "float32", "int64"))),
        files=(File("wine.csv", "csv", "original", 11000, "01" * 32),),
    ),
    artifact("traces", "dataset", projects=(XPLACER,), machines=(LASSEN,)),
    artifact("maps", "dataset", projects=(XPLACER,), license="CC-BY-NC-4.0"),
    artifact("more-maps", "dataset", projects=(XPLACER_2,), license="CC-BY-NC-SA-4.0 OR MIT"),
    artifact("counters", "dataset", projects=(SPEED,), tags=("performance prediction", "counters")),
    artifact("profiles", "dataset", projects=(FASTER,), tags=("Performance-Prediction",)),
    artifact("codes", "dataset", projects=(SPEED,), tags=("code generation",)),
    artifact("timings", "dataset", projects=(XPLACER,), tags=("performance prediction",)),
    artifact("flawed", "dataset", status="withdrawn", reason="a column was mislabelled"),
    artifact(
        "iris", "dataset", status="registered", description="", creators=(BOB,),
        source="https://data.example.org/iris",
        files=(File("iris.csv", "csv", "original", 4600, "", remote="https://data.example.org/iris.csv"),),
    ),
)  # fmt: skip

MODELS = (
    artifact(
        "wine-forest", owner="examples", name="wine-classifier", architecture="RandomForest",
        framework="scikit-learn", task="tabular-classification", parameters=1203,
        inputs=(TensorSpec("X", "float32", ("batch", 3)),), operators={"ai.onnx.ml.TreeEnsembleClassifier": 1},
        files=(File("forest.skops", "skops", "original", 5000, "02" * 32), onnx("converted")),
        verdict=Verdict("equal", 1e-7, label_mismatches=0),
        hyperparameters={"n_estimators": 100, "criterion": "gini"},
        trained_on=(iri("wine"),), tested_on=(iri("wine"),), metrics=(Metric("accuracy", 0.95, iri("wine")),),
    ),
    artifact(
        "by-name", task="tabular-classification", architecture="LogisticRegressionModel",
        inputs=(TensorSpec("alcohol", "float32", ("batch", 1)), TensorSpec("ash", "float32", ("batch", 1))),
        files=(onnx("original"),), trained_on=(iri("wine"),), tested_on=(iri("counters"),),
        parameters=3, metrics=(Metric("accuracy", 0.9),),
    ),
    artifact(
        "half-named", task="tabular-classification",
        inputs=(TensorSpec("alcohol", "float32", ("batch", 3)), TensorSpec("colour", "float32", ("batch", 3))),
        verdict=Verdict("equal", 1e-9, label_mismatches=2),
    ),
    artifact(
        "encoder-1", name="encoder", architecture="LongShortTermMemory", task="translation",
        inputs=(TensorSpec("x", "float16", ("batch", "seq", 4)),), operators={"LSTM": 1, "MatMul": 2},
        verdict=Verdict("equal", 2e-6),
    ),
    artifact(
        "encoder-2", name="encoder", version="2.0", architecture="LongShortTermMemory", framework="pytorch",
        task="translation", inputs=(TensorSpec("x", "float32", ("batch", "seq", 13)),),
        operators={"LSTM": 2, "MatMul": 3}, previous=iri("encoder-1"), derived_from=(iri("on-flawed"),),
        created="2026-03-01T00:00:00Z", verdict=Verdict("equal", 4e-7),
    ),
    artifact(
        "vision", architecture="ConvolutionalNeuralNetwork", projects=(XPLACER,), machines=(LASSEN,), operators={"Conv": 5},
        parameters=25_000_000, metrics=(Metric("accuracy", 0.99),), verdict=Verdict("equal", 5e-5),
    ),
    artifact(
        "mapper", machines=(FRONTIER,), tags=("heterogeneous mapping",), workflow=iri("map-amd"),
        trained_on=(iri("maps"),),
    ),
    artifact("mapper-v100", machines=(LASSEN, DESK), tags=("heterogeneous mapping",), workflow=iri("map-nvidia")),
    artifact("mapper-by-hand", machines=(FRONTIER,), tags=("heterogeneous mapping",)),
    artifact(
        "painter", projects=(SPEED,), machines=(FRONTIER, OLD_DESK), workflow=iri("paint"),
        tags=("painting", "performance prediction"),
    ),
    artifact("on-flawed", trained_on=(iri("flawed"),)),
    artifact(
        "lossy", status="failed-proof", reason="too far off", files=(onnx("evidence"),),
        verdict=Verdict("different", 0.3), creators=(BOB,), license="CC-BY-NC-ND-4.0",
    ),
    artifact("pickled", status="not-convertible", reason="a pickle is never loaded here", verdict=None),
    artifact(
        "gone", status="withdrawn", reason="a mistake", creators=(BOB,), parameters=10, verdict=Verdict("equal", 0.0),
        metrics=(Metric("accuracy", 1.0),), trained_on=(iri("codes"),), inputs=(TensorSpec("x", "float32", ("n", 3)),),
    ),
)  # fmt: skip

WORKFLOWS = (
    artifact("map-amd", "workflow"),
    artifact("map-nvidia", "workflow"),
    artifact("paint", "workflow"),
)


@dataclass(frozen=True)
class Places:
    """The IRIs of an environment and of a computer."""

    environment: str
    hardware: str


def converted(found: Artifact, places: Places, minute: int) -> Job:
    """Return a job that converted a model, which took so many minutes, and proved it."""
    ran = {"environment": places.environment, "hardware": places.hardware, "box": "landlock+seccomp"}
    begun, made, proved = (f"2026-01-02T00:{m:02d}:00Z" for m in (0, minute, minute + 1))
    steps = (
        Step("convert", "succeeded", begun, made, "torch.export", ("onnx 1.9.1",), opset=18, **ran),
        Step(
            "verify", "succeeded", made, proved, None, ("onnxruntime 1.32.0",), verdict=found.verdict, **ran
        ),
    )
    return Job(f"{found.key}.1", "succeeded", begun, proved, steps=steps)


def timed(name: str, computer: str, number: float, unit: str = "MilliSEC") -> Run:
    """Return a benchmark of a model: its median latency on a computer."""
    figures = (
        Measurement("latencyP50", number, unit, iri(name)),
        Measurement("throughput", 8000 / number, "PER-SEC", iri(name)),
    )
    case = Step(
        "benchmark", "succeeded", "2026-02-01T00:00:00Z", hardware=computer, batch=8, measurements=figures
    )
    chip = computer.rpartition("/")[2][:4]
    return Run(f"run-{name}-{chip}", "succeeded", task="benchmark", steps=(case,), used=(iri(name),))


def curate(hub: Hub) -> None:
    """Write the whole catalogue."""
    old, new = (Places(*hub.catalogue.surround(e, h)) for e, h in ((OLD, EPYC), (NEW, XEON)))
    jobs = {"wine-forest": (old, 3), "encoder-2": (new, 5), "half-named": (old, 1)}
    for found in (*DATASETS, *WORKFLOWS, *MODELS):
        ran = [converted(found, *jobs[found.key])] if found.key in jobs else []
        hub.catalogue.commit(found, ran)
    runs = (
        timed("wine-forest", old.hardware, 2.5),
        timed("by-name", old.hardware, 500.0, "MicroSEC"),
        timed("by-name", new.hardware, 100.0, "MicroSEC"),
        timed("encoder-2", old.hardware, 1.0),
        timed("vision", old.hardware, 40.0),
    )
    for run in runs:
        hub.public.write({run_iri(BASE, run.id): describe_run(run_iri(BASE, run.id), run)})
