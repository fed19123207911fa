"""An artifact as the triples of its record graph, and read back from them without loss.

The graph has no blank nodes: parts are fragments of the artifact's IRI, such
as ``#input-0``.  What is ordered (files, tensors, creators) carries
`hk:position`; tags and references are sets, and come back sorted.  How it came
to be stands in a graph of its own, see `provenance`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final

from pyoxigraph import Literal, NamedNode, Triple

from hpcfair_kg.artifact import Artifact, Column, File, Metric, Person, TensorSpec
from hpcfair_kg.knowledge import terms
from hpcfair_kg.knowledge.codecs import INTEGER, TIME, scalar, unscalar
from hpcfair_kg.knowledge.iris import ark, file_node, job_id, job_node, part, shared
from hpcfair_kg.knowledge.terms import Properties, by_subject, fields, ordered, read_fields, typed
from hpcfair_kg.knowledge.vocabulary import (
    ARCHITECTURES,
    CR,
    DCAT,
    DCTERMS,
    DQV,
    FAIR4ML,
    FOAF,
    HK,
    HPC,
    ORCID,
    PROV,
    RDF,
    RDFS,
    SPDX,
    XSD,
)

KINDS: Final[Mapping[str, tuple[NamedNode, ...]]] = {
    "model": (HPC.AIModel, FAIR4ML.MLModel, DCAT.Dataset, PROV.Entity),
    "dataset": (HPC.Dataset, DCAT.Dataset, PROV.Entity),
    "workflow": (HPC.Workflow, DCAT.Dataset, PROV.Entity),
}
_KIND: Final[Mapping[NamedNode, Any]] = {types[0]: kind for kind, types in KINDS.items()}

Nodes = Mapping[NamedNode, Properties]


def describe(artifact: Artifact) -> list[Triple]:
    """Return the record graph of an artifact: the canonical one, named by its IRI."""
    node = NamedNode(artifact.id)
    return [
        *_identity(node, artifact),
        *fields(node, artifact, terms.ARTIFACT),
        *_creators(node, artifact.creators),
        *_files(node, artifact),
        *_tensors(node, "input", artifact.inputs),
        *_tensors(node, "output", artifact.outputs),
        *_columns(node, artifact.columns),
        *_verdict(node, artifact),
        *_hyperparameters(node, artifact.hyperparameters),
        *_metrics(node, artifact.metrics),
        *_notes(node, artifact.notes),
    ]


def read(triples: Iterable[Triple]) -> Artifact:
    """Return the artifact that a record graph describes: the inverse of `describe`."""
    nodes = by_subject(triples)
    node, record = next((node, found) for node, found in nodes.items() if HK.handle in found)

    def members(link: NamedNode, of: Properties = record) -> list[Properties]:
        return ordered(nodes, of.get(link, ()))

    return Artifact(
        id=node.value,
        key=record[DCTERMS.identifier][0].value.rpartition("/")[2],
        kind=next(_KIND[kind] for kind in record[RDF.type] if kind in _KIND),
        creators=tuple(_person(nodes, found) for found in members(PROV.qualifiedAttribution)),
        files=tuple(_file(nodes, found) for found in members(DCAT.distribution)),
        inputs=tuple(TensorSpec(**read_fields(found, terms.TENSOR)) for found in members(HK.input)),
        outputs=tuple(TensorSpec(**read_fields(found, terms.TENSOR)) for found in members(HK.output)),
        columns=tuple(
            Column(**read_fields(found, terms.TENSOR))
            for table in record.get(CR.recordSet, ())
            for found in members(CR.field, nodes[table])
        ),
        verdict=next((terms.read_verdict(nodes[found]) for found in record.get(HK.verdict, ())), None),
        hyperparameters=_read_hyperparameters(nodes, record),
        metrics=tuple(_metric(nodes, found) for found in members(DQV.hasQualityMeasurement)),
        notes=tuple(found[RDF.value][0].value for found in members(HK.note)),
        job=next((job_id(found) for found in record.get(HK.job, ())), None),
        **read_fields(record, terms.ARTIFACT),
    )


def _identity(node: NamedNode, artifact: Artifact) -> Iterator[Triple]:
    handle = f"{artifact.owner}/{artifact.name}"
    yield from typed(node, KINDS[artifact.kind])
    if artifact.architecture in ARCHITECTURES:
        yield from typed(node, (ARCHITECTURES[artifact.architecture],))
    yield Triple(node, DCTERMS.identifier, Literal(ark(artifact.id)))
    yield Triple(node, HK.handle, Literal(handle))
    yield Triple(node, DCAT.isVersionOf, shared(artifact.id, "name", handle))
    if artifact.job is not None:
        yield Triple(node, HK.job, job_node(artifact.id, artifact.job))
    if artifact.status == "withdrawn":
        yield Triple(node, PROV.invalidatedAtTime, TIME.write(artifact.modified))


def _creators(node: NamedNode, creators: Iterable[Person]) -> Iterator[Triple]:
    """Yield the creators; their order is the attribution's, since a person is known by one IRI everywhere."""
    for position, person in enumerate(creators):
        agent = NamedNode(ORCID + person.orcid) if person.orcid else part(node.value, "person", position)
        attribution = part(node.value, "creator", position)
        yield Triple(node, DCTERMS.creator, agent)
        yield from typed(agent, (PROV.Agent, FOAF.Person))
        yield Triple(agent, FOAF.name, Literal(person.name))
        yield Triple(node, PROV.qualifiedAttribution, attribution)
        yield from typed(attribution, (PROV.Attribution,))
        yield Triple(attribution, PROV.agent, agent)
        yield _position(attribution, position)


