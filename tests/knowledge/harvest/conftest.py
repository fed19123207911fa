"""Reading one document the way the box does."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from hpcfair_kg.knowledge.harvest.reading import read

SCHEMA = {"@vocab": "https://schema.org/", "cr": "http://mlcommons.org/croissant/", "id": "@id"}


@pytest.fixture
def told(tmp_path: Path) -> Callable[..., dict[str, Any]]:
    """A function: what reading a text, bytes or a JSON document comes to."""

    def tell(
        data: Any, kind: str = "application/ld+json", address: str = "", name: str = "x"
    ) -> dict[str, Any]:
        path = tmp_path / "document"
        text = data if isinstance(data, (bytes, str)) else json.dumps(data)
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        events: list[Any] = []
        read([{"path": str(path), "kind": kind, "address": address, "name": name}], events.append)
        return {
            "descriptions": [d for event in events for d in event.get("descriptions", ())],
            "reasons": [reason["message"] for event in events for reason in event.get("reasons", ())],
            "not_understood": sum((Counter(e.get("not_understood", {})) for e in events), Counter()),
        }

    return tell


@pytest.fixture
def one(told: Callable[..., dict[str, Any]]) -> Callable[..., dict[str, Any]]:
    """A function: the one description that a document holds."""

    def describe(*args: Any, **options: Any) -> dict[str, Any]:
        found = told(*args, **options)
        assert found["reasons"] == []
        (description,) = found["descriptions"]
        return dict(description)

    return describe
