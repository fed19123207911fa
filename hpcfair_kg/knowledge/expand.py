"""JSON-LD from outside, in our context or with its own inline, as the plain description that `metadata` takes.

Nothing is fetched: the one context known by address is our own, which is
shipped.  Depth and size are bounded before a JSON-LD processor sees anything.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterator, Mapping
from typing import Any, Final

from hpcfair_kg.errors import InvalidMetadata
from hpcfair_kg.knowledge.describe import KINDS
from hpcfair_kg.knowledge.flattened import HERE, Node, Nodes, said
from hpcfair_kg.knowledge.namespaces import canonical_node
from hpcfair_kg.knowledge.ontology import context

DEPTH: Final = 64
"""How deep a document may be nested; a record of our own needs 6."""
NODES: Final = 200_000
"""How many objects, lists and values a document may hold."""
OURS: Final = "https://w3id.org/hpcfair-kg/context.jsonld"


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
    return dict(said(nodes, _artifact(nodes)))


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
        flat = pyld.flatten(document, None, {"documentLoader": _shipped, "base": HERE})
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
