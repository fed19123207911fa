"""How long the example queries take: PYTHONPATH=. python tests/benchmarks/bench_queries.py [--artifacts 20000].

Builds a synthetic catalogue that has something for every query, two models to
each dataset, and prints the slowest first: the best of three rounds, and how
many rows.  With --folder the store is kept there, and found there the next time.
"""

from __future__ import annotations

import argparse
import random
import tempfile
import time
from collections.abc import Iterable, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pyoxigraph as ox
from pyoxigraph import Literal, NamedNode, Quad, Store, Triple

from hpcfair_kg.activity import Environment, Hardware, Job, Step, Verdict
from hpcfair_kg.artifact import Artifact, Column, File, Machine, Metric, Person, Project, TensorSpec
from hpcfair_kg.knowledge.closure import inferred, subclasses
from hpcfair_kg.knowledge.describe import concept, describe
from hpcfair_kg.knowledge.provenance import provenance
from hpcfair_kg.knowledge.surroundings import environment, hardware
from hpcfair_kg.knowledge.vocabulary import ARCHITECTURES, DQV, HK, HPC, PROV, QUDT, RDF, UNIT
from server.sparql import examples
from tests.benchmarks.bench_search import FRAMEWORKS, zipf

SITE = "http://example.org"
ROOT = f"{SITE}/ark:/99999/"
ENVIRONMENTS = [
    environment(ROOT, Environment("3.11.9", "Linux x86_64", (f"numpy 2.{minor}.0", f"onnx 1.{minor}.0")))
    for minor in range(15, 25)
]
COMPUTERS = [
    hardware(ROOT, Hardware(cpu=f"AMD EPYC {chip} Processor", cores=64)) for chip in (7763, 9654, 9965)
]
MACHINES = (
    Machine("lassen", HPC.lassen.value, "SuperComputer", "POWER9", "Tesla V100", "NVIDIA"),
    Machine("frontier", None, "SuperComputer", "EPYC 7A53", "Instinct MI250X", "AMD"),
)
PROJECTS = (Project("Xplacer", funders=("DOE",)), Project("Speed", funders=("NSF",)))
OPERATORS = ("Add", "Conv", "Gemm", "LSTM", "MatMul", "Relu", "Reshape", "Softmax", "TopK", "Transpose")
TASKS = ("tabular-classification", "object-detection", "feature-extraction", "translation")
TOPICS = ("heterogeneous mapping", "performance prediction", "chemistry", "vision")


NAMED = {0: "wine", 1: "wine-classifier"}


def iri(number: int) -> str:
    """Return the IRI of an artifact; every third one is a dataset."""
    return f"{ROOT}{number:08d}x"


