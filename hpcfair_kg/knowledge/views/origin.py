"""Where an artifact comes from, for every dialect: its source, and the references that are addresses."""

from __future__ import annotations

from collections.abc import Iterable

from hpcfair_kg.artifact import Artifact


def same(artifact: Artifact) -> tuple[str, ...]:
    """Return what an artifact is identical to: its source, where it was harvested and none of its bytes are here."""
    untouched = all(file.remote for file in artifact.files)
    return (artifact.source,) if artifact.source is not None and untouched else ()


def derived(artifact: Artifact) -> tuple[str, ...]:
    """Return what an artifact is derived from; that is its source too, where bytes of its own came to it here."""
    source = () if artifact.source is None or same(artifact) else (artifact.source,)
    return (*source, *artifact.derived_from)


def addresses(references: Iterable[str]) -> list[str]:
    """Return the references that lead somewhere, each once; a name that nobody resolved does not."""
    return [r for r in dict.fromkeys(references) if r.startswith(("http://", "https://"))]
