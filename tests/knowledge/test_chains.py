from __future__ import annotations

from dataclasses import replace

import pytest

from hpcfair_kg.artifact import Artifact, Link
from hpcfair_kg.knowledge.describe import describe, read
from hpcfair_kg.knowledge.jsonld import jsonld
from hpcfair_kg.knowledge.metadata import parse
from hpcfair_kg.knowledge.validate import Shapes
from hpcfair_kg.knowledge.vocabulary import HK, HPC, RDF

BASE = "https://models.example.org/ark:/99999/"
CHAIN = (
    Link("encoder", BASE + "h7x2k9b4m"),
    Link("decoder", BASE + "h8x2k9b4m", ("memory <- encoder.state", "previous <- input previous")),
)


@pytest.fixture
def workflow(dataset: Artifact) -> Artifact:
    return replace(dataset, kind="workflow", columns=(), rows=None, chain=CHAIN, license="MIT")


def test_a_chain_comes_back_in_its_order(workflow: Artifact) -> None:
    many = replace(workflow, chain=CHAIN * 6)
    assert read(describe(workflow)) == workflow
    assert read(reversed(describe(many))) == many


def test_its_steps_run_models_and_belong_to_the_workflow(workflow: Artifact) -> None:
    triples = describe(workflow)
    steps = {t.subject for t in triples if t.predicate == RDF.type and t.object == HK.ChainStep}
    assert {t.subject for t in triples if t.predicate == HPC.isStepOfPlan} == steps
    assert {t.object.value for t in triples if t.predicate == HK.runs} == {link.model for link in CHAIN}
    Shapes().require(workflow)


def test_a_workflow_s_json_ld_is_metadata_again(workflow: Artifact) -> None:
    document = jsonld(describe(workflow))
    assert [step["name"] for step in document["chain"]] == ["encoder", "decoder"]
    assert parse(document).chain == CHAIN


def test_a_model_names_what_it_was_made_of(model: Artifact) -> None:
    merged = replace(model, components=(BASE + "h7x2k9b4m", BASE + "h8x2k9b4m"))
    assert read(describe(merged)) == merged
    document = jsonld(describe(merged))
    assert parse({key: document[key] for key in ("@context", "name", "license", "components")}).components