def synthetic(rng: random.Random, number: int, many: int) -> Artifact:
    """Return one artifact of the catalogue."""
    people = (Person(f"P {n}", f"0000-0001-{n:08d}") for n in (zipf(rng, many // 20 + 1) for _ in range(2)))
    plain = Artifact(
        id=iri(number),
        key=f"{number:08d}x",
        owner="examples" if number in NAMED else f"o{zipf(rng, 50)}",
        name=NAMED.get(number, f"an artifact that is called {number}"),
        description="What it is." if rng.random() < 0.9 else "",
        tags=tuple({f"t{zipf(rng, 2000)}" for _ in range(3)} | {rng.choice(TOPICS)}),
        license=rng.choice(("MIT", "Apache-2.0", "CC-BY-4.0", "CC-BY-NC-4.0")),
        creators=tuple(dict.fromkeys(people)),
        status="withdrawn" if rng.random() < 0.01 else "ready",
        projects=(rng.choice(PROJECTS),) if rng.random() < 0.2 else (),
        identity=f"{number:064x}",
        created=(datetime(2026, 1, 1, tzinfo=UTC) + timedelta(seconds=number)).isoformat(),
        modified="2026-01-02T00:00:00Z",
    )
    return _model(rng, plain, number) if number % 3 else _dataset(rng, plain)


def _dataset(rng: random.Random, plain: Artifact) -> Artifact:
    width = rng.randint(2, 12)
    return replace(
        plain,
        kind="dataset",
        columns=(*(Column(f"c{n}", "float64") for n in range(width)), Column("label", "string")),
        files=(File("data.csv", "csv", "original", rng.randint(1000, 10**9), "01" * 32),),
        rows=1000,
        source=f"https://elsewhere.example.org/{plain.key}" if rng.random() < 0.1 else None,
    )


def _model(rng: random.Random, plain: Artifact, number: int) -> Artifact:
    data = iri(3 * rng.randrange(number // 3 + 1))
    failed = rng.random() < 0.02
    return replace(
        plain,
        status="failed-proof" if failed else plain.status,
        reason="too far from the original" if failed else None,
        task=rng.choice(TASKS),
        framework=rng.choice(FRAMEWORKS),
        architecture=rng.choice(list(ARCHITECTURES)),
        files=(
            File("a.pt2", "pt2", "original", rng.randint(1000, 10**9), "02" * 32),
            File(
                "a.onnx",
                "onnx",
                "evidence" if failed else "converted",
                rng.randint(1000, 10**9),
                "03" * 32,
                opset=18,
            ),
        ),
        inputs=(
            TensorSpec(
                rng.choice(("x", "c0")), rng.choice(("float32", "float16")), ("batch", rng.randint(2, 12))
            ),
        ),
        outputs=(TensorSpec("y", "float32", ("batch", 3)),),
        verdict=Verdict(
            "different" if failed else "equal",
            rng.random() * 1e-5,
            1e-7,
            1e-6,
            1e-8,
            1.0,
            label_mismatches=0,
            seed=7,
        ),
        parameters=zipf(rng, 10**9),
        operators=dict.fromkeys(rng.sample(OPERATORS, 5), 3),
        hyperparameters={f"h{n}": n for n in range(5)},
        metrics=(Metric("accuracy", rng.random(), data), Metric("loss", rng.random())),
        trained_on=(data,),
        tested_on=(iri(3 * rng.randrange(number // 3 + 1)),),
        derived_from=(iri(number - 3),) if number > 3 and rng.random() < 0.2 else (),
        machines=(rng.choice(MACHINES),) if rng.random() < 0.3 else (),
        workflow=f"{ROOT}w{zipf(rng, 20)}" if rng.random() < 0.1 else None,
    )


def jobs(rng: random.Random, artifact: Artifact) -> tuple[Job, ...]:
    """Return the job that made an artifact what it is."""
    if artifact.kind != "model":
        return ()
    times = [f"2026-01-01T00:{minute:02d}:{rng.randrange(60):02d}Z" for minute in range(4)]
    places = {"environment": rng.choice(ENVIRONMENTS)[0].value, "hardware": rng.choice(COMPUTERS)[0].value}
    steps = (
        Step("recognise", "succeeded", times[0], times[1], used=("a.pt2",), box="landlock", **places),
        Step(
            "convert", "succeeded", times[1], times[2], "torch.export", ("onnxscript 0.7.1", "torch 2.13.0"),
            ("a.pt2",), ("a.onnx",), 18, "landlock", **places,
        ),
        Step(
            "verify", "succeeded", times[2], times[3], None, ("onnxruntime 1.32.0",), ("a.onnx", "a.pt2"),
            box="landlock", verdict=artifact.verdict, **places,
        ),
    )  # fmt: skip
    return (Job(f"{artifact.key}.1", "succeeded", times[0], times[3], steps=steps),)


def measured(rng: random.Random, artifact: Artifact) -> Iterator[Triple]:
    """Yield a benchmark of a model."""
    run, figure = NamedNode(f"{artifact.id}#bench"), NamedNode(f"{artifact.id}#bench-latency")
    yield Triple(run, RDF.type, HK.Benchmark)
    yield Triple(run, PROV.used, NamedNode(artifact.id))
    yield Triple(run, HPC.wasAssociatedWithHardware, rng.choice(COMPUTERS)[0])
    yield Triple(figure, RDF.type, DQV.QualityMeasurement)
    yield Triple(figure, DQV.isMeasurementOf, HK.latencyP50)
    yield Triple(figure, DQV.computedOn, NamedNode(artifact.id))
    yield Triple(figure, QUDT.numericValue, Literal(rng.random() * 100))
    yield Triple(figure, QUDT.hasUnit, UNIT.MilliSEC)
    yield Triple(figure, PROV.wasGeneratedBy, run)


def graphs(many: int) -> Iterator[tuple[str, Iterable[Triple]]]:
    """Yield the graphs of the whole catalogue, as commits write them."""
    rng = random.Random(7)
    yield f"{SITE}/#inferred", subclasses()
    for node, described in (*ENVIRONMENTS, *COMPUTERS):
        yield node.value, described
    for number in range(many):
        artifact = synthetic(rng, number, many)
        record = describe(artifact)
        yield artifact.id, record
        yield f"{artifact.id}/inferred", inferred(NamedNode(artifact.id), record)
        yield f"{artifact.id}/provenance", provenance(artifact.id, jobs(rng, artifact))
        yield concept([artifact])
        if artifact.kind == "model" and rng.random() < 0.3:
            yield f"{artifact.id}/benchmarks", measured(rng, artifact)


def fill(store: Store, many: int) -> None:
    """Write the catalogue into an empty store."""
    store.bulk_extend(Quad(*triple, NamedNode(name)) for name, triples in graphs(many) for triple in triples)
    store.optimize()


def asked(store: Store, text: str) -> int:
    """Ask a query as the service does and return how many rows or triples there are."""
    found = store.query(text, use_default_graph_as_union=True)
    return 1 if isinstance(found, ox.QueryBoolean) else sum(1 for _ in found)


def main() -> None:
    """Build, ask, print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--artifacts", type=int, default=20_000)
    parser.add_argument("--folder", type=Path)
    parser.add_argument("--only", default="", help="ask the queries whose question has this in it")
    said = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        store = Store(str(said.folder or folder))
        if not len(store):
            fill(store, said.artifacts)
        print(f"{said.artifacts} artifacts, {len(store):,} quads")
        report(store, said.only)


def report(store: Store, only: str) -> None:
    """Print a line for each query, the slowest first."""
    found = []
    for title, text in examples():
        if only in title:
            times = []
            for _ in range(3):
                start = time.perf_counter()
                rows = asked(store, text)
                times.append(time.perf_counter() - start)
            found.append((min(times), rows, title))
    for best, rows, title in sorted(found, reverse=True):
        print(f"{best * 1e3:8.1f} ms {rows:6d} rows   {title}")


if __name__ == "__main__":
    main()
