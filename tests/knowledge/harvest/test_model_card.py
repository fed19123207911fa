"""Cards of the hub: their front matter is read, the text below it is the description."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

Told = Callable[..., dict[str, Any]]
HUB = "https://huggingface.co"
CARD = """---
license: apache-2.0
language: [en, de]
tags: [bert, small]
pipeline_tag: text-classification
library_name: transformers
datasets: [squad, stanfordnlp/sst2]
base_model: google-bert/bert-base-uncased
widget: [{text: hello}]
model-index:
- name: tiny
  results:
  - task: {type: text-classification}
    dataset: {type: stanfordnlp/sst2, name: SST-2}
    metrics: [{type: accuracy, value: 0.91}, {type: f1, value: "0.9", name: F1}, {type: loss, value: .nan}]
---
# Tiny *BERT*

It says whether a sentence is kind.
"""


def card(front: str, text: str = "# X\n") -> str:
    return f"---\n{front}\n---\n{text}"


def test_what_a_card_says_is_understood(told: Told) -> None:
    found = told(CARD, "text/markdown", f"{HUB}/ada/tiny-bert/blob/main/README.md")
    (description,) = found["descriptions"]
    record = description["record"]
    assert (description["source"], record["name"], record["kind"]) == (
        f"{HUB}/ada/tiny-bert",
        "tiny-bert",
        "model",
    )
    assert (record["title"], record["license"], record["task"]) == (
        "Tiny *BERT*",
        "Apache-2.0",
        "text-classification",
    )
    assert record["description"].startswith("# Tiny *BERT*")
    assert record["framework"] == "transformers"
    assert record["tags"] == ["bert", "language:de", "language:en", "small"]
    assert record["trained_on"] == [f"{HUB}/datasets/squad", f"{HUB}/datasets/stanfordnlp/sst2"]
    assert record["derived_from"] == [f"{HUB}/google-bert/bert-base-uncased"]
    assert record["metrics"] == [
        {"name": "accuracy", "value": 0.91, "on": f"{HUB}/datasets/stanfordnlp/sst2"},
        {"name": "F1", "value": 0.9, "on": f"{HUB}/datasets/stanfordnlp/sst2"},
    ]
    assert found["not_understood"] == {"card widget": 1}
    assert "files" not in record


@pytest.mark.parametrize(
    ("address", "name", "source"),
    [
        (f"{HUB}/ada/m", "", f"{HUB}/ada/m"),
        (f"{HUB}/datasets/ada/d/resolve/main/README.md", "", f"{HUB}/datasets/ada/d"),
        ("", "models--ada--m/snapshots/0123/README.md", f"{HUB}/ada/m"),
        ("https://models.example.org/m", "README.md", "https://models.example.org/m"),
        ("", "README.md", ""),
    ],
)
def test_a_card_is_known_by_its_place_on_the_hub(one: Told, address: str, name: str, source: str) -> None:
    assert one(CARD, "text/markdown", address, name)["source"] == source


def test_a_card_of_a_dataset(one: Told) -> None:
    front = "license: cc-by-4.0\npretty_name: The Irises\ntask_categories: [tabular-classification]\nsource_datasets: [original, extended|iris]"
    record = one(card(front), "text/markdown", f"{HUB}/datasets/ada/iris")["record"]
    assert (record["kind"], record["title"], record["task"]) == (
        "dataset",
        "The Irises",
        "tabular-classification",
    )
    assert record["derived_from"] == [f"{HUB}/datasets/iris"]


@pytest.mark.parametrize(
    ("front", "license"),
    [
        ("license: mit", "MIT"),
        ("license: openrail", "LicenseRef-openrail"),
        ("license: unknown", "LicenseRef-not-stated"),
        ("tags: [x]", "LicenseRef-not-stated"),
        ("license: other\nlicense_name: house-rules\nlicense_link: LICENSE", "LicenseRef-house-rules"),
        ("license: other\nlicense_link: https://example.org/terms", "https://example.org/terms"),
    ],
)
def test_licences_of_the_hub(one: Told, front: str, license: str) -> None:
    assert one(card(front), "text/markdown", f"{HUB}/a/b")["record"]["license"] == license


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("# only text", "begins with a line '---'"),
        (card("license: [mit"), "no YAML"),
        (card("- a\n- b"), "holds no keys"),
        (card("a: !!python/object/apply:os.system [id]"), "no YAML"),
        (card("[" * 5000), "no YAML"),
    ],
)
def test_what_is_no_card_is_told(told: Told, text: str, message: str) -> None:
    found = told(text, "text/markdown", f"{HUB}/a/b")
    assert found["descriptions"] == []
    assert message in found["reasons"][0]
