"""The edge for configurations: a stranger's YAML or JSON, bounded before it is read."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import yaml

from hpcfair_kg import config
from hpcfair_kg.errors import InvalidConfig

NAME = "the configuration"
LONGEST = 64 << 10
"""Characters that a configuration may have."""
DEEPEST = 20


def read(data: bytes) -> Mapping[str, Any]:
    """Return the mapping that a configuration is; raises `InvalidConfig`.

    It holds no YAML aliases, by which a small text becomes a large one.
    """
    try:
        text = data.decode()
    except UnicodeDecodeError as exc:
        raise InvalidConfig(f"{NAME} is no text in UTF-8") from exc
    if len(text) > LONGEST:
        raise InvalidConfig(f"{NAME} is {len(text):,} characters long; it may have {LONGEST:,}")
    _bounded(text)
    return config.parsed(text, NAME)[0]


def _bounded(text: str) -> None:
    depth = 0
    try:
        for event in yaml.parse(text, yaml.SafeLoader):
            depth += isinstance(event, yaml.CollectionStartEvent)
            depth -= isinstance(event, yaml.CollectionEndEvent)
            if depth > DEEPEST or isinstance(event, yaml.AliasEvent):
                raise InvalidConfig(f"{NAME} may hold no aliases and be {DEEPEST} levels deep")
    except yaml.YAMLError:
        return  # told, with its place, when it is read
