import pytest

from hpcfair_kg.artifact import Artifact, File, TensorSpec, Verdict, build
from hpcfair_kg.client.views import Entry, said
from hpcfair_kg.errors import HPCFairError

VERDICT = Verdict("equal", normalised=4.4e-7, shapes=((1, 13), (7, 13)), seed=7, opset=18, label_mismatches=0)


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


def test_an_entry_is_an_artifact_and_shows_itself_in_a_notebook():
    spec = TensorSpec("x", "float32", ("batch", 13))
    file = File("m.onnx", "onnx", "original", 3, "ab")
    artifact = Artifact(
        "http://h/ark:/99999/k", "k", "ada", "<m>", inputs=(spec,), files=(file,), verdict=VERDICT
    )
    entry = build(Entry, artifact.record())
    assert isinstance(entry, Artifact)
    assert entry.verdict == VERDICT
    shown = entry._repr_html_()
    assert "ada/&lt;m&gt;" in shown
    assert "equals the original" in shown
    with pytest.raises(HPCFairError, match="not fetched by a client"):
        _ = entry.jsonld
