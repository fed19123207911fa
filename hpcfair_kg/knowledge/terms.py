"""Field ↔ term: one table for each noun, read in both directions.

`fields` writes what a table says of a noun as triples, `read_fields` has the
fields back from a node's properties.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from pyoxigraph import NamedNode, Triple

from hpcfair_kg.activity import Ulp, Verdict
from hpcfair_kg.knowledge.codecs import (
    DOUBLE,
    INTEGER,
    IRI,
    LICENSE,
    MEDIA,
    REFERENCE,
    SHAPE,
    TEXT,
    TIME,
    TRIALS,
    VISIBILITY,
    Codec,
)
from hpcfair_kg.knowledge.vocabulary import CR, DCAT, DCTERMS, DQV, FAIR4ML, HK, HPC, PROV, RDF, RDFS

Properties = Mapping[NamedNode, list[Any]]
"""What a graph says of one node: values by property."""
_TYPE, _POSITION = RDF.type, HK.position


@dataclass(frozen=True, slots=True)
class Term:
    """The property that a field is; `absent` is the value that no triple stands for, `many` a set of values."""

    predicate: NamedNode
    codec: Codec
    absent: Any = None
    many: bool = False


Table = Mapping[str, Term]

ARTIFACT: Final[Table] = {
    "owner": Term(HK.owner, TEXT),
    "name": Term(HK.name, TEXT),
    "version": Term(DCAT.version, TEXT),
    "title": Term(DCTERMS.title, TEXT, absent=""),
    "description": Term(DCTERMS.description, TEXT, absent=""),
    "tags": Term(DCAT.keyword, TEXT, many=True),
    "license": Term(DCTERMS.license, LICENSE, absent=""),
    "visibility": Term(DCTERMS.accessRights, VISIBILITY),
    "framework": Term(HPC.machineLearningFramework, TEXT),
    "architecture": Term(FAIR4ML.modelCategory, TEXT),
    "architecture_evidence": Term(HK.architectureEvidence, TEXT),
    "task": Term(FAIR4ML.mlTask, TEXT),
    "status": Term(HK.status, TEXT),
    "reason": Term(HK.reason, TEXT),
    "parameters": Term(HK.parameterCount, INTEGER),
    "rows": Term(HK.rowCount, INTEGER),
    "trained_on": Term(FAIR4ML.trainedOn, REFERENCE, many=True),
    "tested_on": Term(FAIR4ML.testedOn, REFERENCE, many=True),
    "derived_from": Term(PROV.wasDerivedFrom, REFERENCE, many=True),
    "components": Term(HK.component, REFERENCE, many=True),
    "source": Term(DCTERMS.source, REFERENCE),
    "previous": Term(DCAT.previousVersion, REFERENCE),
    "identity": Term(HK.identity, TEXT, absent=""),
    "created": Term(DCTERMS.created, TIME, absent=""),
    "modified": Term(DCTERMS.modified, TIME, absent=""),
}
FILE: Final[Table] = {
    "name": Term(DCTERMS.title, TEXT),
    "format": Term(HK.format, TEXT),
    "role": Term(HK.role, TEXT),
    "size": Term(DCAT.byteSize, INTEGER),
    "media_type": Term(DCAT.mediaType, MEDIA),
    "opset": Term(HK.opset, INTEGER),
}
TENSOR: Final[Table] = {
    "name": Term(RDFS.label, TEXT),
    "dtype": Term(HK.elementType, TEXT),
    "shape": Term(CR.arrayShape, SHAPE, absent=()),
}
PROCESSING: Final[Table] = {
    "kind": Term(HK.processingKind, TEXT),
    "stage": Term(HK.processingStage, TEXT),
    "takes": Term(HK.takes, TEXT, many=True),
    "gives": Term(HK.gives, TEXT, many=True),
}
METRIC: Final[Table] = {
    "value": Term(DQV.value, DOUBLE),
    "on": Term(HK.measuredOn, REFERENCE),
}
VERDICT: Final[Table] = {
    "outcome": Term(HK.outcome, TEXT),
    "normalised": Term(HK.normalisedError, DOUBLE),
    "max_abs": Term(HK.maxAbsoluteError, DOUBLE),
    "max_rel": Term(HK.maxRelativeError, DOUBLE),
    "rms": Term(HK.rmsError, DOUBLE),
    "cosine": Term(HK.cosineSimilarity, DOUBLE),
    "label_mismatches": Term(HK.labelMismatches, INTEGER),
    "shapes": Term(HK.shapesTried, TRIALS, absent=()),
    "seed": Term(HK.seed, INTEGER),
    "opset": Term(HK.opset, INTEGER),
    "reason": Term(HK.reason, TEXT),
}
ULP: Final[Table] = {
    "p50": Term(HK.ulpP50, DOUBLE),
    "p99": Term(HK.ulpP99, DOUBLE),
    "max": Term(HK.ulpMax, DOUBLE),
}
STEP: Final[Table] = {
    "name": Term(RDFS.label, TEXT),
    "state": Term(HK.stepState, TEXT),
    "started": Term(PROV.startedAtTime, TIME),
    "ended": Term(PROV.endedAtTime, TIME),
    "detail": Term(HK.detail, TEXT),
    "opset": Term(HK.targetOpset, INTEGER),
    "box": Term(HK.sandbox, TEXT),
    "environment": Term(HK.environment, IRI),
    "hardware": Term(HPC.wasAssociatedWithHardware, IRI),
    "batch": Term(HK.batchSize, INTEGER),
    "threads": Term(HK.threadCount, INTEGER),
    "repeats": Term(HK.repeats, INTEGER),
    "reproduces": Term(HK.reproduces, IRI),
    "differences": Term(HK.difference, TEXT, many=True),
}
LINK: Final[Table] = {
    "name": Term(RDFS.label, TEXT),
    "model": Term(HK.runs, REFERENCE),
    "wires": Term(HK.wire, TEXT, many=True),
}
MEASUREMENT: Final[Table] = {
    "value": Term(DQV.value, DOUBLE),
    "of": Term(DQV.computedOn, IRI),
}
PROJECT: Final[Table] = {
    "name": Term(HPC.name, TEXT),
    "award": Term(HPC.awardID, TEXT),
}
JOB: Final[Table] = {
    "id": Term(DCTERMS.identifier, TEXT),
    "state": Term(HK.jobState, TEXT),
    "started": Term(PROV.startedAtTime, TIME),
    "ended": Term(PROV.endedAtTime, TIME),
    "detail": Term(HK.detail, TEXT),
}
RUN: Final[Table] = {
    **JOB,
    "task": Term(HK.task, TEXT),
    "owner": Term(HK.owner, TEXT),
    "plan": Term(HK.plan, TEXT),
    "used": Term(PROV.used, IRI, many=True),
    "generated": Term(PROV.generated, IRI, many=True),
}


def typed(node: NamedNode, types: Iterable[NamedNode]) -> Iterator[Triple]:
    """Yield the types of a node."""
    return (Triple(node, _TYPE, kind) for kind in types)


def fields(node: NamedNode, noun: Any, table: Table) -> Iterator[Triple]:
    """Yield a triple for each field of the table that has a value."""
    for name, term in table.items():
        value = getattr(noun, name)
        if term.many:
            yield from (Triple(node, term.predicate, term.codec.write(v)) for v in value)
        elif value is not None and value != term.absent:
            yield Triple(node, term.predicate, term.codec.write(value))


def read_fields(properties: Properties, table: Table) -> dict[str, Any]:
    """Return the fields that a node's properties hold, by name: the inverse of `fields`."""
    found: dict[str, Any] = {}
    for name, term in table.items():
        values = properties.get(term.predicate)
        if values and term.many:
            found[name] = tuple(sorted({term.codec.read(value) for value in values}))
        elif values:
            found[name] = term.codec.read(values[0])
    return found


