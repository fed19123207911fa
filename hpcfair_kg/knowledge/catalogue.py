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
from collections.abc import Iterable, Iterator, Mapping, Sequence

from pyoxigraph import Literal, NamedNode, Triple

from hpcfair_kg.activity import Environment, Hardware, Job, Step
from hpcfair_kg.artifact import Artifact
from hpcfair_kg.backends.accounts import Principal, visible_to
from hpcfair_kg.backends.graph.base import Graphs
from hpcfair_kg.errors import NotFound
from hpcfair_kg.knowledge import surroundings
from hpcfair_kg.knowledge.closure import inferred, subclasses
from hpcfair_kg.knowledge.describe import concept, describe
from hpcfair_kg.knowledge.entries import Entries, Entry
from hpcfair_kg.knowledge.iris import shared
from hpcfair_kg.knowledge.provenance import provenance, read_jobs
from hpcfair_kg.knowledge.search import Index
from hpcfair_kg.knowledge.vocabulary import DCAT, DCTERMS, FAIR4ML, HK, HPC, PROV, RDF, SPDX, XSD

ALPHABET = "0123456789bcdfghjkmnpqrstvwxz"
_LENGTH = 9
_BATCH = 500
_KEY = re.compile(r"[\w.-]+", re.ASCII)
REFERENCES = (
    FAIR4ML.trainedOn, FAIR4ML.testedOn, PROV.wasDerivedFrom, DCAT.previousVersion, HK.measuredOn, HPC.usesWorkflow, HK.component, HK.runs,
)  # fmt: skip
"""The properties by which one artifact speaks of another."""
KINDS = (HPC.AIModel, HPC.Dataset, HPC.Workflow)
"""The classes of artifact: each is of one of them."""
_ARK = re.compile(r"(?:.*/)?ark:/?(?P<naan>[^/]+)/(?P<key>[^/?#]+)$")


