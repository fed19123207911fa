import pytest

from hpcfair_kg.activity import Verdict
from hpcfair_kg.artifact import Artifact, File, Machine, Metric, Processing, Project, TensorSpec
from hpcfair_kg.client.facts import brief, facts, said

VERDICT = Verdict("equal", normalised=4.4e-7, shapes=((1, 13), (7, 13)), seed=7, opset=18, label_mismatches=0)
MODEL = Artifact(
    "http://h/ark:/99999/k", "k", "ada", "m", title="m", framework="pytorch", license="MIT", verdict=VERDICT,
    architecture="RecurrentNeuralNetwork", architecture_evidence="1 GRU among 24 operators of m.onnx",
    inputs=(TensorSpec("x", "float32", ("batch", 13)),), operators={"GRU": 1, "Add": 23}, parameters=0,
    processing=(
        Processing("labels", "after", "labels.txt", ("y",), ("label", "score")), Processing("scaler", "before", "scaler.json"),
    ),
    hyperparameters={"hidden": 128, "rate": 0.5}, hyperparameter_sources={"hidden": "m.pt2"},
    trained_on=("http://h/d",), tested_on=("http://h/t",), workflow="http://h/w", metrics=(Metric("BLEU", 41.0, "http://h/t"),),
    projects=(Project("Xplacer", "http://p/1", ("DOE", "NSF"), "17"), Project("bare")),
    machines=(Machine("lassen", None, "SuperComputer", "POWER9", "V100", "Nvidia"), Machine("desk")),
    files=(File("m.pt2", "pt2", "original", 12345, "ab"), File("far.bin", "other", "auxiliary", None, "", remote="http://f/x")),
    source="http://f/described", notes=("unused node",),
)  # fmt: skip


@pytest.mark.parametrize(
    ("verdict", "words"),
    [
        (
            VERDICT,
            "the ONNX form (opset 18) equals the original within 4.4e-07 (normalised) on 2 shapes, seed 7",
        ),
        (
            Verdict("different", normalised=16.1, reason="rows at thresholds"),
            "the ONNX form differs from the original by 1.6e+01 (normalised) and is not served: rows at thresholds",
        ),
        (
            Verdict("consistent", shapes=((1,),), seed=7, opset=9),
            "the ONNX file (opset 9) runs as it declares, the same each time, on 1 shapes, seed 7",
        ),
        (Verdict("inconsistent", reason="reads 13"), "the ONNX file does not run as it declares: reads 13"),
        (Verdict("none"), "nothing was proved"),
    ],
)
def test_a_verdict_is_said_in_words_and_figures(verdict, words):
    assert said(verdict) == words


@pytest.mark.parametrize(
    "fact",
    [
        ("kind", "model · pytorch · RecurrentNeuralNetwork"),
        ("parameters", "0"),
        ("takes", "x float32 ['batch', 13]"),
        ("after it", "labels: y becomes label, score  (labels.txt)"),
        ("before it", "scaler: not applied: fits no tensor  (scaler.json)"),
        ("architecture", "RecurrentNeuralNetwork: 1 GRU among 24 operators of m.onnx"),
        ("operators", "GRU 1, Add 23"),
        ("setting", "hidden = 128  (m.pt2)"),
        ("setting", "rate = 0.5  (its author)"),
        ("trained on", "http://h/d"),
        ("tested on", "http://h/t"),
        ("metric", "BLEU 41.0 on http://h/t"),
        ("workflow", "http://h/w"),
        ("project", "Xplacer  funded by DOE, NSF  award 17  http://p/1"),
        ("project", "bare"),
        ("machine", "lassen  SuperComputer  POWER9  V100 by Nvidia"),
        ("machine", "desk  Computer"),
        ("source", "http://f/described"),
        ("file", "m.pt2  pt2  original  12,345 bytes"),
        ("file", "far.bin  other  auxiliary  at http://f/x"),
        ("note", "unused node"),
    ],
)
def test_what_is_known_is_told(fact):
    assert fact in facts(MODEL)


def test_an_upload_is_told_briefly_and_nothing_empty_is_told():
    told = [name for name, _ in brief(MODEL)]
    assert told == [
        "id",
        "name",
        "kind",
        "status",
        "verdict",
        "license",
        "parameters",
        "takes",
        "after it",
        "before it",
        "file",
        "file",
        "note",
    ]
    assert all(words for _, words in facts(MODEL))


def test_an_architecture_that_nothing_tells_is_unknown_and_a_dataset_has_none():
    assert ("architecture", "unknown") in facts(Artifact("i", "k", "ada", "m"))
    assert "architecture" not in dict(facts(Artifact("i", "k", "ada", "m", kind="dataset")))
