"""schema.org, and FAIR4ML 0.1.0 over it: datasets and models as landing pages carry them (https://schema.org/Dataset)."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any, ClassVar

from pyoxigraph import NamedNode

from hpcfair_kg.knowledge.harvest import works
from hpcfair_kg.knowledge.harvest.base import Description, Dialect, Document
from hpcfair_kg.knowledge.harvest.files import Listed, files
from hpcfair_kg.knowledge.harvest.graph import Thing
from hpcfair_kg.knowledge.vocabulary import CR, DCTERMS, FAIR4ML, PROV, SCHEMA


class SchemaOrg(Dialect):
    """Datasets in schema.org's words."""

    name: ClassVar[str] = "schema.org"
    rank: ClassVar[int] = 50
    types: ClassVar[tuple[NamedNode, ...]] = (SCHEMA.Dataset,)

    def read(self, document: Document) -> Iterator[Description]:
        """Yield each thing that is more than a mention: with a name and something else."""
        for thing in document.graph.things(*self.types):
            if _is_described(thing):
                document.graph.claim(thing)
                description = work(thing, document, self.name)
                self.add(description, thing)
                yield description

    def add(self, description: Description, thing: Thing) -> None:
        """Add what this dialect says beyond any creative work."""
        description.say(kind="dataset", columns=variables(thing))
        description.say(derived_from=works.references(thing, SCHEMA.isBasedOn, PROV.wasDerivedFrom))


class Fair4ML(SchemaOrg):
    """Models in FAIR4ML's words (https://w3id.org/fair4ml/0.1.0)."""

    name: ClassVar[str] = "fair4ml"
    rank: ClassVar[int] = 30
    types: ClassVar[tuple[NamedNode, ...]] = (FAIR4ML.MLModel,)

    def add(self, description: Description, thing: Thing) -> None:
        """Add what a model was learned from, what it is for and what it scored."""
        tuned = works.references(thing, FAIR4ML.fineTunedFrom)
        based = works.references(thing, SCHEMA.isBasedOn)
        description.say(
            kind="model",
            task=thing.line(FAIR4ML.mlTask),
            trained_on=works.references(thing, FAIR4ML.trainedOn),
            tested_on=works.references(thing, FAIR4ML.testedOn),
            derived_from=list(dict.fromkeys([*tuned, *based])),
            metrics=[m for e in thing.things(FAIR4ML.hasEvaluation) if (m := _metric(e))],
        )
        works.architecture(description, thing.line(FAIR4ML.modelCategory))
        works.framework(description, thing.lines(SCHEMA.softwareRequirements))


def work(thing: Thing, document: Document, dialect: str) -> Description:
    """Return what schema.org says of any creative work, its files among it."""
    source = thing.iri or document.address or _url(thing)
    description = Description(source, dialect, report=thing.report)
    description.say(
        name=_handle(thing.texts(SCHEMA.alternateName)),
        title=thing.line(SCHEMA.name),
        description=thing.text(SCHEMA.description),
        version=works.version(thing.line(SCHEMA.version)),
        tags=works.tags(thing.lines(SCHEMA.keywords)),
        projects=_projects(thing),
    )
    works.creators(description, thing, SCHEMA.creator, SCHEMA.author)
    works.rights(description, thing, SCHEMA.license)
    works.dated(description, thing, SCHEMA.datePublished)
    works.access(description, thing, SCHEMA.conditionsOfAccess)
    works.known_as(description, thing, SCHEMA.identifier, SCHEMA.url)
    files(description, _listed(thing, document.address), document.address)
    if thing.line(SCHEMA.creativeWorkStatus) == "Withdrawn":
        description.say(status="withdrawn", reason="withdrawn at its source")
    return description


def variables(thing: Thing) -> list[dict[str, Any]]:
    """Return what is measured in a dataset as columns whose type nobody says."""
    return [{"name": n, "dtype": "unknown"} for n in works.references(thing, SCHEMA.variableMeasured)]


def _is_described(thing: Thing) -> bool:
    said = thing.graph.said[thing.node]
    more = {SCHEMA.description, SCHEMA.distribution, SCHEMA.license, SCHEMA.creator, SCHEMA.author}
    return SCHEMA.name in said and not more.isdisjoint(said)


def _url(thing: Thing) -> str:
    """Return the page of what has no IRI of its own."""
    found = [*thing.texts(SCHEMA.url), *thing.texts(SCHEMA.identifier)]
    return next((url for url in found if url.startswith(("http://", "https://"))), "")


def _handle(alternatives: list[str]) -> str | None:
    """Return the name in owner/name, which views of another HPCFair-KG carry."""
    names = (re.fullmatch(r"[a-z0-9][a-z0-9_-]*/([a-z0-9][a-z0-9._-]*)", text) for text in alternatives)
    return next((match[1] for match in names if match), None)


def _listed(thing: Thing, address: str) -> Iterator[Listed]:
    for file in thing.things(SCHEMA.distribution):
        if file.is_a(CR.FileSet):
            continue
        inside = file.values(CR.containedIn, SCHEMA.containedIn)
        url = next(iter(file.texts(SCHEMA.contentUrl, SCHEMA.url)), None)
        # The record itself is a file of our landing pages: model formats are in nobody's list.
        if url and url == f"{thing.iri}.jsonld":
            continue
        media = [m for m in file.texts(SCHEMA.encodingFormat) if "/" in m]
        size, sha256 = file.line(SCHEMA.contentSize), file.line(SCHEMA.sha256)
        # What lies inside an archive has a path there, and no address.
        yield Listed(file.line(SCHEMA.name), None if inside else url, next(iter(media), None), size, sha256)


def _projects(thing: Thing) -> list[dict[str, Any]]:
    grants = {grant.line(SCHEMA.name): grant for grant in thing.things(SCHEMA.funding)}
    known = {
        name: project for project in thing.things(SCHEMA.sourceOrganization) if (name := _project(project))
    }
    found = []
    for name in dict.fromkeys([*known, *filter(None, grants)]):
        project, grant = known.get(name), grants.get(name)
        said: dict[str, Any] = {"name": name, "id": project.iri if project else ""}
        if grant:
            said["award"] = grant.line(SCHEMA.identifier) or ""
            said["funders"] = [f.iri or f.line(SCHEMA.name) or "" for f in grant.things(SCHEMA.funder)]
        found.append({key: value for key, value in said.items() if value})
    return found


def _project(thing: Thing) -> str | None:
    return thing.line(SCHEMA.name) if thing.is_a(SCHEMA.ResearchProject, SCHEMA.Project) else None


def _metric(evaluation: Thing) -> dict[str, Any] | None:
    """Return a figure of an evaluation; results in free text are none."""
    for result in evaluation.things(FAIR4ML.evaluationResults):
        name, value = result.line(SCHEMA.name), result.line(SCHEMA.value)
        on = works.references(evaluation, FAIR4ML.evaluationDataset, DCTERMS.source)
        try:
            figure = float(value or "")
        except ValueError:
            continue
        evaluation.values(FAIR4ML.evaluationMetrics)
        evaluation.things(FAIR4ML.evaluatedMLModel)
        return {"name": name or evaluation.line(FAIR4ML.evaluationMetrics), "value": figure} | (
            {"on": on[0]} if on else {}
        )
    return None


PLUGINS = (SchemaOrg(), Fair4ML())
