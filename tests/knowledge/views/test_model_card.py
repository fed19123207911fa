"""Model cards as huggingface_hub reads their front matter, and a CommonMark parser their text."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
import yaml

from hpcfair_kg.artifact import Artifact, Machine, Metric, Person, Project, TensorSpec
from hpcfair_kg.errors import NotFound
from hpcfair_kg.knowledge.views import base
from tests.dialects import remote

HOSTILE = (
    '---\nlicense: evil\n---\n# "Big" <script>alert(1)</script>\n\n    code\n- a\n1. b\n> c\n```\n|x|y|\n'
    "![i](http://evil.example/i.png) [l](javascript:x) *e* _f_ {{ 1 }} {% x %} &amp; \\ ~~g~~ $h$\n===\n"
)


def text(artifact: Artifact) -> str:
    chosen = base.find(artifact, "model-card")
    assert chosen.media_type == "text/markdown; charset=utf-8"
    return chosen.render(artifact).decode()


def front(artifact: Artifact) -> dict[str, Any]:
    """Return the front matter, as the Hub's own library reads it."""
    hub = pytest.importorskip("huggingface_hub", reason="huggingface_hub comes with the extra `transformers`")
    card = hub.ModelCard(text(artifact), ignore_metadata_errors=False)
    found: dict[str, Any] = card.data.to_dict()
    return found


def tokens(artifact: Artifact) -> list[Any]:
    """Return the body as CommonMark with tables; `rich` brings the parser."""
    markdown = pytest.importorskip("markdown_it", reason="markdown-it-py comes with rich")
    body = text(artifact).split("\n---\n", 1)[1]
    found: list[Any] = markdown.MarkdownIt("commonmark").enable(["table", "strikethrough"]).parse(body)
    return found


def headings(parsed: list[Any]) -> list[str]:
    return [after.content for token, after in pairwise(parsed) if token.type == "heading_open"]


def shown(token: Any) -> str:
    """Return what a reader sees of a line of text; markup other than breaks would be missing from it."""
    assert {child.type for child in token.children} <= {"text", "softbreak"}
    return "".join("\n" if child.type == "softbreak" else child.content for child in token.children)


def test_it_is_the_golden_one(model: Artifact) -> None:
    assert text(model) == (Path(__file__).parent / "golden/model-card.md").read_text()


def test_the_hub_s_library_reads_the_front_matter(model: Artifact) -> None:
    hub = pytest.importorskip("huggingface_hub", reason="huggingface_hub comes with the extra `transformers`")
    card = hub.ModelCard(text(model), ignore_metadata_errors=False)
    assert (card.data.license, card.data.library_name, card.data.pipeline_tag) == (
        "mit",
        "pytorch",
        "translation",
    )
    assert card.data.tags == ["rnn", "seq2seq"]
    assert card.data.model_name == "Sequence encoder"
    (result,) = card.data.eval_results
    assert (result.task_type, result.metric_type, result.metric_value) == ("translation", "accuracy", 0.95)
    assert (result.dataset_type, result.dataset_name) == ("d0000000x", model.metrics[0].on)
    assert card.text.lstrip().startswith("# Sequence encoder")


def test_the_verdict_and_the_tensors_are_told(model: Artifact) -> None:
    card = text(model)
    assert "Outcome: **equal**. The largest difference is 4.4e-07 of the largest reference value." in card
    assert "| input | x | float32 | batch × 13 |" in card
    assert "| someone/elses data |" in card
    assert 'hub.infer("ark:/99999/h7x2k9b4m", {' in card


def test_what_it_is_made_of_and_what_stands_behind_it(model: Artifact) -> None:
    card = text(replace(model, source="https://data.example.org/m"))
    for row in (
        f"| Architecture | RecurrentNeuralNetwork ({model.architecture_evidence}) |",
        "| Operators | GRU 1, Gather 3, ai.onnx.ml.Scaler 1 |",
        f"| Made by workflow | {model.workflow} |",
        "| Described first at | https://data.example.org/m |",
        "| hidden | 128 | encoder.pt2 |",
        "| activation | tanh | its author |",
        "| Xplacer | DOE, https://ror.org/021nxhr62 | 89233218CNA000001 |",
        "| lassen | SuperComputer | POWER9 | Tesla V100 |",
    ):
        assert row in card, row
    assert f"## Testing data\n\n| Data set |\n| --- |\n| {model.tested_on[0]} |" in card