def verdict(node: NamedNode, verdict: Verdict) -> Iterator[Triple]:
    """Yield a verdict's figures, as properties of the verification that found them."""
    yield from fields(node, verdict, VERDICT)
    if verdict.ulp is not None:
        yield from fields(node, verdict.ulp, ULP)


def read_verdict(properties: Properties) -> Verdict | None:
    """Return the verdict that a node's properties hold, if they do: the inverse of `verdict`."""
    if HK.outcome not in properties:
        return None
    ulp = read_fields(properties, ULP)
    return Verdict(ulp=Ulp(**ulp) if ulp else None, **read_fields(properties, VERDICT))


def by_subject(triples: Iterable[Triple]) -> dict[NamedNode, dict[NamedNode, list[Any]]]:
    """Return the objects of a graph by subject and property."""
    nodes: dict[NamedNode, dict[NamedNode, list[Any]]] = {}
    for subject, predicate, value in triples:
        nodes.setdefault(subject, {}).setdefault(predicate, []).append(value)
    return nodes


def ordered(nodes: Mapping[NamedNode, Properties], links: Iterable[NamedNode]) -> list[Properties]:
    """Return the nodes linked to, by their `hk:position`."""
    return sorted((nodes[link] for link in links), key=lambda node: int(node[_POSITION][0].value))
