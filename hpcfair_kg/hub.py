"""Opens the parts once and offers the verbs: what every door speaks to."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from numpy.typing import NDArray
from pyoxigraph import Triple

from hpcfair_kg.activity import Environment, Hardware, Job, Step
from hpcfair_kg.artifact import Artifact, File
from hpcfair_kg.backends.accounts import ANYONE, Accounts, Principal, visible_to
from hpcfair_kg.backends.blobs.directory import Directory
from hpcfair_kg.backends.graph.guard import Guard, QueryLimits, QueryResult
from hpcfair_kg.backends.graph.oxigraph import Oxigraph
from hpcfair_kg.backends.machine import Machine
from hpcfair_kg.backends.sandbox import probe
from hpcfair_kg.backends.work.processes import Processes
from hpcfair_kg.errors import Conflict, NotFound
from hpcfair_kg.ingest.authoring import Authoring
from hpcfair_kg.ingest.converters import Converters
from hpcfair_kg.ingest.drafts import Receipt, Upload
from hpcfair_kg.ingest.fetching import Fetching
from hpcfair_kg.ingest.gathering import Given
from hpcfair_kg.ingest.harvesting import Harvesting
from hpcfair_kg.ingest.hooks import Hooks
from hpcfair_kg.ingest.jobs import Event
from hpcfair_kg.ingest.reader import Reader
from hpcfair_kg.ingest.report import Report
from hpcfair_kg.ingest.stage import Stages
from hpcfair_kg.ingest.story import Ingest
from hpcfair_kg.knowledge.catalogue import Catalogue
from hpcfair_kg.knowledge.compatible import FIRST, Asked, Compatible, Page
from hpcfair_kg.knowledge.entries import Entry
from hpcfair_kg.knowledge.iris import host
from hpcfair_kg.knowledge.renderings import Renderings
from hpcfair_kg.knowledge.runs import Records
from hpcfair_kg.knowledge.search import Found, Index, Query
from hpcfair_kg.knowledge.site import Site
from hpcfair_kg.knowledge.validate import Shapes
from hpcfair_kg.knowledge.vocabulary import PREFIXES
from hpcfair_kg.knowledge.walk import START, Mark, Stretch, Walk
from hpcfair_kg.models.serving import Serving
from hpcfair_kg.runs.desk import Rooms
from hpcfair_kg.runs.story import Runs
from hpcfair_kg.settings import Settings

__all__ = ["Hub", "Receipt", "Upload"]


class Hub:
    """One catalogue: its stores, its workers, and everything that can be asked of it.

    Raises `Busy` at opening when another process has the data folder open.
    """

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        data = settings.data_dir.resolve()
        self.public = Oxigraph(data / "public")
        settings.keep_base()
        self.blobs = Directory(data / "blobs", settings.max_upload)
        self.private = Oxigraph(data / "private" / "graph")
        self.accounts = Accounts(data / "private" / "accounts.db")
        self.index = Index(data / "index")
        self.site = Site(settings.base, settings.publisher or host(settings.base), settings.publisher_url)
        self.renderings = Renderings(self.site, settings.cache_memory)
        self.catalogue = Catalogue(self.public, self.index, settings.base, settings.naan)
        self.box = probe()
        unboxed = settings.unsafe_no_sandbox
        self._quick = Processes(data / "work" / "quick", self.box, workers=4, allow_unboxed=unboxed)
        self._heavy = Processes(
            data / "work" / "heavy", self.box, workers=settings.jobs, allow_unboxed=unboxed
        )
        self._guard = Guard(
            self.public, self._quick, data / "checkpoints", QueryLimits.of(settings), PREFIXES
        )
        self.serving = Serving(
            self._quick, self.blobs, data / "serving", settings.job_memory, settings.infer_seconds
        )
        shapes = Shapes()
        stages = Stages(self.blobs, self._quick, self._heavy, data / "work" / "stages", settings)
        machine = Machine(settings.machine or None)
        self._ingest = Ingest(
            self.catalogue, stages, shapes, Hooks(self.blobs), str(self.box), machine, settings.jobs
        )
        self._authoring = Authoring(self.catalogue, self.blobs, self._ingest, shapes, settings.register_dirs)
        reader = Reader(self._quick, settings.job_memory)
        self._harvesting = Harvesting(self.catalogue, shapes, self._ingest, reader)
        self._fetching = Fetching(self.catalogue, self._ingest, self.blobs, self._authoring.forget)
        self._converters = Converters(self.catalogue, self._ingest)
        self.runs = Runs(self._rooms(stages), settings.jobs)
        self._compatible = Compatible(self.index)
        self._clean = data / "clean"

    def _rooms(self, stages: Stages) -> Rooms:
        """Return the parts that tasks may use."""
        records, cores = Records(self.public, self.settings.base), os.cpu_count() or 1
        kept = (self.catalogue, self.index, self.blobs)
        return Rooms(*kept, stages, self._ingest, self._authoring, records, cores)

    @classmethod
    def open(cls, settings: Settings) -> Hub:
        """Open the folder, mend what a crash left, and take up the jobs that were cut off."""
        hub = cls(settings)
        clean = hub._clean.exists()
        if hub.index.stale or not clean:
            hub.index.rebuild(hub.catalogue.all())
        if not clean:
            hub._ingest.sweep()
        hub._clean.unlink(missing_ok=True)
        hub._ingest.resume()
        hub.runs.resume()
        hub._converters.start()
        return hub

    def close(self) -> None:
        """Let everything go; jobs that run are taken up at the next start."""
        self._converters.close()
        self.runs.stop()
        self._ingest.stop()
        for workers in (self._guard, self.serving, self._heavy, self._quick):
            workers.close()
        self._ingest.close()
        self.runs.close()
        for store in (self.index, self.public, self.private):
            store.close()
        self.accounts.close()
        self._clean.touch()

    def register(self, metadata: Mapping[str, Any], files: Sequence[Upload], principal: Principal) -> Receipt:
        """Take an artifact in; see `Authoring.register` for what it refuses."""
        return self._authoring.register(metadata, files, principal)

    def forget(self, files: Sequence[Upload]) -> None:
        """Let go of files that arrived for an upload that came to nothing."""
        self._authoring.forget(files)

    def new_version(
        self, spoken: str, metadata: Mapping[str, Any], files: Sequence[Upload], principal: Principal
    ) -> Receipt:
        """Take in a new version of an artifact of one's own; name and licence stay where not said anew."""
        return self._authoring.new_version(spoken, metadata, files, principal)

    def edit(
        self, spoken: str, changes: Mapping[str, Any], principal: Principal, if_match: str | None = None
    ) -> Artifact:
        """Change the descriptive part of an artifact of one's own; raises `Conflict` when `if_match` is old."""
        return self._authoring.edit(spoken, changes, principal, if_match)

    def withdraw(
        self, spoken: str, principal: Principal, reason: str = "", if_match: str | None = None
    ) -> Artifact:
        """Withdraw an artifact of one's own: its description stays, its files are no longer given out."""
        return self._authoring.withdraw(spoken, principal, reason, if_match)

    def harvest(
        self, files: Sequence[Given], principal: Principal, fetch: bool = False, allow_private: bool = False
    ) -> Report:
        """Take in what is described elsewhere; see `Harvesting.harvest`. With `fetch`, its files too."""
        report = self._harvesting.harvest(files, principal)
        if fetch:
            self._fetching.fetch(report, allow_private)
        return report

    def find(self, spoken: str, principal: Principal = ANYONE) -> Artifact:
        """Return an artifact by IRI, ark:/…, key, owner/name or owner/name@version; raises `NotFound`."""
        return self.catalogue.shown(spoken, principal)

    def entry(self, spoken: str, principal: Principal = ANYONE) -> Entry:
        """Return an artifact as `find` does, with its triples and their hash of the same moment."""
        return self.catalogue.entry(spoken, principal)

    def versions(self, artifact: Artifact, principal: Principal = ANYONE) -> list[Artifact]:
        """Return the versions of an artifact's name, oldest first."""
        found = self.catalogue.versions(artifact.owner, artifact.name)
        return [version for version in found if visible_to(principal)(version)]

    def etag(self, artifact: Artifact) -> str:
        """Return the canonical hash of an artifact's record (RDFC-1.0, sha256)."""
        return self.catalogue.etag(artifact)

    def triples(self, artifact: Artifact) -> list[Triple]:
        """Return the record of an artifact as triples."""
        return self.catalogue.triples(artifact.key)

    def provenance(self, artifact: Artifact) -> list[Triple]:
        """Return how an artifact came to be, as PROV-O triples."""
        return self.catalogue.provenance(artifact.key)

    def jobs(self, artifact: Artifact) -> tuple[Job, ...]:
        """Return the jobs of an artifact, oldest first."""
        return self.catalogue.jobs(artifact.key)

    def surroundings(self, step: Step) -> tuple[Environment | None, Hardware | None]:
        """Return the software and the hardware that a step ran with; see `Catalogue.surroundings`."""
        return self.catalogue.surroundings(step)

    def open_file(self, artifact: Artifact, name: str, principal: Principal = ANYONE) -> tuple[Path, File]:
        """Return where a file's bytes lie; raises `NotFound`, and `Withdrawn` for those of a withdrawn artifact.

        Those of a remote one are not here: ask for its `remote` address first.
        """
        self.find(artifact.key, principal)
        file = artifact.file(name)
        if file is None:
            raise NotFound(f"no file {name!r}; there are: {', '.join(f.name for f in artifact.files)}")
        artifact.require_present()
        return self.blobs.path(file.sha256), file

    def search(self, query: Query, principal: Principal = ANYONE) -> Found:
        """Search the index, which holds what is public and nothing else."""
        return self.index.search(query)

    def compatible(self, spoken: str, asked: Asked = FIRST, principal: Principal = ANYONE) -> dict[str, Page]:
        """Return what fits an artifact, by role; see `Compatible.of`. What is not public is not among it."""
        return self._compatible.of(self.find(spoken, principal), asked)

    def changed(self, walk: Walk, after: Mark = START, limit: int = 1000) -> Stretch:
        """Return artifacts in the order of their changes, from a place on; what is not public is not among them."""
        return self.index.walk(walk, after, limit)

    def taken(self, stretch: Stretch) -> Iterator[Entry]:
        """Yield the records of artifacts that `changed` returned, as they are now, but what is public no more."""
        return self.catalogue.public(hit["key"] for hit in stretch.hits())

    def sparql(
        self,
        text: str,
        accept: Sequence[str] = (),
        default_graphs: Sequence[str] | None = None,
        named_graphs: Sequence[str] | None = None,
        principal: Principal = ANYONE,
    ) -> QueryResult:
        """Answer a stranger's query over what is public; see `Guard.ask`."""
        return self._guard.ask(text, accept, default_graphs, named_graphs)

    def infer(
        self,
        spoken: str,
        feeds: Mapping[str, NDArray[Any]],
        outputs: Sequence[str] | None = None,
        principal: Principal = ANYONE,
    ) -> dict[str, NDArray[Any]]:
        """Run a model's proved ONNX form on arrays by name; see `Serving.answer`."""
        principal.require("run")
        return self.serving.infer(self.runnable(spoken, principal), feeds, outputs)

    def runnable(self, spoken: str, principal: Principal = ANYONE, version: str = "") -> Artifact:
        """Return a model that can be run, in this version of its name; raises `Withdrawn`, and `NotRunnable` with why."""
        artifact = self.find(spoken, principal)
        if version not in ("", artifact.version):
            artifact = self.find(f"{artifact.owner}/{artifact.name}@{version}", principal)
        artifact.require_present()
        artifact.require_runnable()
        return artifact

    def job(self, job_id: str, principal: Principal = ANYONE) -> Job:
        """Return a job as it stands; raises `NotFound`."""
        live = self._ingest.jobs.get(job_id)
        artifact = self.find(job_id.rpartition(".")[0] or job_id, principal)
        if live is not None:
            return live.job
        for job in self.catalogue.jobs(artifact.key):
            if job.id == job_id:
                return job
        raise NotFound(f"there is no job {job_id!r}")

    def wait(self, job_id: str, seconds: float) -> Job:
        """Return a job when it has ended, or as it stands when the seconds are over."""
        self._ingest.jobs.wait(job_id, seconds)
        return self.job(job_id)

    def cancel(self, job_id: str, principal: Principal) -> Job:
        """Ask a job of one's own to end; raises `Conflict` when it has ended already."""
        self._authoring.own(self.job(job_id, principal).key, principal)
        if not self._ingest.jobs.cancel(job_id):
            raise Conflict(f"the job {job_id} has ended: {self.job(job_id).state}")
        return self.wait(job_id, 10)

    def events(self, job_id: str, principal: Principal = ANYONE) -> Iterator[Event]:
        """Yield what happens to a job, "done" last; one that has ended is done at once."""
        yield from self._ingest.jobs.events(job_id)
        job = self.job(job_id, principal)
        yield {"event": "done", "state": job.state, "status": self.find(job.key, principal).status}

    def ready(self) -> bool:
        """Whether the catalogue holds as many artifacts as the operator waits for."""
        return self.index.count >= self.settings.ready_at

    def status(self) -> dict[str, Any]:
        """Return what an operator wants to know at a glance."""
        return {
            "artifacts": self.index.count,
            "sandbox": {"holds": self.box.holds, "layers": list(self.box.layers)},
            "converters": self._converters.status(),
            "notice": self.settings.notice,
            "waiting": self.catalogue.count("waiting-for-converter"),
        }
