"""What a machine found of a model, as the record takes it: with its evidence, and never over an author's word.

What is found comes out of the box and may be forged by a stranger's model: it is cut to a measure.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from typing import Any

from hpcfair_kg.artifact import Artifact, Processing
from hpcfair_kg.formats.anatomy import LONGEST_NAME, MOST_NAMES
from hpcfair_kg.formats.base import Inspection
from hpcfair_kg.knowledge.vocabulary import ARCHITECTURES
from hpcfair_kg.models.processing import pipeline
from hpcfair_kg.plugins import shelf

SAID = "said by its author"
"""The evidence for an architecture that its author gave."""
LONGEST_EVIDENCE = 500
MOST_STEPS = 20
LONGEST_SETTINGS = 1 << 20
"""Characters of a step's settings as JSON."""


def said(artifact: Artifact, author: str | None) -> Artifact:
    """Return the record with the architecture that its author gives it, if one was given."""
    return replace(artifact, architecture=author, architecture_evidence=SAID) if author else artifact


def author_of(artifact: Artifact) -> str | None:
    """Return the architecture that the author said, None where a machine told it or nobody did."""
    return artifact.architecture if artifact.architecture_evidence == SAID else None


def told(artifact: Artifact, found: Mapping[str, Any]) -> Artifact:
    """Return the record with the architecture that was found, if it is a class we know and the author said none."""
    if author_of(artifact) or str(found["architecture"]) not in ARCHITECTURES:
        return artifact
    evidence = str(found["evidence"])[:LONGEST_EVIDENCE]
    return replace(artifact, architecture=found["architecture"], architecture_evidence=evidence)


def operators(counts: Mapping[str, Any]) -> dict[str, int]:
    """Return how often each operator is used, of so many operators and no more."""
    found = {str(name)[:LONGEST_NAME]: int(count) for name, count in list(counts.items())[:MOST_NAMES]}
    return dict(sorted((name, count) for name, count in found.items() if count > 0))


def sources(inspection: Inspection, author: Mapping[str, Any]) -> dict[str, str]:
    """Return the file that each setting was read from; those that the author gave have none."""
    file = inspection.hyperparameters_from
    read = sorted(set(inspection.hyperparameters) - set(author))
    return dict.fromkeys(read, file) if file else {}


def processing(steps: Sequence[Processing], names: Collection[str]) -> tuple[Processing, ...]:
    """Return the steps that are of a kind known here, said by one of the files, and not too long for a record."""
    known = shelf(pipeline.SHELF)
    return tuple(
        step
        for step in steps[:MOST_STEPS]
        if step.kind in known and step.stage in ("before", "after") and step.file in names
        if len(json.dumps(step.settings)) <= LONGEST_SETTINGS
    )


def unchanged(before: Artifact, after: Artifact) -> dict[str, str]:
    """Return the sources of the settings that an edit left as they were read."""
    old, new = before.hyperparameters, after.hyperparameters
    read = before.hyperparameter_sources.items()
    return {name: file for name, file in read if name in new and new[name] == old[name]}