def test_files_that_lie_elsewhere_say_where(model: Artifact) -> None:
    card = text(remote(model))
    assert "| encoder.pt2 at https://data.example.org/known | pt2 | original | 52,311 bytes | abab" in card
    assert "| original | not known | not known |" in card


def test_a_hostile_title_and_description_are_shown_letter_for_letter(model: Artifact) -> None:
    artifact = replace(model, title=HOSTILE, description=HOSTILE)
    assert front(artifact)["license"] == "mit"
    assert front(artifact)["model-index"][0]["name"] == HOSTILE
    parsed = tokens(artifact)
    inline = [token for token in parsed if token.type == "inline"]
    assert shown(inline[0]) == " ".join(HOSTILE.split())
    lines = [line.strip() for line in HOSTILE.splitlines()]
    paragraphs = "\n".join(lines).strip().split("\n\n")
    assert [shown(token) for token in inline[1 : 1 + len(paragraphs)]] == paragraphs
    assert headings(parsed)[1:] == headings(tokens(model))[1:]


def test_hostile_cells_do_not_break_out_of_their_tables(model: Artifact) -> None:
    artifact = replace(
        model, creators=(Person(HOSTILE),), tags=(HOSTILE,), task=HOSTILE, trained_on=(HOSTILE,),
        hyperparameters={HOSTILE: HOSTILE}, metrics=(Metric(HOSTILE, 1.0, HOSTILE),),
        projects=(Project(HOSTILE, funders=(HOSTILE,), award=HOSTILE),), operators={HOSTILE: 1},
        machines=(Machine(HOSTILE, cpu=HOSTILE, gpu=HOSTILE),), architecture_evidence=HOSTILE, tested_on=(HOSTILE,),
        workflow=HOSTILE, source=HOSTILE, hyperparameter_sources={HOSTILE: HOSTILE},
        inputs=(TensorSpec(HOSTILE, "float32", (HOSTILE,)),), verdict=replace(model.verdict, reason=HOSTILE),
    )  # fmt: skip
    found = front(artifact)
    assert found["tags"] == [HOSTILE]
    parsed = tokens(artifact)
    cells = [shown(after) for token, after in pairwise(parsed) if token.type == "td_open"]
    assert cells.count(" ".join(HOSTILE.split())) >= 16
    assert headings(parsed) == headings(tokens(model))
    assert [t.type for t in parsed].count("fence") == [t.type for t in tokens(model)].count("fence") == 2
    assert not [t for t in parsed if t.type in ("html_block", "hr", "code_block", "bullet_list_open")]


@pytest.mark.parametrize(
    ("license", "written"),
    [
        ("Apache-2.0", {"license": "apache-2.0"}),
        ("GPL-3.0-only", {"license": "other", "license_name": "GPL-3.0-only",
                          "license_link": "http://spdx.org/licenses/GPL-3.0-only"}),
        ("https://example.org/l", {"license": "other", "license_name": "https://example.org/l",
                                   "license_link": "https://example.org/l"}),
        ("MIT OR LicenseRef-House", {"license": "other", "license_name": "MIT OR LicenseRef-House"}),
        ("", {}),
    ],
)  # fmt: skip
def test_a_licence_in_the_hub_s_words(model: Artifact, license: str, written: dict[str, str]) -> None:
    found = front(replace(model, license=license))
    assert {key: value for key, value in found.items() if key.startswith("license")} == written


def test_a_task_that_the_hub_does_not_list_is_a_tag(model: Artifact) -> None:
    found = front(replace(model, task="heterogeneous mapping", framework="scikit-learn"))
    assert "pipeline_tag" not in found
    assert found["tags"] == ["rnn", "seq2seq", "heterogeneous mapping"]
    assert found["library_name"] == "sklearn"


def test_a_withdrawn_model_says_so_and_offers_nothing(model: Artifact) -> None:
    card = text(replace(model, status="withdrawn", reason="wrong *labels*"))
    assert "**Withdrawn.** wrong \\*labels\\*" in card
    assert "## Files" not in card
    assert "## How to run it" not in card


def test_who_said_nothing_still_has_a_card(model: Artifact) -> None:
    bare = Artifact(model.id, model.key, "ada", "m")
    document = text(bare)
    assert yaml.safe_load(document.split("---\n")[1]) == {}
    assert headings(tokens(bare)) == ["m", "How to cite it"]


def test_of_a_dataset_there_is_none(dataset: Artifact) -> None:
    with pytest.raises(NotFound, match="no view 'model-card' of a dataset"):
        base.find(dataset, "model-card")