class Catalogue:
    """Artifacts by key, by name and by identity; `commit` is the one way to change them."""

    def __init__(self, graphs: Graphs, index: Index, base: str, naan: str) -> None:
        self._graphs, self._index = graphs, index
        self._entries = Entries(graphs)
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
            blade = "".join(secrets.choice(ALPHABET) for _ in range(_LENGTH - 1))
            key = blade + check_character(f"{self._naan}/{blade}")
            if not self._graphs.triples(self._root + key):
                return self._root + key, key

    def get(self, key: str) -> Artifact:
        """Return an artifact by its key; raises `NotFound`, and says so of a mistyped one."""
        if _KEY.fullmatch(key) and (entry := self._entries.get(self._root + key)):
            return entry.artifact
        raise NotFound(f"there is no artifact {key!r}{self._mistyped(key)}")

    def at(self, iri: str) -> Artifact:
        """Return the artifact whose IRI this is, to the letter; raises `NotFound`."""
        return self._read(iri)

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
        return self.entry(spoken, principal).artifact

    def entry(self, spoken: str, principal: Principal) -> Entry:
        """Return an artifact with its triples and their hash, all of one moment, if the caller may see it."""
        entry = self._entry(self.find(spoken).id)
        if not visible_to(principal)(entry.artifact):
            raise NotFound(f"there is no artifact {spoken!r}")
        return entry

    def public(self, keys: Iterable[str]) -> Iterator[Entry]:
        """Yield the entries of these keys that anyone may see, kept nowhere: who takes all takes each once."""
        entries = (Entry(tuple(self._graphs.triples(self._root + key))) for key in keys)
        return (entry for entry in entries if entry.public)

    def etag(self, artifact: Artifact) -> str:
        """Return the canonical hash of an artifact's record as it is now."""
        return self._entry(artifact.id).etag

    def versions(self, owner: str, name: str) -> list[Artifact]:
        """Return every version of an owner's name, oldest first, withdrawn ones before all others."""
        return self.versions_of(shared(self._root, "name", f"{owner}/{name}"))

    def versions_of(self, concept: NamedNode) -> list[Artifact]:
        """Return what says it is a version of a concept, in the order of `versions`."""
        return _in_order(map(self._read, self._graphs.subjects(DCAT.isVersionOf, concept)))

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

    def referring(self, iri: str) -> Iterator[Artifact]:
        """Yield the artifacts that say they were made out of, trained, tested or measured on this."""
        for term in REFERENCES:
            for subject in self._graphs.subjects(term, NamedNode(iri)):
                yield self._read(subject.partition("#")[0])

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
        self.commit_all([(artifact, jobs)])

    def commit_all(self, changed: Sequence[tuple[Artifact, Sequence[Job]]]) -> None:
        """Write several artifacts as `commit` does one, all of them or none: one flush, one change of the index."""
        with self._lock:
            names: dict[tuple[str, str], dict[str, Artifact]] = {}
            graphs: dict[str, Iterable[Triple]] = {}
            for artifact, jobs in changed:
                record = describe(artifact)
                graphs[artifact.id] = record
                graphs[f"{artifact.id}/inferred"] = inferred(NamedNode(artifact.id), record)
                graphs[f"{artifact.id}/provenance"] = provenance(artifact.id, jobs)
                names.setdefault((artifact.owner, artifact.name), {})[artifact.key] = artifact
            for name, new in names.items():
                versions = {a.key: a for a in self.versions(*name)} | new
                whole, said = concept(_in_order(versions.values()))
                graphs[whole] = said
            self._write(graphs)
            self._index.put(*(artifact for artifact, _ in changed))

    def note(self, artifact_id: str, jobs: Sequence[Job]) -> None:
        """Write the provenance alone: a job moved on, the record did not."""
        with self._lock:
            self._write({f"{artifact_id}/provenance": provenance(artifact_id, jobs)})

    def infer(self, found: Mapping[str, tuple[Sequence[Triple], Sequence[Triple]]]) -> None:
        """Write the types that a reasoner found for artifacts, each beside the record that it found them for.

        A record that was changed meanwhile keeps what its commit wrote.
        """
        with self._lock:
            current = {
                f"{iri}/inferred": types
                for iri, (record, types) in found.items()
                if set(self._graphs.triples(iri)) == set(record)
            }
            if current:
                self._write(current)

    def surround(self, environment: Environment, hardware: Hardware) -> tuple[str, str]:
        """Return the IRIs of what steps run in and on; what is new here is described."""
        described = [
            surroundings.environment(self._root, environment),
            surroundings.hardware(self._root, hardware),
        ]
        new = {node.value: graph for node, graph in described if not self._graphs.triples(node.value)}
        if new:
            self._write(new)
        return described[0][0].value, described[1][0].value

    def surroundings(self, step: Step) -> tuple[Environment | None, Hardware | None]:
        """Return what a step ran in and on, each None where the step does not say it."""
        environment = self._graphs.triples(step.environment) if step.environment else ()
        hardware = self._graphs.triples(step.hardware) if step.hardware else ()
        return surroundings.read_environment(environment), surroundings.read_hardware(hardware)

    def unfinished(self) -> Iterator[str]:
        """Yield the keys of artifacts with a job that is queued or running."""
        for state in ("queued", "running"):
            found = self._graphs.subjects(HK.jobState, Literal(state))
            for job in (iri for iri in found if iri.startswith(self._root)):  # a run is nobody's
                yield job.removeprefix(self._root).partition("/")[0].partition("#")[0]

    def with_status(self, status: str) -> Iterator[Artifact]:
        """Yield the artifacts of one status."""
        for iri in self._graphs.subjects(HK.status, Literal(status)):
            yield self._read(iri)

    def count(self, status: str) -> int:
        """Return how many artifacts have a status, without reading them."""
        return sum(1 for _ in self._graphs.subjects(HK.status, Literal(status)))

    @property
    def size(self) -> int:
        """How many artifacts there are, as the index counts them."""
        return self._index.count

    def reindex(self) -> None:
        """Make the search index anew from the graph."""
        self._index.rebuild(self.all())

    def all(self) -> Iterator[Artifact]:
        """Yield every artifact, withdrawn ones too."""
        return map(self._read, self.iris())

    def iris(self) -> Iterator[str]:
        """Yield the IRI of every artifact."""
        for kind in KINDS:
            yield from self._graphs.subjects(RDF.type, kind)

    def _settle(self, hierarchy: str) -> None:
        """Bring what is inferred up to the ontology that is shipped, where the store holds another one's.

        The hierarchy is written last: a start that was cut short does it again.
        """
        if set(self._graphs.triples(hierarchy)) == set(subclasses()):
            return
        iris = list(self.iris())
        for first in range(0, len(iris), _BATCH):
            batch = iris[first : first + _BATCH]
            self._graphs.write(
                {f"{i}/inferred": inferred(NamedNode(i), self._graphs.triples(i)) for i in batch}
            )
        self._graphs.write({hierarchy: subclasses()})

    def _mistyped(self, key: str) -> str:
        """Say what is wrong with a key that none can be."""
        if len(key) != _LENGTH:
            return f"; it has {len(key)} characters, and a key has {_LENGTH}; a name is said as owner/name"
        wrong = check_character(f"{self._naan}/{key[:-1]}") != key[-1]
        return "; its check character is wrong: a letter is mistyped" if wrong else ""

    def _write(self, graphs: Mapping[str, Iterable[Triple]]) -> None:
        try:
            self._graphs.write(graphs)
        finally:
            self._entries.forget(graphs)

    def _read(self, iri: str) -> Artifact:
        return self._entry(iri).artifact

    def _entry(self, iri: str) -> Entry:
        if entry := self._entries.get(iri):
            return entry
        raise NotFound(f"there is no artifact {iri!r}")


def _in_order(versions: Iterable[Artifact]) -> list[Artifact]:
    return sorted(versions, key=lambda a: (a.status != "withdrawn", a.created, a.key))


def check_character(text: str) -> str:
    """Return the NOID check character of "naan/blade" (every letter's worth times its place, mod 29)."""
    total = sum(place * max(ALPHABET.find(letter), 0) for place, letter in enumerate(text, start=1))
    return ALPHABET[total % len(ALPHABET)]
