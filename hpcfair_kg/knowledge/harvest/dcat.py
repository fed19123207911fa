"""DCAT 3, DCAT-AP 3.0.1 and MLDCAT-AP 3.1.0: every dataset and every model that a catalogue describes."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import ClassVar, Final

from pyoxigraph import NamedNode

from hpcfair_kg.knowledge.harvest import works
from hpcfair_kg.knowledge.harvest.base import Description, Dialect, Document
from hpcfair_kg.knowledge.harvest.files import Listed, files
from hpcfair_kg.knowledge.harvest.graph import Thing
from hpcfair_kg.knowledge.vocabulary import DCAT, DCTERMS, FAIR4ML, HPC, IT6, PROV, SPDX

_KINDS: Final = {HPC.AIModel.value: "model", HPC.Workflow.value: "workflow"}
_UNKNOWN: Final = "#trained-on"
"""How our MLDCAT-AP view says that it is not known what a model was trained on."""


class Dcat(Dialect):
    """Datasets of a DCAT catalogue."""

    name: ClassVar[str] = "dcat"
    rank: ClassVar[int] = 40
    types: ClassVar[tuple[NamedNode, ...]] = (DCAT.Dataset,)

    def read(self, document: Document) -> Iterator[Description]:
        """Yield each thing that has a title, but those that are only mentioned within another."""
        things = document.graph.things(*self.types)
        wholes = {thing.iri for thing in things} | {node.value for node in document.graph.claimed}
        for thing in things:
            if _has_title(thing) and thing.iri.partition("#")[0] not in wholes - {thing.iri}:
                document.graph.claim(thing)
                description = _resource(thing, document, self.name)
                self.add(description, thing, document.address)
                yield description

    def add(self, description: Description, thing: Thing, address: str) -> None:
        """Add what a dataset has: its kind, and its distributions."""
        kinds = [_KINDS[iri] for iri in thing.texts(DCTERMS.type) if iri in _KINDS]
        kind = kinds[0] if kinds else "model" if thing.is_a(HPC.AIModel, FAIR4ML.MLModel) else "dataset"
        description.say(kind=kind, trained_on=works.references(thing, FAIR4ML.trainedOn))
        files(description, map(_distribution, thing.things(DCAT.distribution)), address)


class MlDcat(Dcat):
    """Models of an MLDCAT-AP catalogue; the datasets beside them are DCAT."""

    name: ClassVar[str] = "mldcat-ap"
    rank: ClassVar[int] = 35
    types: ClassVar[tuple[NamedNode, ...]] = (IT6.MachineLearningModel,)

    def add(self, description: Description, thing: Thing, address: str) -> None:
        """Add what a model has: what it was learned from, its size and its files."""
        learned = [r for r in thing.things(IT6.trainedOn) if r.iri != f"{thing.iri}{_UNKNOWN}"]
        tuned = works.references(thing, IT6.fineTunedFrom)
        count = thing.line(IT6.totalNumberOfParameters)
        description.say(
            kind="model",
            trained_on=works.references(thing, IT6.trainedOn) if learned else [],
            tested_on=works.references(thing, IT6.testedOn),
            derived_from=list(dict.fromkeys([*description.record.get("derived_from", ()), *tuned])),
            parameters=int(count) if count and count.isdigit() else None,
            task=_short(thing.line(IT6.intendedUse)),
        )
        works.architecture(description, thing.line(IT6.modelArchitecture))
        files(description, map(_file, thing.things(IT6.hasFile)), address)


def _has_title(thing: Thing) -> bool:
    return DCTERMS.title in thing.graph.said[thing.node]


def _resource(thing: Thing, document: Document, dialect: str) -> Description:
    """Return what DCAT says of any resource of a catalogue."""
    source = thing.iri or document.address or next(iter(thing.texts(DCAT.landingPage)), "")
    description = Description(source, dialect, report=thing.report)
    description.say(
        title=thing.line(DCTERMS.title),
        description=thing.text(DCTERMS.description),
        version=works.version(thing.line(DCAT.version, IT6.versionLabel)),
        previous=next(iter(works.references(thing, DCAT.previousVersion)), None),
        tags=works.tags(thing.lines(DCAT.keyword)),
        derived_from=works.references(thing, PROV.wasDerivedFrom),
    )
    works.creators(description, thing, DCTERMS.creator)
    works.rights(description, thing, DCTERMS.license, *thing.things(DCAT.distribution))
    works.access(description, thing, DCTERMS.accessRights)
    works.dated(description, thing, DCTERMS.issued, IT6.releaseDate, DCTERMS.created)
    works.known_as(description, thing, DCTERMS.identifier, DCAT.landingPage)
    if thing.values(PROV.invalidatedAtTime):
        description.say(status="withdrawn", reason="withdrawn at its source")
    return description


def _distribution(form: Thing) -> Listed:
    url = next(iter(form.texts(DCAT.downloadURL, DCAT.accessURL)), None)
    media = next(iter(form.texts(DCAT.mediaType, DCTERMS["format"])), None)
    return Listed(form.line(DCTERMS.title), url, media, form.line(DCAT.byteSize), _sha256(form))


def _file(form: Thing) -> Listed:
    media = next(iter(form.lines(DCTERMS["format"])), None)
    named = form.line(DCTERMS.identifier) or form.line(DCTERMS.title)
    form.values(DCTERMS.title)
    return Listed(named, next(iter(form.texts(IT6.url)), None), media, None, _sha256(form))


def _sha256(form: Thing) -> str | None:
    """Return the SHA-256; checksums of other algorithms are not kept."""
    for checksum in form.things(SPDX.checksum):
        algorithm = " ".join(checksum.texts(SPDX.algorithm)).lower()
        if re.search(r"sha-?256", algorithm):
            return checksum.line(SPDX.checksumValue)
    return None


def _short(said: str | None) -> str | None:
    return said if said and len(said) <= 200 else None


PLUGINS = (Dcat(), MlDcat())
