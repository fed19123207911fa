"""The catalogue: artifacts and their provenance in the graph, the index kept beside it.

The graph is the record.  Each artifact is one named graph, its provenance a
second one, so that the progress of a job never moves the record's hash, and
the types that follow from the record a third; what the versions of a name are
versions of, and each software environment and computer, have graphs of their
own too.  The search index is a projection that is written after the graph.
"""

from __future__ import annotations

import re
import secrets
import threading
from collections.abc import Iterable, Iterator, Sequence

from pyoxigraph import Literal, NamedNode, Triple

from hpcfair_kg.artifact import Artifact, Environment, Hardware, Job
from hpcfair_kg.backends.accounts import Principal, visible_to
from hpcfair_kg.backends.graph.base import Graphs
from hpcfair_kg.errors import NotFound
from hpcfair_kg.knowledge import surroundings
from hpcfair_kg.knowledge.closure import inferred, subclasses
from hpcfair_kg.knowledge.describe import concept, describe, read
from hpcfair_kg.knowledge.iris import shared
from hpcfair_kg.knowledge.provenance import provenance, read_jobs
from hpcfair_kg.knowledge.search import Index
from hpcfair_kg.knowledge.vocabulary import DCAT, DCTERMS, HK, HPC, RDF, SPDX, XSD

ALPHABET = "0123456789bcdfghjkmnpqrstvwxz"
_BATCH = 500
_ARK = re.compile(r"(?:.*/)?ark:/?(?P<naan>[^/]+)/(?P<key>[^/?#]+)$")


