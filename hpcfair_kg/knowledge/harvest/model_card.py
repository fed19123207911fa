"""Model and dataset cards: a README.md that begins with YAML (https://huggingface.co/docs/hub/model-cards).

A card says what something is and not where its files lie: it is described, without files.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping
from math import isfinite, nan
from typing import Any, ClassVar, Final

import yaml

from hpcfair_kg.errors import CorruptFile
from hpcfair_kg.knowledge.harvest import works
from hpcfair_kg.knowledge.harvest.base import Description, Dialect, Document
from hpcfair_kg.knowledge.harvest.rights import licence

HUB: Final = "https://huggingface.co"
_FRONT: Final = re.compile(r"\A\ufeff?\s*---[ \t]*\r?\n(?P<yaml>.*?)\r?\n---[ \t]*(?:\r?\n|\Z)", re.DOTALL)
_PLACE: Final = re.compile(
    rf"({re.escape(HUB)}/(?:datasets/)?[^/?#]+/[^/?#]+)(?:/(?:blob|raw|resolve|tree)/.*)?/?"
)
_ID: Final = re.compile(r"\w[\w.-]*(?:/\w[\w.-]*)?")
_CACHED: Final = re.compile(r"(?:^|/)(models|datasets)--([^/]+?)--([^/]+)(?:/|$)")
_OF_DATASETS: Final = {
    "dataset_info",
    "task_categories",
    "size_categories",
    "annotations_creators",
    "configs",
}


class ModelCard(Dialect):
    """Cards of the Hugging Face Hub."""

    name: ClassVar[str] = "model-card"
    rank: ClassVar[int] = 90

    def read(self, document: Document) -> Iterator[Description]:
        """Yield the one thing that a card describes; raises `CorruptFile` for a text without front matter."""
        if not document.text:
            return
        card = Card(*_parted(document.text))
        description = Description(hub_address(document) or document.address, self.name)
        _describe(description, card)
        document.not_understood.update(card.rest())
        yield description


class Card:
    """The front matter, of which it is noted what was asked, and the text below it."""

    def __init__(self, said: Mapping[str, Any], text: str) -> None:
        self.said, self.text = said, text
        self._asked: set[str] = set()

    def get(self, key: str) -> Any:
        """Return what the front matter says under a key."""
        self._asked.add(key)
        return self.said.get(key)

    def list(self, *keys: str) -> list[str]:
        """Return what it says under some keys, one or many, as texts."""
        values = [value for key in keys for value in _listed(self.get(key))]
        return [str(v).strip() for v in values if isinstance(v, (str, int, float)) and str(v).strip()]

    def rest(self) -> Counter[str]:
        """Count the keys that nobody asked for."""
        return Counter(f"card {key}" for key in self.said if key not in self._asked)


def hub_address(document: Document) -> str:
    """Return the address on the hub of what a card describes, where its own or its path in the hub's cache tells it."""
    if found := _PLACE.fullmatch(document.address):
        return found[1]
    if cached := _CACHED.search(document.name):
        folder = "datasets/" if cached[1] == "datasets" else ""
        return f"{HUB}/{folder}{cached[2]}/{cached[3]}"
    return ""


def _describe(description: Description, card: Card) -> None:
    is_dataset = "/datasets/" in description.source or bool(_OF_DATASETS & card.said.keys())
    heading = re.search(r"^#[ \t]+(.+?)[ \t#]*$", card.text, re.MULTILINE)
    title = next(iter(card.list("pretty_name", "model_name")), None) or (heading[1] if heading else None)
    license, remark = licence(_licences(card))
    description.say(
        kind="dataset" if is_dataset else "model",
        name=description.source.rpartition("/")[2] if description.source.startswith(HUB) else None,
        title=title,
        description=card.text.strip(),
        license=license,
        tags=sorted({*card.list("tags"), *(f"language:{code}" for code in card.list("language"))}),
        task=next(iter(card.list("pipeline_tag", "task_categories")), None),
        trained_on=[] if is_dataset else [_on_hub(name, "datasets/") for name in card.list("datasets")],
        derived_from=_bases(card),
        metrics=list(_metrics(card)),
    )
    works.framework(description, card.list("library_name"))
    description.remark(remark)


def _parted(text: str) -> tuple[Mapping[str, Any], str]:
    match = _FRONT.match(text)
    if match is None:
        raise CorruptFile(
            "no model card: it begins with a line '---', YAML such as 'license: mit', and '---'"
        )
    try:
        said = yaml.safe_load(match["yaml"])
    except (yaml.YAMLError, RecursionError, ValueError) as exc:
        raise CorruptFile(
            f"the front matter of the card is no YAML: {' '.join(str(exc).split())[:300]}"
        ) from exc
    if not isinstance(said, dict):
        raise CorruptFile("the front matter of the card holds no keys; it is YAML such as 'license: mit'")
    return {str(key): value for key, value in said.items()}, text[match.end() :]


def _licences(card: Card) -> list[str]:
    """Return the licences; what the hub calls "other" has its name or address beside it."""
    said, name, link = card.list("license"), card.list("license_name"), card.list("license_link")
    if said == ["other"]:
        return [text for text in link if text.startswith("http")][:1] or name[:1] or said
    return said


def _bases(card: Card) -> list[str]:
    """Return the models that a model was made out of, the sources of a dataset."""
    sources = [s.removeprefix("extended|") for s in card.list("source_datasets") if s != "original"]
    return [*map(_on_hub, card.list("base_model")), *(_on_hub(source, "datasets/") for source in sources)]


def _on_hub(name: str, folder: str = "") -> str:
    """Return the address on the hub of what an id names; a name that is none stays one."""
    return f"{HUB}/{folder}{name}" if _ID.fullmatch(name) else name


def _metrics(card: Card) -> Iterator[dict[str, Any]]:
    """Yield the figures of the model index, each with the dataset that it was found on."""
    for entry in _mappings(card.get("model-index")):
        for result in _mappings(entry.get("results")):
            dataset = result.get("dataset")
            on = str(dataset.get("type") or dataset.get("name") or "") if isinstance(dataset, dict) else ""
            for metric in _mappings(result.get("metrics")):
                figure = _figure(metric.get("value"))
                if figure is not None:
                    name = str(metric.get("name") or metric.get("type") or "unnamed")
                    yield {"name": name, "value": figure} | ({"on": _on_hub(on, "datasets/")} if on else {})


def _figure(value: Any) -> float | None:
    try:
        figure = nan if isinstance(value, bool) else float(value)
    except (TypeError, ValueError):
        return None
    return figure if isfinite(figure) else None


def _mappings(value: Any) -> list[Mapping[str, Any]]:
    return [entry for entry in _listed(value) if isinstance(entry, dict)]


def _listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [] if value is None else [value]


PLUGINS = (ModelCard(),)
