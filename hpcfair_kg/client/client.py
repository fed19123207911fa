"""`Client`: the verbs of a catalogue, over HTTP."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, overload
from urllib.parse import quote

from hpcfair_kg.artifact import Artifact, File, Fit, build
from hpcfair_kg.client import home, progress, queries, records, runs, tensors
from hpcfair_kg.client.cache import Cache
from hpcfair_kg.client.downloads import Downloads, chosen
from hpcfair_kg.client.measured import Benchmark
from hpcfair_kg.client.neighbours import Compatible, Neighbour
from hpcfair_kg.client.reproduced import Reproduction
from hpcfair_kg.client.runs import Run
from hpcfair_kg.client.transport import Service
from hpcfair_kg.client.views import Entry, Job, Results
from hpcfair_kg.errors import InvalidMetadata, NotFound

if TYPE_CHECKING:
    import rdflib
    from numpy.typing import NDArray

    from hpcfair_kg.client.frames import Frame

UNFINISHED = ("registered", "converting", "waiting-for-converter")


class Client:
    """A catalogue at `endpoint` (default HPCFAIR_ENDPOINT), spoken to with `token` (default HPCFAIR_TOKEN).

    An ID is an IRI, `ark:/99999/key`, a key, `owner/name` or `owner/name@version`.
    Every method raises what the service refuses with, as the classes of
    `hpcfair_kg.errors`, and `Unreachable` when none answers.  When `offline`
    (default HPCFAIR_OFFLINE) `get`, `download`, `load_model` and `load_dataset`
    give what was asked for before, from HPCFAIR_CACHE and as it was then; the
    rest raises `Unreachable`.
    """

    def __init__(
        self,
        endpoint: str | None = None,
        token: str | None = None,
        timeout: float = 120.0,
        offline: bool | None = None,
    ) -> None:
        address = (endpoint or home.endpoint()).rstrip("/")
        silent = home.offline() if offline is None else offline
        self.service = Service(address, token or home.token(address), timeout, silent)
        self.cache = Cache(home.cache())

    @property
    def endpoint(self) -> str:
        """The address of the service."""
        return self.service.endpoint

    @overload
    def upload(
        self,
        files: str | Path | Sequence[str | Path],
        name: str | None = ...,
        tags: Iterable[str] = ...,
        license: str | None = ...,
        creators: Iterable[str | Mapping[str, str]] = ...,
        metadata: Mapping[str, Any] | None = ...,
        wait: Literal[True] = ...,
    ) -> Entry: ...

    @overload
    def upload(
        self,
        files: str | Path | Sequence[str | Path],
        name: str | None = ...,
        tags: Iterable[str] = ...,
        license: str | None = ...,
        creators: Iterable[str | Mapping[str, str]] = ...,
        metadata: Mapping[str, Any] | None = ...,
        *,
        wait: Literal[False],
    ) -> Entry | Job: ...

    def upload(
        self,
        files: str | Path | Sequence[str | Path],
        name: str | None = None,
        tags: Iterable[str] = (),
        license: str | None = None,
        creators: Iterable[str | Mapping[str, str]] = (),
        metadata: Mapping[str, Any] | None = None,
        wait: bool = True,
    ) -> Entry | Job:
        """Send files (a folder is many) as one artifact and return it, converted and proved.

        With `wait=False` a `Job` is returned as soon as the service has the
        files.  `metadata` holds what else is known, in the keys of an upload.
        """
        parts = list(_parts([files] if isinstance(files, str | Path) else files))
        document = _described(metadata, name or _name(files), tags, license, creators)
        with ExitStack() as stack:
            tell = stack.enter_context(
                progress.bar(document["name"], sum(p.stat().st_size for _, p in parts))
            )
            bodies = [
                (
                    "file",
                    (
                        part,
                        progress.Counted(stack.enter_context(path.open("rb")), tell),
                        "application/octet-stream",
                    ),
                )
                for part, path in parts
            ]
            form = [("metadata", (None, json.dumps(document), "application/json")), *bodies]
            answer = self.service.request("POST", "/api/artifacts", files=form)
        return self._received(answer.status_code, answer.json(), answer.headers.get("location", ""), wait)

    def _received(self, status: int, document: Mapping[str, Any], location: str, wait: bool) -> Entry | Job:
        if status != 202:
            return self._entry(document)
        job = Job(self, location.rpartition("/")[2])
        if not wait:
            return job
        with progress.steps("converting") as tell:
            return job.watch(tell)

    def get(self, id: str) -> Entry:
        """Return an artifact; raises `NotFound`."""
        return self._entry(records.find(self.service, self.cache, id))

    info = get

    def search(self, text: str = "", **terms: Any) -> Results:
        """Search by text and by facets: kind, tag (or tags), framework, task, license, creator, format, …

        A list is one parameter given several times: all of several tags, any of
        several others.  `facets`, `limit` and `cursor` are the service's.
        """
        query = {"q": text, **terms}
        if "tags" in query:
            query["tag"] = query.pop("tags")
        sent = {
            k: list(v) if isinstance(v, list | tuple | set) else v
            for k, v in query.items()
            if v not in (None, "")
        }
        page = self.service.json("GET", "/api/search", params=sent)
        hits = tuple(self._entry(hit) for hit in page["hits"])
        again = {("text" if k == "q" else k): v for k, v in query.items() if k != "cursor"}
        return Results(page["total"], hits, page.get("facets", {}), page.get("next"), self, again)

    def compatible(
        self, id: str, role: str | None = None, limit: int = 20, cursor: str | None = None
    ) -> Compatible:
        """Return what fits an artifact: models before and after it and datasets, or the models that a dataset feeds.

        `role` asks for one list alone: before, after, datasets or models.
        Raises `NotRunnable` for a model that cannot be run.
        """
        asked = {"role": role, "limit": limit, "cursor": cursor}
        sent = {name: value for name, value in asked.items() if value is not None}
        page = self.service.json("GET", f"/api/artifacts/{quote(id, safe='')}/compatible", params=sent)
        lists = {name: tuple(map(self._neighbour, page[name])) for name in page["total"]}
        return Compatible(id, lists, page["total"], page["next"], self)

    def infer(
        self, id: str, feeds: Mapping[str, Any], outputs: Sequence[str] | None = None
    ) -> dict[str, NDArray[Any]]:
        """Run a model's proved ONNX form on arrays by name and return arrays by name.

        A model with processing takes what people have, as in {"text": ["One.", "Two."]}
        or {"image": path.read_bytes()}, and adds what they want to its outputs.
        Tensors travel as bytes where the service takes them so, else in JSON.

        Raises `WrongInput` with what is `expected`, `NotRunnable` with the `reason`.
        """
        from hpcfair_kg.protocol import HEADER

        sent = tensors.request(feeds, outputs, binary=self._binary)
        answer = self.service.request(
            "POST", f"/v2/models/{quote(id, safe='')}/infer", content=sent.body, headers=sent.headers
        )
        return tensors.arrays(answer.content, answer.headers.get(HEADER))

    @cached_property
    def _binary(self) -> bool:
        """Whether the service takes tensors as bytes; others get them in the JSON."""
        from hpcfair_kg.protocol import BINARY

        return BINARY in self.service.json("GET", "/v2").get("extensions", ())

    def bench(
        self, id: str, batch: Sequence[int] = (1, 8, 32), threads: Sequence[int] = (), repeats: int = 100
    ) -> Benchmark:
        """Measure a model where the service runs, each batch size with each number of threads (1 and all cores).

        Raises `NotRunnable` with the `reason`.  The figures are kept in the graph, with what they were measured on.
        """
        asked = {"batch": list(batch), "threads": list(threads), "repeats": repeats}
        run = self._done("benchmark", id, {k: v for k, v in asked.items() if v})
        return Benchmark.of(run.result, run.iri)

    def reproduce(self, id: str, of: str | None = None) -> Reproduction:
        """Do again on the service what is recorded of an artifact, or of a run ("run-…"), and say how like it came out.

        Of an artifact that is its newest conversion and proof and its newest
        benchmark, or what `of` names: a step's IRI, a job, a run.  Raises
        `NotRunnable` where nothing recorded can be done again.
        """
        run = self._done("reproduction", id, {"of": of} if of else {})
        return Reproduction.of_result(run.result, run.iri)

    def _done(self, task: str, id: str, arguments: Mapping[str, Any]) -> Run:
        return self.run({"general_args": {"task": task}, "task_args": {"model_file": id, **arguments}})

    def download(
        self, id: str, folder: str | Path = ".", format: str | None = None, opset: int | None = None
    ) -> tuple[Path, ...]:
        """Download an artifact's files into a folder, resumed and verified; return where they lie.

        `format` is "onnx" for the proved form, "original" for what was uploaded;
        without it both.
        """
        artifact = self.get(id)
        return self._downloads.copied(artifact, chosen(artifact, format, opset), Path(folder))

    def load_model(
        self,
        id: str,
        original: bool = False,
        trust: bool = False,
        trusted_types: Sequence[str] = (),
        threads: int = 0,
        providers: Sequence[str] = ("CPUExecutionProvider",),
    ) -> Any:
        """Return a model ready to run here: its proved ONNX form as an `onnxruntime.InferenceSession`.

        With `original=True` it is the object that the model's own framework
        makes of what was uploaded, which may run its author's code: say
        `trust=True`.  Raises `NotRunnable` with the `reason`, `Forbidden`
        without trust, `MissingExtra` without the framework, `Withdrawn`.
        """
        from hpcfair_kg.client import loading

        brought = loading.model(self.get(id), self.cached, original, trust)
        return brought.original(trusted_types) if original else brought.session(threads, providers)

    def load_dataset(
        self, id: str, file: str | None = None, variables: str | Sequence[str] | None = None
    ) -> Frame:
        """Return a dataset as a pandas frame with the column types of its record; it has `arrow()` and `numpy()`.

        `file` names one where several do not make one table, `variables` the
        columns or arrays to read.  Raises `UnknownFormat` for what makes no
        frame, `NotFound`, `MissingExtra` without pandas, `Withdrawn`.
        """
        from hpcfair_kg.client import loading

        return loading.dataset(self.get(id), self.cached, file).frame(variables)

    def cached(self, artifact: Artifact, files: Sequence[File]) -> Path:
        """Bring files of an artifact into the cache and return the folder where they lie under their names."""
        return self._downloads.local(artifact, files)

    def sparql(self, query: str) -> list[dict[str, Any]] | bool | rdflib.Graph:
        """Ask the graph: SELECT gives rows, ASK a truth value, CONSTRUCT and DESCRIBE an rdflib graph."""
        return queries.ask(self.service, query)

    def graph(self, id: str) -> rdflib.Graph:
        """Return the description of an artifact as an rdflib graph."""
        import rdflib

        answer = self._described(id, "text/turtle")
        return rdflib.Graph().parse(data=answer, format="turtle")

    def jsonld(self, id: str) -> dict[str, Any]:
        """Return the description of an artifact as JSON-LD."""
        return dict(json.loads(self._described(id, "application/ld+json")))

    def job(self, id: str) -> Job:
        """Return a job by its ID, or the latest job of an artifact."""
        if "." not in id or "/" in id:
            artifact = self.get(id)
            if artifact.job is None:
                raise NotFound(f"{artifact.owner}/{artifact.name} has no job")
            id = artifact.job
        return Job(self, id.rpartition("/")[2]).refresh()

    def jobs(self) -> list[Job]:
        """Return the jobs of the artifacts whose conversion has not ended."""
        return [self.job(hit.key) for hit in self.search(status=list(UNFINISHED))]

    def run(
        self, config: Mapping[str, Any], files: Mapping[str, Path] | None = None, wait: bool = True
    ) -> Run:
        """Do one of the paper's tasks on the service; `files` are sent under the names that the configuration has.

        With `wait=False` the run is returned at its beginning, else when it has
        ended; raises what it failed with.
        """
        begun = runs.submit(self.service, config, files or {})
        return runs.wait(self.service, begun) if wait else begun

    def whoami(self) -> dict[str, Any]:
        """Return whose token this is: {owner, scopes, person}."""
        return dict(self.service.json("GET", "/api/whoami"))

    def close(self) -> None:
        """Close the connections."""
        self.service.close()

    def __enter__(self) -> Client:
        return self

    def __exit__(self, *exc: object) -> None:
        self.close()

    def __repr__(self) -> str:
        return f"Client({self.endpoint!r})"

    @property
    def _downloads(self) -> Downloads:
        return Downloads(self.service, self.cache)

    def _described(self, id: str, media_type: str) -> str:
        iri = id if "/ark:/" in id else self.get(id).id
        return self.service.request("GET", self.service.local(iri), headers={"Accept": media_type}).text

    def _neighbour(self, document: Mapping[str, Any]) -> Neighbour:
        return Neighbour(self._entry(document), build(Fit, document["fit"]))

    def _entry(self, document: Mapping[str, Any]) -> Entry:
        return replace(build(Entry, document), client=self)


def _described(
    metadata: Mapping[str, Any] | None,
    name: str,
    tags: Iterable[str],
    license: str | None,
    creators: Iterable[str | Mapping[str, str]],
) -> dict[str, Any]:
    document = {"name": name} | dict(metadata or {})
    if license is not None:
        document["license"] = license
    if tags := [tags] if isinstance(tags, str) else list(tags):
        document["tags"] = tags
    creators = [creators] if isinstance(creators, str) else creators
    if people := [{"name": one} if isinstance(one, str) else dict(one) for one in creators]:
        document["creators"] = people
    return document


def _name(files: str | Path | Sequence[str | Path]) -> str:
    first = Path(files if isinstance(files, str | Path) else next(iter(files), "artifact"))
    return first.resolve().name if first.is_dir() else first.stem


def _parts(files: Sequence[str | Path]) -> Iterator[tuple[str, Path]]:
    """Yield each file's name in the artifact, with "/", and where it lies."""
    if not files:
        raise InvalidMetadata("no file was named: an artifact has at least one")
    for path in map(Path, files):
        if not path.exists():
            raise NotFound(f"there is no file {path}")
        if path.is_dir():
            inside = sorted(p for p in path.rglob("*") if p.is_file())
            if not inside:
                raise NotFound(f"the folder {path} is empty")
            yield from ((p.relative_to(path).as_posix(), p) for p in inside)
        else:
            yield path.name, path
