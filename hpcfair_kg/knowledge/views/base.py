"""What a view is: an artifact in the words of another community, made on the way out and never stored."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import ClassVar, Final

from hpcfair_kg import plugins
from hpcfair_kg.artifact import Artifact, Kind
from hpcfair_kg.errors import NotFound
from hpcfair_kg.knowledge.site import Site
from hpcfair_kg.knowledge.views.complete import complete

SHELF: Final = "hpcfair_kg.knowledge.views"


class View(ABC):
    """One dialect; a module of this shelf ends in ``PLUGINS = (…)`` with its views."""

    name: ClassVar[str]
    """The last segment of the address: "schema.org", "croissant", …"""
    media_type: ClassVar[str]
    profile: ClassVar[str] = ""
    """The IRI of the profile or schema that the document keeps to, where there is one."""
    kinds: ClassVar[tuple[Kind, ...]] = ("model", "dataset", "workflow")
    """The kinds of artifact that the dialect has words for."""

    def render(self, artifact: Artifact, site: Site | None = None) -> bytes:
        """Return the document that describes the artifact; of a site not said, what the artifact's IRI tells."""
        return self.write(complete(artifact), site or Site.of(artifact.id))

    @abstractmethod
    def write(self, artifact: Artifact, site: Site) -> bytes:
        """Return the document that describes a complete artifact of a site."""


def fitting(artifact: Artifact) -> dict[str, View]:
    """Return the views that there are of an artifact, by name and in its order."""
    views = sorted(plugins.shelf(SHELF).items())
    return {name: view for name, view in views if artifact.kind in view.kinds}


def find(artifact: Artifact, name: str) -> View:
    """Return one view of an artifact; raise `NotFound` with the names of those there are."""
    views = fitting(artifact)
    if name not in views:
        raise NotFound(f"no view {name!r} of a {artifact.kind}; there are: {', '.join(views)}")
    return views[name]