class Catalogue:
    """Artifacts by key, by name and by identity; `commit` is the one way to change them."""

    def __init__(self, graphs: Graphs, index: Index, base: str, naan: str) -> None:
        self._graphs, self._index = graphs, index
        self._root = f"{base}/ark:/{naan}/"
        self._naan = naan
        self._lock = threading.RLock()
        self._settle(f"{base}/#inferred")

    @property
    def lock(self) -> threading.RLock:
        """Hold it from a check to the commit that rests on the check."""
        return self._lock

    def mint(self) -> tuple[str, str]:
        """Return the IRI and the key of a new artifact."""
        while True:
            blade = "".join(secrets.choice(ALPHABET) for _ in range(8))
            key = blade + check_character(f"{self._naan}/{blade}")
            if not self._graphs.triples(self._root + key):
                return self._root + key, key

    def get(self, key: str) -> Artifact:
        """Return an artifact by its key; raises `NotFound`, and says so of a mistyped one."""
        if triples := self.triples(key):
            return read(triples)
        if len(key) == 9 and check_character(f"{self._naan}/{key[:-1]}") != key[-1]:
            raise NotFound(
                f"there is no artifact {key!r}; its check character is wrong: a letter is mistyped"
            )
        raise NotFound(f"there is no artifact {key!r}")

    def find(self, spoken: str) -> Artifact:
        """Return an artifact by IRI, ark:/…, key, owner/name (its newest version) or owner/name@version."""
        if match := _ARK.match(spoken):
            return self.get(match["key"])
        if "/" not in spoken:
            return self.get(spoken)
        name, _, version = spoken.partition("@")
        versions = self.versions(*name.split("/", 1))
        chosen = [a for a in versions if version in ("", a.version)]
        if not chosen:
            known = ", ".join(a.version for a in versions)
            raise NotFound(
                f"there is no {spoken!r}" + (f"; versions of {name} are: {known}" if known else "")
            )
        return chosen[-1]

    def shown(self, spoken: str, principal: Principal) -> Artifact:
        """Return an artifact as `find` does, if the caller may see it; else there is none."""
        artifact = self.find(spoken)
        if not visible_to(principal)(artifact):
            raise NotFound(f"there is no artifact {spoken!r}")
        return artifact

    def versions(self, owner: str, name: str) -> list[Artifact]:
        """Return every version of an owner's name, oldest first, withdrawn ones before all others."""
        of = shared(self._root, "name", f"{owner}/{name}")
        found = map(self._read, self._graphs.subjects(DCAT.isVersionOf, of))
        return _in_order(found)

    def holding(self, identity: str) -> Artifact | None:
        """Return the artifact that has these bytes, if there is one."""
        iri = next(self._graphs.subjects(HK.identity, Literal(identity)), None)
        return self._read(iri) if iri else None

    def ours(self, iri: str) -> bool:
        """Whether an IRI begins as those of this catalogue do: nobody else may say what it names."""
        return iri.startswith(self._root.partition("/ark:")[0] + "/")

    def harvested(self, source: str) -> Artifact | None:
        """Return the artifact that was harvested from this description, if there is one."""
        iri = next(self._graphs.subjects(DCTERMS.source, NamedNode(source)), None)
        return self._read(iri) if iri else None

    def refers(self, sha256: str) -> bool:
        """Whether any artifact has a file of this hash."""
        value = Literal(sha256, datatype=XSD.hexBinary)
        return next(self._graphs.subjects(SPDX.checksumValue, value), None) is not None

    def triples(self, key: str) -> list[Triple]:
        """Return the record graph of an artifact."""
        return self._graphs.triples(self._root + key)

    def provenance(self, key: str) -> list[Triple]:
        """Return the provenance graph of an artifact."""
        return self._graphs.triples(self._root + key + "/provenance")

    def jobs(self, key: str) -> tuple[Job, ...]:
        """Return the jobs of an artifact, oldest first."""
        return read_jobs(self.provenance(key))

    def commit(self, artifact: Artifact, jobs: Sequence[Job]) -> None:
        """Write the record, what follows from it, and its provenance at once, then the index."""
        with self._lock:
            record = describe(artifact)
            others = [a for a in self.versions(artifact.owner, artifact.name) if a.key != artifact.key]
            whole, versions = concept(_in_order([*others, artifact]))
            self._graphs.write(
                {
                    whole: versions,
                    artifact.id: record,
                    f"{artifact.id}/inferred": inferred(NamedNode(artifact.id), record),
                    f"{artifact.id}/provenance": provenance(artifact.id, jobs),
                }
            )
            self._index.put(artifact)

    def note(self, artifact_id: str, jobs: Sequence[Job]) -> None:
        """Write the provenance alone: a job moved on, the record did not."""
        with self._lock:
            self._graphs.write({f"{artifact_id}/provenance": provenance(artifact_id, jobs)})

    def surround(self, environment: Environment, hardware: Hardware) -> tuple[str, str]:
        """Return the IRIs of what steps run in and on; what is new here is described."""
        described = [
            surroundings.environment(self._root, environment),
            surroundings.hardware(self._root, hardware),
        ]
        new = {node.value: graph for node, graph in described if not self._graphs.triples(node.value)}
        if new:
            self._graphs.write(new)
        return described[0][0].value, described[1][0].value

    def unfinished(self) -> Iterator[str]:
        """Yield the keys of artifacts with a job that is queued or running."""
        for state in ("queued", "running"):
            for job in self._graphs.subjects(HK.jobState, Literal(state)):
                yield job.removeprefix(self._root).partition("/")[0].partition("#")[0]

    def with_status(self, status: str) -> Iterator[Artifact]:
        """Yield the artifacts of one status."""
        for iri in self._graphs.subjects(HK.status, Literal(status)):
            yield self._read(iri)

    def count(self, status: str) -> int:
        """Return how many artifacts have a status, without reading them."""
        return sum(1 for _ in self._graphs.subjects(HK.status, Literal(status)))

    def all(self) -> Iterator[Artifact]:
        """Yield every artifact, withdrawn ones too."""
        return map(self._read, self._iris())

    def _iris(self) -> Iterator[str]:
        for kind in (HPC.AIModel, HPC.Dataset, HPC.Workflow):
            yield from self._graphs.subjects(RDF.type, kind)

    def _settle(self, hierarchy: str) -> None:
        """Bring what is inferred up to the ontology that is shipped, where the store holds another one's.

        The hierarchy is written last: a start that was cut short does it again.
        """
        if set(self._graphs.triples(hierarchy)) == set(subclasses()):
            return
        iris = list(self._iris())
        for first in range(0, len(iris), _BATCH):
            batch = iris[first : first + _BATCH]
            self._graphs.write(
                {f"{i}/inferred": inferred(NamedNode(i), self._graphs.triples(i)) for i in batch}
            )
        self._graphs.write({hierarchy: subclasses()})

    def _read(self, iri: str) -> Artifact:
        return read(self._graphs.triples(iri))


def _in_order(versions: Iterable[Artifact]) -> list[Artifact]:
    return sorted(versions, key=lambda a: (a.status != "withdrawn", a.created, a.key))


def check_character(text: str) -> str:
    """Return the NOID check character of "naan/blade" (every letter's worth times its place, mod 29)."""
    total = sum(place * max(ALPHABET.find(letter), 0) for place, letter in enumerate(text, start=1))
    return ALPHABET[total % len(ALPHABET)]
