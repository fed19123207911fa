"""What every dialect requires and an author may leave out: a title, a sentence, somebody who made it."""

from __future__ import annotations

from dataclasses import replace

from hpcfair_kg.artifact import Artifact, Person


def complete(artifact: Artifact) -> Artifact:
    """Return the artifact with a title, a description and a creator, from what else is known of it."""
    return replace(
        artifact,
        title=artifact.title or artifact.name,
        description=artifact.description or _sentence(artifact),
        creators=artifact.creators or (Person(artifact.owner),),
    )


def _sentence(artifact: Artifact) -> str:
    """Say what is known where the author said nothing: a search engine drops what has no description."""
    what = " ".join(filter(None, (artifact.framework, artifact.kind)))
    facts = [f"for {artifact.task}"] if artifact.task else []
    facts += [f"with {artifact.parameters:,} parameters"] if artifact.parameters else []
    facts += [f"with {artifact.rows:,} rows"] if artifact.rows else []
    files = "1 file" if len(artifact.files) == 1 else f"{len(artifact.files)} files"
    return " ".join((f"{artifact.title or artifact.name}: a {what} in {files}", *facts))
