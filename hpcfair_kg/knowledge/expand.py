"""JSON-LD from outside, in our context or with its own inline, as the plain description that `metadata` takes.

Nothing is fetched: the one context known by address is our own, which is
shipped.  Depth and size are bounded before a JSON-LD processor sees anything.
"""

from __future__ import annotations

import difflib
import json
from collections.abc import Iterator, Mapping
from typing import Any, Final

from hpcfair_kg.errors import InvalidMetadata
from hpcfair_kg.knowledge import licenses
from hpcfair_kg.knowledge.background import MACHINES
from hpcfair_kg.knowledge.codecs import ACCESS
from hpcfair_kg.knowledge.describe import KINDS
from hpcfair_kg.knowledge.namespaces import canonical_node
from hpcfair_kg.knowledge.ontology import context
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

DEPTH: Final = 64
"""How deep a document may be nested; a record of our own needs 6."""
NODES: Final = 200_000
"""How many objects, lists and values a document may hold."""
_HERE: Final = "https://relative.invalid/"
"""What relative references are resolved against, to be told apart and taken back."""
OURS: Final = "https://w3id.org/hpcfair-kg/context.jsonld"

Node = Mapping[str, Any]
Nodes = Mapping[str, Node]

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
}
_NUMBERS: Final = frozenset(t.value for t in (XSD.double, XSD.decimal, XSD.float, XSD.integer))
_LICENSE, _KEYWORD, _RIGHTS = DCTERMS.license.value, DCAT.keyword.value, DCTERMS.accessRights.value
_LABEL, _VALUE = RDFS.label.value, RDF.value.value


def expand(document: Mapping[str, Any]) -> dict[str, Any]:
    """Return what a JSON-LD document says of an artifact, in the plain form of `metadata`.

    Raises `InvalidMetadata` for a context that would have to be fetched, for
    what is too deep or too large, for keys that no context knows, and where
    it is not clear which of several things is the artifact.
    """
    _bounded(document)
    if not _foreign(document["@context"]):
        _known(document)
    nodes = _nodes(document)
    return dict(_said(nodes, _artifact(nodes)))


def _refuse(path: str, message: str, value: Any = None) -> InvalidMetadata:
    return InvalidMetadata(message, report=[{"path": path, "message": message, "value": value}])


def _bounded(document: Any) -> None:
    """Walk a document without recursion: count it, measure it, look at every context that it names."""
    waiting: list[tuple[Any, int]] = [(document, 0)]
    seen = 0
    while waiting:
        value, depth = waiting.pop()
        seen += 1
        if depth > DEPTH or seen > NODES:
            raise _refuse(
                "", f"the JSON-LD is too deep or too large: at most {DEPTH} levels and {NODES:,} values"
            )
        if isinstance(value, dict):
            for address in _addresses(value):
                if not _ours(address):
                    message = (
                        f"no context is fetched from elsewhere; write it into the document, or name {OURS}"
                    )
                    raise _refuse("@context", message, str(address)[:200])
            waiting += ((item, depth + 1) for item in value.values())
        elif isinstance(value, list):
            waiting += ((item, depth + 1) for item in value)


def _addresses(value: Mapping[str, Any]) -> Iterator[Any]:
    contexts = value.get("@context", [])
    yield from (c for c in _listed(contexts) if isinstance(c, str))
    if "@import" in value:
        yield value["@import"]


def _ours(address: Any) -> bool:
    """Return whether an address is that of our context: where the project says, or on any service of ours."""
    return isinstance(address, str) and (address == "context.jsonld" or address.endswith("/context.jsonld"))


def _foreign(contexts: Any) -> bool:
    """Return whether a document brings definitions of its own."""
    return any(isinstance(c, dict) and c != context() for c in _listed(contexts))


def _known(document: Mapping[str, Any]) -> None:
    """Refuse keys that our context does not define: a processor would drop them without a word."""
    known = ["kind", *(key for key in context() if not key.startswith("@"))]
    report = []
    for key in document:
        if key not in known and not key.startswith("@") and ":" not in key:
            near = difflib.get_close_matches(key.lower(), known, n=1)
            hint = f"; did you mean {near[0]!r}?" if near else ""
            report.append(
                {"path": key[:200], "message": f"the context has no term {key[:200]!r}{hint}", "value": None}
            )
    if report:
        raise InvalidMetadata("; ".join(str(entry["message"]) for entry in report)[:2000], report=report)


def _nodes(document: Mapping[str, Any]) -> dict[str, Node]:
    """Return the document's nodes by their IRI or blank label, every term by its IRI here, by way of PyLD."""
    from pyld import jsonld as pyld

    document = _typed(document)
    settings = document.get("hyperparameters")
    if isinstance(settings, dict) and not settings.keys() & {"id", "@id", "name", "value"}:
        # {"hidden": 128}, as the plain form has it.
        document = {**document, "hyperparameters": [{"name": k, "value": v} for k, v in settings.items()]}
    try:
        flat = pyld.flatten(document, None, {"documentLoader": _shipped, "base": _HERE})
    except (pyld.JsonLdError, RecursionError, TypeError, ValueError, KeyError, AttributeError) as exc:
        # PyLD meets malformed documents with errors of any of these kinds.
        raise _refuse("", f"this is no valid JSON-LD: {_cause(exc)}") from exc
    return {node["@id"]: node for node in map(canonical_node, flat)}


def _typed(document: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return the document with the plain form's `kind` as the type that it means."""
    kind = document.get("kind")
    if not isinstance(kind, str) or kind not in KINDS:
        return document
    types = [t for name in ("@type", "type") for t in _listed(document.get(name, []))]
    rest = {key: value for key, value in document.items() if key not in ("kind", "type")}
    return {**rest, "@type": [*types, KINDS[kind][0].value]}


def _listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def _cause(error: BaseException) -> str:
    """Return what PyLD found wrong first: its errors carry the ones below them."""
    while error.__cause__ is not None:
        error = error.__cause__
    return str(error.args[0] if error.args else type(error).__name__)[:300]


def _shipped(address: str, options: Any) -> dict[str, Any]:
    """Load our context from the package: PyLD's only loader."""
    return {"contextUrl": None, "documentUrl": address, "document": {"@context": context()}}


def _artifact(nodes: Nodes) -> Node:
    """Return the node that is the artifact: the one of its kind, else the one that no other speaks of."""
    kinds = {types[0].value for types in KINDS.values()}
    typed = [node for node in nodes.values() if kinds & set(node.get("@type", ()))]
    spoken = {
        v["@id"]
        for node in nodes.values()
        for vs in node.values()
        for v in vs
        if isinstance(v, dict) and "@id" in v
    }
    roots = typed or [node for iri, node in nodes.items() if iri not in spoken]
    if len(roots) != 1:
        raise _refuse(
            "", f"{len(roots)} things in this JSON-LD could be the artifact; give one the type hpc:AIModel"
        )
    return roots[0]


def _said(nodes: Nodes, node: Node) -> Iterator[tuple[str, Any]]:
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
    files = _members(nodes, node, DCAT.distribution.value)
    if in_place := [f for f in files if HK.path.value in f]:
        yield (
            "files",
            [
                {"path": _first(f, HK.path.value), "sha256": _first(f, SPDX.checksumValue.value)}
                for f in in_place
            ],
        )


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
    return iri if iri.startswith(("http://", "https://")) and "/#" not in iri and _HERE not in iri else None


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
        return value["@id"].removeprefix(_HERE) if "@id" in value else None
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
