"""What the nodes of flattened JSON-LD say of an artifact, in the plain form of `metadata`."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any, Final

from hpcfair_kg.knowledge import licenses
from hpcfair_kg.knowledge.background import MACHINES
from hpcfair_kg.knowledge.codecs import ACCESS
from hpcfair_kg.knowledge.describe import KINDS
from hpcfair_kg.knowledge.vocabulary import (
    ACCESS_RIGHTS,
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

Node = Mapping[str, Any]
Nodes = Mapping[str, Node]

HERE: Final = "https://relative.invalid/"
"""What relative references are resolved against, to be told apart and taken back."""
_SINGLE: Final = {
    "name": HK.name.value,
    "title": DCTERMS.title.value,
    "description": DCTERMS.description.value,
    "version": DCAT.version.value,
    "task": FAIR4ML.mlTask.value,
    "architecture": FAIR4ML.modelCategory.value,
}
_REFERENCES: Final = {
    "trained_on": FAIR4ML.trainedOn.value,
    "tested_on": FAIR4ML.testedOn.value,
    "derived_from": PROV.wasDerivedFrom.value,
    "components": HK.component.value,
}
_NUMBERS: Final = frozenset(t.value for t in (XSD.double, XSD.decimal, XSD.float, XSD.integer))
_LICENSE, _KEYWORD, _RIGHTS = DCTERMS.license.value, DCAT.keyword.value, DCTERMS.accessRights.value
_LABEL, _VALUE = RDFS.label.value, RDF.value.value


def said(nodes: Nodes, node: Node) -> Iterator[tuple[str, Any]]:
    """Yield what the node of an artifact says, member by member of the plain description."""
    for key, term in _SINGLE.items():
        if values := _values(node, term):
            yield key, values[0] if len(values) == 1 else values
    for key, term in _REFERENCES.items():
        if values := _values(node, term):
            yield key, values
    if values := _values(node, _LICENSE):
        yield "license", licenses.text(values[0]) if len(values) == 1 else values
    if values := _values(node, _RIGHTS):
        yield "visibility", _visibility(str(values[0]))
    if values := _values(node, _KEYWORD):
        yield "tags", values
    kinds = {types[0].value: kind for kind, types in KINDS.items()}
    if kind := next((kinds[t] for t in node.get("@type", ()) if t in kinds), None):
        yield "kind", kind
    yield from _parts(nodes, node)
    yield from _background(nodes, node)


def _parts(nodes: Nodes, node: Node) -> Iterator[tuple[str, Any]]:
    if creators := _members(nodes, node, DCTERMS.creator.value):
        yield "creators", [_creator(c) for c in creators]
    if settings := _members(nodes, node, HK.hyperparameter.value):
        yield "hyperparameters", {str(_first(s, _LABEL)): _first(s, _VALUE) for s in settings}
    if metrics := _members(nodes, node, DQV.hasQualityMeasurement.value):
        yield "metrics", [_metric(nodes, m) for m in metrics]
    if steps := _members(nodes, node, HK.step.value):
        yield (
            "chain",
            [_link(step) for step in sorted(steps, key=lambda s: _first(s, HK.position.value) or 0)],
        )
    files = _members(nodes, node, DCAT.distribution.value)
    if in_place := [f for f in files if HK.path.value in f]:
        yield (
            "files",
            [
                {"path": _first(f, HK.path.value), "sha256": _first(f, SPDX.checksumValue.value)}
                for f in in_place
            ],
        )


def _link(step: Node) -> dict[str, Any]:
    said = {"name": _first(step, _LABEL), "model": _first(step, HK.runs.value)}
    return _present({**said, "wires": _values(step, HK.wire.value)})


def _background(nodes: Nodes, node: Node) -> Iterator[tuple[str, Any]]:
    if projects := _members(nodes, node, HPC.project.value):
        yield "projects", [_project(nodes, project) for project in projects]
    if machines := _members(nodes, node, HPC.targetMachine.value):
        yield "machines", [_machine(nodes, machine) for machine in machines]
    for made in (node, *_members(nodes, node, PROV.wasGeneratedBy.value)):
        if plan := _first(made, HPC.usesWorkflow.value):
            yield "workflow", plan


def _project(nodes: Nodes, project: Node) -> dict[str, Any]:
    said = {"name": _name(project), "id": _own(project), "award": _first(project, HPC.awardID.value)}
    return _present({**said, "funders": _names(nodes, project, HPC.fundedBy.value)})


def _machine(nodes: Nodes, machine: Node) -> dict[str, Any]:
    chips = {
        key: _names(nodes, machine, HPC[link].value) for key, link in (("cpu", "cpu"), ("gpu", "coprocessor"))
    }
    makers = [
        n
        for gpu in (machine, *_members(nodes, machine, HPC.coprocessor.value))
        for n in _names(nodes, gpu, HPC.vendor.value)
    ]
    kinds = [kind for kind in MACHINES if HPC[kind].value in machine.get("@type", ())]
    said = {"name": _name(machine), "id": _own(machine), "kind": next(iter(kinds[-1:]), None)}
    return _present(
        {
            **said,
            **{key: next(iter(found), None) for key, found in chips.items()},
            "vendor": next(iter(makers), None),
        }
    )


def _names(nodes: Nodes, node: Node, term: str) -> list[str]:
    """Return what the values of a property are called, be they text or things with names."""
    things = {v["@id"]: nodes.get(v["@id"], v) for v in node.get(term, ()) if "@id" in v}
    said = [v["@value"] for v in node.get(term, ()) if "@value" in v]
    return [*said, *(_name(thing) for thing in things.values())]


def _name(node: Node) -> Any:
    """Return what a thing is called in the words of the HPC Ontology, or else its IRI."""
    return _first(node, HPC.name.value) or _first(node, _LABEL) or node["@id"]


def _own(node: Node) -> str | None:
    """Return a thing's IRI where it is the thing's own: not a blank label, nor one that a site made from a name."""
    iri = node["@id"]
    return iri if iri.startswith(("http://", "https://")) and "/#" not in iri and HERE not in iri else None


def _present(said: Mapping[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in said.items() if value not in (None, "", [])}


def _creator(person: Node) -> dict[str, Any]:
    iri = person["@id"]
    orcid = iri if iri.startswith(ORCID) else _first(person, DCTERMS.identifier.value)
    return {"name": _first(person, FOAF.name.value), "orcid": orcid}


def _metric(nodes: Nodes, measurement: Node) -> dict[str, Any]:
    named = [measurement, *_members(nodes, measurement, DQV.isMeasurementOf.value)]
    name = next((_first(n, _LABEL) for n in named if _LABEL in n), None)
    value, on = _first(measurement, DQV.value.value), _first(measurement, HK.measuredOn.value)
    return {"name": name, "value": _number(value), "on": on}


def _visibility(said: str) -> str:
    names = {iri.value.lower(): name for name, iri in ACCESS.items()}
    return names.get(said.lower(), said.removeprefix(ACCESS_RIGHTS))


def _members(nodes: Nodes, node: Node, term: str) -> list[Node]:
    """Return the nodes that a property leads to, by their position where they have one."""
    found = [nodes.get(v["@id"], {"@id": v["@id"]}) for v in node.get(term, ()) if "@id" in v]
    return sorted(found, key=lambda n: _first(n, HK.position.value) or 0)


def _first(node: Node, term: str) -> Any:
    return next(iter(_values(node, term)), None)


def _values(node: Node, term: str) -> list[Any]:
    return [_value(v) for v in node.get(term, ())]


def _value(value: Mapping[str, Any]) -> Any:
    if "@value" not in value:
        return value["@id"].removeprefix(HERE) if "@id" in value else None
    if value.get("@type") == RDF.JSON.value:
        return _json(value["@value"])
    return _number(value["@value"]) if value.get("@type") in _NUMBERS else value["@value"]


def _json(text: Any) -> Any:
    try:
        return json.loads(text)
    except (TypeError, ValueError):
        return text


def _number(value: Any) -> Any:
    """Return the number that a text writes; what writes none stays as it is, for `metadata` to refuse."""
    if not isinstance(value, str):
        return value
    for kind in (int, float):
        try:
            return kind(value)
        except ValueError:
            continue
    return value
