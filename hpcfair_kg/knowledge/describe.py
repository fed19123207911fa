"""An artifact as the triples of its record graph, and read back from them without loss.

The graph has no blank nodes: parts are fragments of the artifact's IRI, such
as ``#input-0``.  What is ordered (files, tensors, creators) carries
`hk:position`; tags and references are sets, and come back sorted.  How it came
to be stands in a graph of its own, see `provenance`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, Final

from pyoxigraph import Literal, NamedNode, Triple

from hpcfair_kg.artifact import Artifact, Column, File, Metric, Person, Processing, TensorSpec
from hpcfair_kg.knowledge import terms
from hpcfair_kg.knowledge.background import background, read_background
from hpcfair_kg.knowledge.chains import chained, read_chained
from hpcfair_kg.knowledge.codecs import INTEGER, TIME, scalar, unscalar
from hpcfair_kg.knowledge.iris import ark, file_name, file_node, job_id, job_node, part, shared
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
        *_processing(node, artifact),
        *_columns(node, artifact.columns),
        *_verdict(node, artifact),
        *_operators(node, artifact.operators),
        *_hyperparameters(node, artifact),
        *_metrics(node, artifact.metrics),
        *_notes(node, artifact.notes),
        *chained(node, artifact.chain),
        *dict.fromkeys(background(artifact)),  # machines may share a processor
    ]


def concept(versions: Sequence[Artifact]) -> tuple[str, list[Triple]]:
    """Return the IRI of what an artifact's versions, oldest first, are versions of, and what is said of it.

    The current one is the last that was not withdrawn (DCAT 3, section 11).
    """
    last = versions[-1]
    node = shared(last.id, "name", f"{last.owner}/{last.name}")
    triples = [
        Triple(node, RDF.type, DCAT.Resource),
        Triple(node, DCTERMS.title, Literal(last.title or last.name)),
    ]
    triples += [Triple(node, DCAT.hasVersion, NamedNode(version.id)) for version in versions]
    if last.status != "withdrawn":
        triples.append(Triple(node, DCAT.hasCurrentVersion, NamedNode(last.id)))
    return node.value, triples


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
        processing=tuple(_step(nodes, found) for found in members(HK.processing)),
        columns=tuple(
            Column(**read_fields(found, terms.TENSOR))
            for table in record.get(CR.recordSet, ())
            for found in members(CR.field, nodes[table])
        ),
        verdict=next((terms.read_verdict(nodes[found]) for found in record.get(HK.verdict, ())), None),
        operators=_read_operators(nodes, record),
        **_read_hyperparameters(nodes, record),
        metrics=tuple(_metric(nodes, found) for found in members(DQV.hasQualityMeasurement)),
        notes=tuple(found[RDF.value][0].value for found in members(HK.note)),
        chain=read_chained(nodes, record),
        job=next((job_id(found) for found in record.get(HK.job, ())), None),
        **read_background(nodes, record),
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
        form = file_node(artifact.id, file.name)
        yield Triple(node, DCAT.distribution, form)
        yield from typed(form, (DCAT.Distribution, HK.RemoteFile if file.remote else HPC.File))
        yield from fields(form, file, terms.FILE)
        yield Triple(form, DCAT.downloadURL, NamedNode(artifact.url(file)))
        if file.sha256:
            yield from checksum(form, part(artifact.id, "sha256", file.name), file.sha256)
        yield _position(form, position)
        if file.role in ("converted", "evidence"):
            yield from (Triple(form, HK.convertedFrom, original) for original in originals)


def checksum(form: NamedNode, digest: NamedNode, sha256: str) -> Iterator[Triple]:
    """Yield the checksum of a file, as a node of its own."""
    yield Triple(form, SPDX.checksum, digest)
    yield from typed(digest, (SPDX.Checksum,))
    yield Triple(digest, SPDX.algorithm, SPDX.checksumAlgorithm_sha256)
    yield Triple(digest, SPDX.checksumValue, Literal(sha256, datatype=XSD.hexBinary))


def _file(nodes: Nodes, form: Properties) -> File:
    digests = (nodes[checksum][SPDX.checksumValue][0].value for checksum in form.get(SPDX.checksum, ()))
    elsewhere = form[DCAT.downloadURL][0].value if HK.RemoteFile in form[RDF.type] else None
    found = {"size": None} | read_fields(form, terms.FILE)
    return File(sha256=next(digests, ""), remote=elsewhere, **found)


def _tensors(node: NamedNode, which: str, specs: Iterable[TensorSpec]) -> Iterator[Triple]:
    for position, spec in enumerate(specs):
        tensor = part(node.value, which, position)
        yield Triple(node, HK[which], tensor)
        yield from typed(tensor, (HK.TensorSpec,))
        yield from fields(tensor, spec, terms.TENSOR)
        yield _position(tensor, position)


def _processing(node: NamedNode, artifact: Artifact) -> Iterator[Triple]:
    for position, step in enumerate(artifact.processing):
        processing = part(node.value, "processing", position)
        yield Triple(node, HK.processing, processing)
        yield from typed(processing, (HK.Processing,))
        yield from fields(processing, step, terms.PROCESSING)
        yield Triple(processing, HK.readFrom, file_node(artifact.id, step.file))
        yield _position(processing, position)
        for name, value in step.settings.items():
            setting = part(node.value, f"setting-{position}", name)
            yield Triple(processing, HK.setting, setting)
            yield from typed(setting, (HK.Setting,))
            yield Triple(setting, RDFS.label, Literal(name))
            yield Triple(setting, RDF.value, scalar(value))


def _step(nodes: Nodes, processing: Properties) -> Processing:
    settings = [nodes[found] for found in processing.get(HK.setting, ())]
    said = {found[RDFS.label][0].value: unscalar(found[RDF.value][0]) for found in settings}
    file = file_name(processing[HK.readFrom][0])
    named = read_fields(processing, terms.PROCESSING)
    return Processing(file=file, settings=dict(sorted(said.items())), **named)


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


def _operators(node: NamedNode, counts: Mapping[str, int]) -> Iterator[Triple]:
    for name, count in counts.items():
        use = part(node.value, "operator", name)
        yield Triple(node, HK.operator, use)
        yield from typed(use, (HK.OperatorUse,))
        yield Triple(use, RDFS.label, Literal(name))
        yield Triple(use, HK.operatorCount, INTEGER.write(count))


def _read_operators(nodes: Nodes, record: Properties) -> dict[str, int]:
    uses = (nodes[use] for use in record.get(HK.operator, ()))
    return dict(sorted((u[RDFS.label][0].value, int(u[HK.operatorCount][0].value)) for u in uses))


def _hyperparameters(node: NamedNode, artifact: Artifact) -> Iterator[Triple]:
    for name, value in artifact.hyperparameters.items():
        setting = part(node.value, "hyperparameter", name)
        yield Triple(node, HK.hyperparameter, setting)
        yield from typed(setting, (HK.Hyperparameter,))
        yield Triple(setting, RDFS.label, Literal(name))
        yield Triple(setting, RDF.value, scalar(value))
        if name in artifact.hyperparameter_sources:
            file = artifact.hyperparameter_sources[name]
            yield Triple(setting, HK.readFrom, file_node(artifact.id, file))


def _read_hyperparameters(nodes: Nodes, record: Properties) -> dict[str, Any]:
    settings = {nodes[s][RDFS.label][0].value: nodes[s] for s in record.get(HK.hyperparameter, ())}
    said = sorted(settings.items())
    return {
        "hyperparameters": {name: unscalar(s[RDF.value][0]) for name, s in said},
        "hyperparameter_sources": {n: file_name(s[HK.readFrom][0]) for n, s in said if HK.readFrom in s},
    }


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
