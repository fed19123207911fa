"""Runs in a box: a stranger's tokenizer and a picture are opened there."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from hpcfair_kg.models.processing.boxed import Pipelines
from tests.models.processing.beside_files import PIXELS, TOKENS


def processed(folder: str, steps: list[Any], emit: Callable[[Any], None]) -> dict[str, Any]:
    """Return what a text and a picture become."""
    pipeline = Pipelines().of(steps, Path(folder), (*TOKENS, PIXELS), ())
    fed = pipeline.before({"text": ["a b"], "image": np.full((9, 9, 3), 255, np.uint8)})
    return {name: array.ravel()[:4].tolist() for name, array in fed.items()}
