"""What a view is: an artifact in the words of another community, made on the way out and never stored."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import ClassVar

from hpcfair_kg.artifact import Artifact


class View(ABC):
    """One dialect; a module of this shelf ends in ``PLUGINS = (…)`` with its views."""

    name: ClassVar[str]
    """The last segment of the address: "schema.org", "croissant", …"""
    media_type: ClassVar[str]

    @abstractmethod
    def render(self, artifact: Artifact) -> bytes:
        """Return the document that describes the artifact."""
