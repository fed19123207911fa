"""FAIR4ML 0.1.0 JSON-LD: models in the words of the RDA's FAIR4ML interest group, over schema.org.

https://w3id.org/fair4ml/0.1.0.  It has terms for what a model is for, was
trained on and scored; tensors, operators and proofs stay in the record.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final

import orjson

from hpcfair_kg.artifact import Artifact, Metric, TensorSpec
from hpcfair_kg.knowledge.codecs import ACCESS
from hpcfair_kg.knowledge.site import Site
from hpcfair_kg.knowledge.views.base import View
from hpcfair_kg.knowledge.views.origin import derived
from hpcfair_kg.knowledge.views.schema_org import background, download, license_name, person_node
from hpcfair_kg.knowledge.vocabulary import FAIR4ML, SCHEMA

CONTEXT: Final = {"@vocab": str(SCHEMA), "fair4ml": str(FAIR4ML)}


class Fair4ML(View):
    """A model as a fair4ml:MLModel, its context inline."""

    name = "fair4ml"
    media_type = "application/ld+json"
    profile = "https://w3id.org/fair4ml"
    kinds = ("model",)

    def write(self, artifact: Artifact, site: Site) -> bytes:
        """Return the JSON-LD; a withdrawn model has no distribution."""
        document = {"@context": CONTEXT} | _model(artifact) | _learning(artifact)
        present = {key: value for key, value in document.items() if value not in (None, "", [])}
        return orjson.dumps(present, option=orjson.OPT_INDENT_2)


def _model(artifact: Artifact) -> dict[str, Any]:
    """Return what schema.org says of any creative work."""
    withdrawn = artifact.status == "withdrawn"
    return {
        "@id": artifact.id,
        "@type": "fair4ml:MLModel",
        "identifier": artifact.id,
        "url": artifact.id,
        "name": artifact.title,
        "description": artifact.description,
        "version": artifact.version,
        "keywords": list(artifact.tags),
        "author": [person_node(person) for person in artifact.creators],
        "datePublished": artifact.created,
        "dateModified": artifact.modified,
        "license": license_name(artifact.license),
        "conditionsOfAccess": ACCESS[artifact.visibility].value,
        "isAccessibleForFree": artifact.visibility == "public",
        "softwareRequirements": artifact.framework,
        **background(artifact),
        "isBasedOn": _references(derived(artifact)),
        "creativeWorkStatus": "Withdrawn" if withdrawn else None,
        "distribution": [] if withdrawn else [download(artifact, file) for file in artifact.files],
    }


def _learning(artifact: Artifact) -> dict[str, Any]:
    """Return what FAIR4ML adds for a model that was learned."""
    return {
        "fair4ml:sharedBy": {"@type": "Person", "name": artifact.owner},
        "fair4ml:mlTask": artifact.task,
        "fair4ml:modelCategory": artifact.architecture,
        "fair4ml:usageInstructions": _usage(artifact),
        "fair4ml:trainedOn": _references(artifact.trained_on, "Dataset"),
        "fair4ml:testedOn": _references(artifact.tested_on, "Dataset"),
        "fair4ml:hasEvaluation": [_evaluation(artifact, metric) for metric in artifact.metrics],
    }


def _usage(artifact: Artifact) -> str:
    """Say what goes in and comes out, as far as the file itself declares it."""
    said = [
        f"{verb} {', '.join(map(_tensor, tensors))}."
        for verb, tensors in (("Takes", artifact.inputs), ("Gives", artifact.outputs))
        if tensors
    ]
    return " ".join(said)


def _tensor(spec: TensorSpec) -> str:
    return f"{spec.name}: {spec.dtype}[{', '.join(map(str, spec.shape))}]"


def _references(references: Iterable[str], kind: str = "CreativeWork") -> list[dict[str, str]]:
    """Return links where the reference is an address, else the name as it was given."""
    return [{"@id": r} if r.startswith("http") else {"@type": kind, "name": r} for r in references]


def _evaluation(artifact: Artifact, metric: Metric) -> dict[str, Any]:
    result = {"@type": "PropertyValue", "name": metric.name, "value": metric.value}
    evaluation = {
        "@type": "fair4ml:MLModelEvaluation",
        "fair4ml:evaluatedMLModel": {"@id": artifact.id},
        "fair4ml:evaluationMetrics": metric.name,
        "fair4ml:evaluationResults": result,
    }
    on = _references((metric.on,), "Dataset") if metric.on else []
    return evaluation | ({"fair4ml:evaluationDataset": on[0]} if on else {})


PLUGINS = (Fair4ML(),)
