"""YAML as views write it: keys in their order, letters as they are, every text read back as it was."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Final

import yaml

_BREAKS: Final = re.compile("[\x85\u2028\u2029]")


class _Dumper(yaml.SafeDumper):
    """PyYAML leaves the line breaks that only Unicode knows bare within quotes, where they are folded."""


def _text(dumper: _Dumper, text: str) -> yaml.ScalarNode:
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style='"' if _BREAKS.search(text) else None)


_Dumper.add_representer(str, _text)


def dump(document: Mapping[str, Any]) -> str:
    """Return a document of plain values as YAML 1.1."""
    return yaml.dump(dict(document), Dumper=_Dumper, allow_unicode=True, sort_keys=False, width=100)
