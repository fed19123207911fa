"""The IRIs of what belongs to an artifact, made from the artifact's own, and read back."""

from __future__ import annotations

from urllib.parse import quote, unquote, urlsplit

from pyoxigraph import NamedNode


def ark(artifact_id: str) -> str:
    """Return the identifier that an artifact's IRI ends in, such as "ark:/99999/h7x2k9b4m"."""
    return artifact_id[artifact_id.find("/ark:") + 1 :]


def site(artifact_id: str) -> str:
    """Return the service's address: what stands before the ARK."""
    return artifact_id.partition("/ark:")[0]


def host(artifact_id: str) -> str:
    """Return the service's host and port: the only name that a publisher surely has."""
    return urlsplit(artifact_id).netloc


def shared(artifact_id: str, kind: str, name: str) -> NamedNode:
    """Return the IRI of what artifacts of one site share: a name, a metric, a software package.

    It is a fragment of the catalogue's front page, so that it leads somewhere.
    """
    return NamedNode(f"{site(artifact_id)}/#{kind}/{quote(name, safe='/@+')}")


def named(node: NamedNode, kind: str) -> bool:
    """Whether a node is one that `shared` made from a name."""
    return f"/#{kind}/" in node.value


def part(artifact_id: str, kind: str, name: str | int) -> NamedNode:
    """Return the IRI of a part of an artifact: a fragment of its own."""
    return NamedNode(f"{artifact_id}#{kind}-{quote(str(name), safe='')}")


def file_node(artifact_id: str, name: str) -> NamedNode:
    """Return the IRI of a file as a node of the graph; its bytes are at its dcat:downloadURL."""
    return part(artifact_id, "file", name)


def file_name(node: NamedNode) -> str:
    """Return the name of the file that a node stands for."""
    return unquote(node.value.partition("#file-")[2])


def job_node(artifact_id: str, job: str) -> NamedNode:
    """Return the IRI of a job: a fragment of the document that tells the artifact's provenance."""
    return part(f"{artifact_id}/provenance", "job", job)


def job_id(node: NamedNode) -> str:
    """Return the id of the job that a node stands for."""
    return unquote(node.value.partition("#job-")[2])
