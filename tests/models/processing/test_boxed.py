from pathlib import Path

import pytest

from hpcfair_kg.artifact import plain
from hpcfair_kg.backends.work.base import Errand
from hpcfair_kg.backends.work.processes import Processes
from hpcfair_kg.models.processing import boxed
from hpcfair_kg.models.processing.boxed import Pipelines, files, wanted
from hpcfair_kg.models.processing.pipeline import fitted
from tests.models.processing.beside_files import LOGITS, TOKENS, steps, words


def test_only_what_a_step_opens_is_laid_out(tmp_path):
    made = steps(tmp_path, tokenizer__json=words("a"), labels__txt="x\ny\nz")
    assert files(fitted(made, TOKENS, (LOGITS,))) == ("tokenizer.json",)
    assert files(made) == ()


def test_steps_are_opened_once_and_the_oldest_let_go(tmp_path, monkeypatch):
    monkeypatch.setattr(boxed, "KEPT", 2)
    said = plain(steps(tmp_path, tokenizer__json=words("a")))
    kept = Pipelines()
    first = kept.of(said, tmp_path, TOKENS, ())
    assert kept.of(said, tmp_path, TOKENS, ()) is first
    assert first.before({"text": ["a"]})["input_ids"].tolist() == [[2, 4, 3]]
    for name in ("b", "c"):
        kept.of(said, tmp_path / name, TOKENS, ())
    assert kept.of(said, tmp_path, TOKENS, ()) is not first


def test_a_strangers_tokenizer_and_an_image_are_opened_in_the_box(tmp_path):
    for module, extra in (("tokenizers", "text"), ("PIL", "image")):
        pytest.importorskip(module, reason=f"{module} comes with the extra `{extra}`")
    folder = tmp_path / "files"
    made = steps(
        folder,
        tokenizer__json=words("a", "b"),
        preprocessor_config__json={"size": 224, "rescale_factor": 1 / 255},
    )
    work = Processes(tmp_path / "work")
    (tmp_path / "out").mkdir()
    given = {"folder": str(folder), "steps": plain(made)}
    errand = Errand(
        "tests.models.processing.in_the_box:processed",
        given,
        reads=(folder, Path(__file__).parents[2]),
        writes=tmp_path / "out",
    )
    try:
        answer = work.submit(errand).result(60)
    finally:
        work.close()
    assert answer["input_ids"] == [2, 4, 5, 3]
    assert answer["pixel_values"] == [1.0] * 4


@pytest.mark.parametrize(
    ("names", "outputs", "told"),
    [
        (["text"], None, True),
        (["text[0]"], ["logits"], True),
        (["input_ids", "attention_mask"], None, False),
        (["input_ids", "attention_mask"], ["logits"], False),
        (["input_ids", "attention_mask"], ["label"], True),
    ],
)
def test_a_request_of_the_models_own_tensors_pays_for_no_step(tmp_path, names, outputs, told):
    made = fitted(steps(tmp_path, tokenizer__json=words("a"), labels__txt="x\ny\nz"), TOKENS, (LOGITS,))
    heads = [{"name": name} for name in names]
    assert wanted(made, heads, outputs) == (made if told else ())
    assert wanted((), heads, outputs) == ()


def test_labels_come_by_themselves_where_nothing_stands_before_the_model(tmp_path):
    made = fitted(steps(tmp_path, labels__txt="x\ny\nz"), (), (LOGITS,))
    assert wanted(made, [{"name": "x"}], None) == made
    assert wanted(made, [{"name": "x"}], ["logits"]) == ()