def _person(nodes: Nodes, attribution: Properties) -> Person:
    agent = attribution[PROV.agent][0]
    orcid = agent.value.removeprefix(ORCID)
    return Person(nodes[agent][FOAF.name][0].value, orcid if orcid != agent.value else None)


def _files(node: NamedNode, artifact: Artifact) -> Iterator[Triple]:
    originals = [file_node(artifact.id, f.name) for f in artifact.files if f.role == "original"]
    for position, file in enumerate(artifact.files):
        form, checksum = file_node(artifact.id, file.name), part(artifact.id, "sha256", file.name)
        yield Triple(node, DCAT.distribution, form)
        yield from typed(form, (DCAT.Distribution, HPC.File))
        yield from fields(form, file, terms.FILE)
        yield Triple(form, DCAT.downloadURL, NamedNode(artifact.url(file)))
        yield Triple(form, SPDX.checksum, checksum)
        yield from typed(checksum, (SPDX.Checksum,))
        yield Triple(checksum, SPDX.algorithm, SPDX.checksumAlgorithm_sha256)
        yield Triple(checksum, SPDX.checksumValue, Literal(file.sha256, datatype=XSD.hexBinary))
        yield _position(form, position)
        if file.role in ("converted", "evidence"):
            yield from (Triple(form, HK.convertedFrom, original) for original in originals)


def _file(nodes: Nodes, form: Properties) -> File:
    sha256 = nodes[form[SPDX.checksum][0]][SPDX.checksumValue][0].value
    return File(sha256=sha256, **read_fields(form, terms.FILE))


def _tensors(node: NamedNode, which: str, specs: Iterable[TensorSpec]) -> Iterator[Triple]:
    for position, spec in enumerate(specs):
        tensor = part(node.value, which, position)
        yield Triple(node, HK[which], tensor)
        yield from typed(tensor, (HK.TensorSpec,))
        yield from fields(tensor, spec, terms.TENSOR)
        yield _position(tensor, position)


def _columns(node: NamedNode, columns: tuple[Column, ...]) -> Iterator[Triple]:
    if not columns:
        return
    table = NamedNode(f"{node.value}#columns")
    yield Triple(node, CR.recordSet, table)
    yield from typed(table, (CR.RecordSet,))
    for position, column in enumerate(columns):
        field = part(node.value, "column", position)
        yield Triple(table, CR.field, field)
        yield from typed(field, (CR.Field,))
        yield from fields(field, column, terms.TENSOR)
        yield _position(field, position)


def _verdict(node: NamedNode, artifact: Artifact) -> Iterator[Triple]:
    if artifact.verdict is None:
        return
    verification = NamedNode(f"{node.value}#verdict")
    yield Triple(node, HK.verdict, verification)
    yield from typed(verification, (HK.Verification,))
    yield from terms.verdict(verification, artifact.verdict)


def _hyperparameters(node: NamedNode, values: Mapping[str, Any]) -> Iterator[Triple]:
    for name, value in values.items():
        setting = part(node.value, "hyperparameter", name)
        yield Triple(node, HK.hyperparameter, setting)
        yield from typed(setting, (HK.Hyperparameter,))
        yield Triple(setting, RDFS.label, Literal(name))
        yield Triple(setting, RDF.value, scalar(value))


def _read_hyperparameters(nodes: Nodes, record: Properties) -> dict[str, Any]:
    settings = (nodes[setting] for setting in record.get(HK.hyperparameter, ()))
    return dict(sorted((s[RDFS.label][0].value, unscalar(s[RDF.value][0])) for s in settings))


def _metrics(node: NamedNode, metrics: Iterable[Metric]) -> Iterator[Triple]:
    for position, metric in enumerate(metrics):
        measurement = part(node.value, "metric", position)
        measured = shared(node.value, "metric", metric.name)
        yield Triple(node, DQV.hasQualityMeasurement, measurement)
        yield from typed(measurement, (DQV.QualityMeasurement,))
        yield Triple(measurement, DQV.isMeasurementOf, measured)
        yield from typed(measured, (DQV.Metric,))
        yield Triple(measured, RDFS.label, Literal(metric.name))
        yield from fields(measurement, metric, terms.METRIC)
        yield _position(measurement, position)


def _metric(nodes: Nodes, measurement: Properties) -> Metric:
    name = nodes[measurement[DQV.isMeasurementOf][0]][RDFS.label][0].value
    return Metric(name, **read_fields(measurement, terms.METRIC))


def _notes(node: NamedNode, notes: Iterable[str]) -> Iterator[Triple]:
    for position, text in enumerate(notes):
        note = part(node.value, "note", position)
        yield Triple(node, HK.note, note)
        yield from typed(note, (HK.Note,))
        yield Triple(note, RDF.value, Literal(text))
        yield _position(note, position)


def _position(node: NamedNode, position: int) -> Triple:
    return Triple(node, HK.position, INTEGER.write(position))
