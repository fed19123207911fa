"""A good and a bad example for every shape; what the messages say of records is in test_validate."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pyoxigraph as ox
import pytest
from pyoxigraph import Literal, NamedNode, Triple

from hpcfair_kg.activity import Environment, Hardware, Job
from hpcfair_kg.artifact import Artifact, Link
from hpcfair_kg.knowledge import validate
from hpcfair_kg.knowledge.describe import describe
from hpcfair_kg.knowledge.provenance import provenance
from hpcfair_kg.knowledge.runs import describe_run, run_iri
from hpcfair_kg.knowledge.surroundings import environment, hardware
from hpcfair_kg.knowledge.validate import Shapes
from hpcfair_kg.knowledge.vocabulary import (
    CR,
    DCAT,
    DCTERMS,
    DQV,
    FAIR4ML,
    FOAF,
    HK,
    HPC,
    PROV,
    QUDT,
    RDF,
    RDFS,
    SH,
    SPDX,
    XSD,
)
from hpcfair_kg.run import Run

Graph = list[Triple]
Spoil = Callable[[Graph], Graph]


def without(predicate: NamedNode, of: NamedNode) -> Spoil:
    """Take a property away from everything of a class."""
    return lambda graph: [
        t for t in graph if not (t.predicate == predicate and t.subject in members(graph, of))
    ]


def instead(predicate: NamedNode, value: NamedNode | Literal, of: NamedNode) -> Spoil:
    """Give a property of everything of a class another value."""

    def spoil(graph: Graph) -> Graph:
        kept = without(predicate, of)(graph)
        return kept + [Triple(node, predicate, value) for node in sorted(members(graph, of), key=str)]

    return spoil


def no_type(kind: NamedNode, of: NamedNode) -> Spoil:
    return lambda graph: [t for t in graph if not (t.object == kind and t.subject in members(graph, of))]


def members(graph: Graph, of: NamedNode) -> set[NamedNode]:
    return {t.subject for t in graph if t.predicate == RDF.type and t.object == of}  # type: ignore[misc]


NONSENSE, NOTHING = Literal("nonsense"), Literal("")
# the shape, what spoils what it looks at, the word of it that the message must have
BAD: dict[str, list[tuple[Spoil, str]]] = {
    "ArtifactShape": [
        (without(DCTERMS.license, HPC.AIModel), "one licence"),
        (instead(HK.status, NONSENSE, HPC.AIModel), "a status is registered"),
        (instead(DCTERMS.accessRights, NONSENSE, HPC.AIModel), "visibility is public"),
    ],
    "HeldShape": [(without(HK.identity, HPC.AIModel), "unless it was harvested")],
    "FilesShape": [(without(DCAT.distribution, HPC.AIModel), "at least one file")],
    "ProjectShape": [(without(HPC.name, HPC.Project), "one name")],
    "MachineShape": [
        (without(HPC.name, HPC.SuperComputer), "one name"),
        (no_type(HPC.GPU, HPC.GPU), "the GPU of a machine"),
    ],
    "PersonShape": [(without(FOAF.name, FOAF.Person), "one name here")],
    "MetricShape": [
        (instead(DQV.value, NONSENSE, DQV.QualityMeasurement), "one value, a number"),
        (without(DQV.isMeasurementOf, DQV.QualityMeasurement), "of what metric"),
    ],
    "MeasurementShape": [
        (without(QUDT.numericValue, DQV.QualityMeasurement), "one number"),
        (instead(QUDT.hasUnit, HK.unit, DQV.QualityMeasurement), "one unit"),
        (without(DQV.computedOn, DQV.QualityMeasurement), "of which artifact"),
        (without(PROV.wasGeneratedBy, DQV.QualityMeasurement), "by which benchmark"),
    ],
    "BenchmarkShape": [
        (without(HPC.wasAssociatedWithHardware, HK.Benchmark), "on which hardware"),
        (instead(HK.batchSize, Literal(0), HK.Benchmark), "a batch size"),
    ],
    "ComputerShape": [
        (instead(HPC.cpuCoreCount, Literal(0), HPC.Computer), "number of cores"),
        (instead(HK.memory, NONSENSE, HPC.Computer), "number of bytes"),
    ],
    "EnvironmentShape": [
        (without(HK.system, HK.Environment), "for one system"),
        (no_type(HPC.Software, HPC.Software), "are packages"),
    ],
    "ChainShape": [
        (without(RDF.type, HPC.Workflow), "an hpc:Workflow"),
        (
            lambda graph: [
                t for t in graph if not (t.predicate == HPC.isStepOfPlan and t.subject.value.endswith("1"))
            ],
            "at least two steps",
        ),
    ],
    "ChainStepShape": [
        (without(HK.position, HK.ChainStep), "one place in its chain"),
        (without(HK.runs, HK.ChainStep), "runs one model"),
    ],
    "ContainerShape": [
        (without(SPDX.checksum, HK.ContainerImage), "a digest"),
        (without(PROV.wasGeneratedBy, HK.ContainerImage), "made by one build"),
        (without(DCTERMS.title, HK.ContainerImage), "one name"),
    ],
    "ModelShape": [
        (no_type(FAIR4ML.MLModel, HPC.AIModel), "a fair4ml:MLModel too"),
        (instead(HK.parameterCount, Literal(-1), HPC.AIModel), "0 or more"),
    ],
    "TensorSpecShape": [
        (without(HK.position, HK.TensorSpec), "one place among"),
        (instead(HK.elementType, NOTHING, HK.TensorSpec), "one element type"),
    ],
    "OperatorShape": [(instead(HK.operatorCount, Literal(0), HK.OperatorUse), "a whole number of times")],
    "ProcessingShape": [
        (instead(HK.processingKind, NONSENSE, HK.Processing), "a tokenizer, image"),
        (instead(HK.processingStage, NONSENSE, HK.Processing), "before the model or after it"),
        (without(HK.position, HK.Processing), "one place in the order"),
        (without(HK.readFrom, HK.Processing), "said by one file"),
        (instead(HK.gives, NOTHING, HK.Processing), "gives is named"),
    ],
    "SettingShape": [(without(RDF.value, HK.Setting), "one value")],
    "HyperparameterShape": [
        (without(RDF.value, HK.Hyperparameter), "one value"),
        (instead(HK.readFrom, NONSENSE, HK.Hyperparameter), "read from one file"),
    ],
    "VerdictShape": [
        (instead(HK.outcome, NONSENSE, HK.Verification), "the outcome of a proof"),
        (instead(HK.seed, NONSENSE, HK.Verification), "the seed of a proof"),
    ],
    "FileShape": [
        (instead(DCAT.byteSize, Literal(-1), DCAT.Distribution), "whole number of bytes"),
        (instead(HK.role, NONSENSE, DCAT.Distribution), "original, converted, evidence or auxiliary"),
    ],
    "StoredFileShape": [
        (without(DCAT.byteSize, HPC.File), "has a size"),
        (without(SPDX.checksum, HPC.File), "has a checksum"),
    ],
    "ChecksumShape": [
        (instead(SPDX.checksumValue, Literal("AB", datatype=XSD.hexBinary), SPDX.Checksum), "64 hexadecimal"),
        (instead(SPDX.algorithm, SPDX.checksumAlgorithm_md5, SPDX.Checksum), "is a SHA-256"),
    ],
    "DatasetShape": [(instead(HK.rowCount, Literal(-1), HPC.Dataset), "the number of rows")],
    "ColumnShape": [
        (without(RDFS.label, CR.Field), "one name"),
        (without(HK.elementType, CR.Field), "one element type"),
    ],
    "JobShape": [
        (without(DCTERMS.identifier, HK.Ingest), "one id"),
        (instead(HK.jobState, NONSENSE, HK.Ingest), "a job is queued"),
    ],
    "ConversionShape": [
        (instead(HK.targetOpset, Literal(0), HK.Conversion), "aims at one opset"),
        (instead(PROV.generated, NONSENSE, HK.Conversion), "what a conversion makes"),
    ],
    "RunShape": [
        (instead(PROV.used, NONSENSE, HK.SmokeRun), "what a run reads"),
        (instead(HK.targetOpset, Literal(18), HK.SmokeRun), "converts nothing"),
    ],
    "TaskShape": [
        (without(HK.plan, HK.Run), "one plan"),
        (instead(HK.given, NONSENSE, HK.Run), "was given is a file"),
    ],
    "ReproductionShape": [(without(HK.reproduces, HK.Reproduction), "does one step again")],
    "StepShape": [
        (without(DCTERMS.isPartOf, HK.Conversion), "part of one job"),
        (instead(HK.stepState, NONSENSE, HK.Conversion), "a step is queued"),
        (instead(HK.outcome, NONSENSE, HK.Verification), "the outcome of a proof"),
    ],
}


RUNS = ("TaskShape", "ReproductionShape", "MeasurementShape", "BenchmarkShape")
STEPS = ("JobShape", "StepShape", "ConversionShape", "RunShape")
CHAINS = ("ChainShape", "ChainStepShape")
MEASURED = ("ContainerShape",)
SURROUNDINGS = ("ComputerShape", "EnvironmentShape")
EXAMPLES = Path(__file__).parent / "examples"
SITE = "https://models.example.org"


@pytest.fixture(scope="module")
def shapes() -> Shapes:
    return Shapes()


@pytest.fixture
def good(model: Artifact, dataset: Artifact, jobs: tuple[Job, ...], run: Run) -> dict[str, Graph]:
    """A record or provenance that each shape has something to look at in."""
    record, table, story = describe(model), describe(dataset), provenance(model.id, jobs)
    measured = [q.triple for q in ox.parse(path=EXAMPLES / "measured.ttl", format=ox.RdfFormat.TURTLE)]
    _, packages = environment(SITE, Environment("3.11.7", "Linux x86_64", ("numpy 2.4.6", "onnx 1.23.2")))
    _, computer = hardware(SITE, Hardware("EPYC", 2, 24 << 30, ("A100", "A100"), f"{SITE}/#machine/x"))
    of = {"DatasetShape": table, "ColumnShape": table} | dict.fromkeys(STEPS, story)
    links = (Link("encoder", model.id), Link("decoder", dataset.id, ("memory <- encoder.state",)))
    plan = replace(dataset, kind="workflow", columns=(), rows=None, chain=links)
    of |= dict.fromkeys(CHAINS, describe(plan))
    of |= dict.fromkeys(RUNS, describe_run(run_iri(SITE, run.id), run))
    of |= dict.fromkeys(MEASURED, measured) | {shape: [*packages, *computer] for shape in SURROUNDINGS}
    return {shape: of.get(shape, record) for shape in BAD}


def declared() -> set[str]:
    graph = [q.triple for q in ox.parse(validate.text(""), format=ox.RdfFormat.TURTLE)]
    return {node.value.rpartition("#")[2] for node in members(graph, SH.NodeShape)}


def test_every_shape_has_its_examples() -> None:
    assert declared() == set(BAD)


def test_every_property_of_every_shape_has_a_message() -> None:
    graph = [q.triple for q in ox.parse(validate.text(""), format=ox.RdfFormat.TURTLE)]
    properties = {t.object for t in graph if t.predicate == SH.property}
    assert properties | {HK.HeldShape} == {t.subject for t in graph if t.predicate == SH.message}


def violations(shapes: Shapes, graph: Graph) -> list[str]:
    return [v.message for v in shapes.validate(graph) if v.severity == "violation"]


@pytest.mark.parametrize(
    ("shape", "spoil", "message"),
    [(shape, *case) for shape, cases in BAD.items() for case in cases],
    ids=[f"{shape}-{message}" for shape, cases in BAD.items() for _, message in cases],
)
def test_the_good_one_passes_and_the_bad_one_is_told(
    shapes: Shapes, good: dict[str, Graph], shape: str, spoil: Spoil, message: str
) -> None:
    graph = good[shape]
    spoiled = spoil(graph)
    assert spoiled != graph
    assert violations(shapes, graph) == []
    assert any(message in said for said in violations(shapes, spoiled))
    assert shapes.conforms(graph)
    assert not shapes.conforms(spoiled)


def test_all_that_is_wrong_is_told_at_once(shapes: Shapes, good: dict[str, Graph]) -> None:
    graph = good["ArtifactShape"]
    spoils = [(case, shape) for shape, cases in BAD.items() for case in cases if good[shape] is graph]
    for (spoil, _), _ in spoils:
        graph = spoil(graph)
    said = violations(shapes, graph)
    # two spoils undo others: a file without a size has no wrong one, an artifact without identity needs no file
    undone = {"whole number of bytes", "at least one file"}
    assert {m for (_, m), _ in spoils if not any(m in text for text in said)} == undone
