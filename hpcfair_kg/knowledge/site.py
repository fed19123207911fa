"""Whose catalogue it is: what every dialect says of the service beside the artifact itself."""

from __future__ import annotations

from dataclasses import dataclass

from hpcfair_kg.knowledge.iris import host, site


@dataclass(frozen=True, slots=True)
class Site:
    """A catalogue by its address, without a final slash, and who publishes it.

    `publisher_url` is the IRI by which the publisher is known, such as a ROR;
    where there is none it is a fragment of the front page.
    """

    address: str
    publisher: str
    publisher_url: str = ""

    @classmethod
    def of(cls, artifact_id: str) -> Site:
        """Return what an artifact's IRI tells: a host is the only name that a publisher surely has."""
        return cls(site(artifact_id), host(artifact_id))

    @property
    def root(self) -> str:
        """The address of the front page, which to a machine is the FAIR Data Point."""
        return f"{self.address}/"

    @property
    def catalogue(self) -> str:
        """The IRI of the catalogue: the address of its first page."""
        return f"{self.address}/catalog"

    @property
    def title(self) -> str:
        """What the catalogue is called."""
        return f"Models and datasets of {self.publisher}"

    @property
    def agent(self) -> str:
        """The IRI of the publisher."""
        return self.publisher_url or f"{self.address}/#publisher"

    @property
    def homepage(self) -> str:
        """Where a reader finds the publisher."""
        return self.publisher_url or self.root
