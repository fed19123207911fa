import pytest

from hpcfair_kg.activity import Verdict
from hpcfair_kg.artifact import Artifact, File, TensorSpec, build
from hpcfair_kg.client.views import Entry
from hpcfair_kg.errors import HPCFairError

VERDICT = Verdict("equal", normalised=4.4e-7, shapes=((1, 13), (7, 13)), seed=7, opset=18, label_mismatches=0)


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
    assert "<th style='text-align:left'>architecture</th><td>unknown</td>" in shown
    with pytest.raises(HPCFairError, match="not fetched by a client"):
        _ = entry.jsonld
