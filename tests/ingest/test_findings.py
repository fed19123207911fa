"""What the box says of a model is taken with its evidence, to a measure, and never over the author's word."""

from dataclasses import replace

import pytest

from hpcfair_kg.artifact import Artifact, Processing
from hpcfair_kg.formats.base import Inspection
from hpcfair_kg.ingest import findings
from hpcfair_kg.ingest.drafts import edited, revised, revision_of
from hpcfair_kg.knowledge.metadata import parse

LABELS = Processing("labels", "after", "labels.txt", settings={"labels": ["cat"]})
MODEL = Artifact("http://x.test/ark:/1/k", "k", "ada", "m")
READ = replace(
    MODEL, hyperparameters={"lr": 0.1, "depth": 3}, hyperparameter_sources={"lr": "m.keras", "depth": "m.keras"}
)  # fmt: skip


def found(architecture, evidence="1 LSTM among 9 operators of m.onnx"):
    return {"architecture": architecture, "evidence": evidence}


def of(artifact):
    return artifact.architecture, artifact.architecture_evidence


class TestArchitecture:
    def test_what_was_found_comes_with_its_evidence(self):
        told = findings.told(MODEL, found("LongShortTermMemory"))
        assert of(told) == ("LongShortTermMemory", "1 LSTM among 9 operators of m.onnx")

    def test_the_form_tells_better_than_what_was_found_before(self):
        first = findings.told(
            MODEL, found("ConvolutionalNeuralNetwork", "Conv2D among the layers of m.keras")
        )
        assert of(findings.told(first, found("Transformer", "2 Attention"))) == ("Transformer", "2 Attention")
        assert findings.told(first, found(None, None)) == first

    def test_the_author_is_never_overruled(self):
        said = findings.said(MODEL, "Autoencoder")
        assert of(said) == ("Autoencoder", "said by its author")
        assert findings.told(said, found("LongShortTermMemory")) == said

    def test_an_edit_during_a_conversion_stays(self):
        edit = revised(MODEL, parse({"name": "m", "license": "MIT", "architecture": "Decoder"}, None))
        assert of(edit) == ("Decoder", "said by its author")
        assert of(edited(findings.told(MODEL, found("Transformer")), edit)) == of(edit)

    def test_an_edit_of_something_else_leaves_it_as_it_was_told(self):
        model = findings.told(MODEL, found("Transformer"))
        changes = revision_of(model, {"title": "T", "license": "MIT"}, None)
        assert of(revised(model, changes)) == of(model)

    @pytest.mark.parametrize("forged", ["<script>", "AIModel", 7, ""])
    def test_a_class_that_there_is_not_is_none(self, forged):
        assert of(findings.told(MODEL, found(forged))) == (None, None)

    def test_evidence_is_cut(self):
        assert len(findings.told(MODEL, found("Transformer", "x" * 10_000)).architecture_evidence) == 500


class TestOperators:
    def test_they_are_sorted(self):
        assert list(findings.operators({"Relu": 2, "Conv": 1})) == ["Conv", "Relu"]

    def test_forged_ones_are_cut_to_a_measure(self):
        counts = {f"{'x' * 200}{i}": i for i in range(1000)} | {"Relu": -1}
        kept = findings.operators(counts)
        assert len(kept) <= 200
        assert all(len(name) <= 100 and count > 0 for name, count in kept.items())


class TestSources:
    def test_what_was_read_names_its_file_and_what_the_author_said_none(self):
        seen = Inspection(hyperparameters={"lr": 0.1, "loss": "mse"}, hyperparameters_from="m.keras")
        assert findings.sources(seen, {"lr": 0.2, "epochs": 3}) == {"loss": "m.keras"}
        assert findings.sources(Inspection(), {}) == {}

    def test_an_edit_makes_a_setting_the_authors_own(self):
        changes = {"name": "m", "license": "MIT", "hyperparameters": {"lr": 0.2, "depth": 3, "epochs": 5}}
        after = revised(READ, parse(changes, None))
        assert after.hyperparameter_sources == {"depth": "m.keras"}

    def test_an_edit_during_a_conversion_stays(self):
        current = replace(READ, hyperparameters={"lr": 0.5}, hyperparameter_sources={})
        done = edited(replace(READ, operators={"Conv": 1}), current)
        assert (done.hyperparameters, done.hyperparameter_sources) == ({"lr": 0.5}, {})
        assert done.operators == {"Conv": 1}


class TestProcessing:
    def test_a_kind_a_stage_or_a_file_that_there_is_not_is_left_out(self):
        forged = [
            replace(LABELS, kind="incantation"),
            replace(LABELS, stage="during"),
            replace(LABELS, file="../../etc/passwd"),
            LABELS,
        ]
        assert findings.processing(forged, ["labels.txt"]) == (LABELS,)

    def test_it_is_cut_to_a_measure(self):
        long = replace(LABELS, settings={"labels": ["x" * (2 << 20)]})
        assert findings.processing([long, *[LABELS] * 50], ["labels.txt"]) == (LABELS,) * 19
