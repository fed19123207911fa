"""What a client gets back: `Entry` (an artifact of the catalogue), `Job`, and `Results` of a search."""

from __future__ import annotations

import html
import json
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol

from hpcfair_kg.activity import FINISHED, Step
from hpcfair_kg.artifact import Artifact, build
from hpcfair_kg.client.facts import facts
from hpcfair_kg.errors import Busy, HPCFairError

if TYPE_CHECKING:
    from pathlib import Path

    from hpcfair_kg.client.transport import Service


class Searcher(Protocol):
    """What was searched, and is asked for the next page."""

    def search(self, text: str = "", **terms: Any) -> Results:
        """Return a page of hits."""


class Asked(Searcher, Protocol):
    """The client that a view came from, and asks again."""

    service: Service

    def get(self, id: str) -> Entry:
        """Return an artifact."""

    def infer(self, id: str, feeds: Mapping[str, Any]) -> dict[str, Any]:
        """Run a model."""

    def download(self, id: str, folder: str | Path = ".") -> tuple[Path, ...]:
        """Fetch the files."""

    def jsonld(self, id: str) -> dict[str, Any]:
        """Return the description."""


@dataclass(frozen=True, slots=True)
class Entry(Artifact):
    """An artifact as a service tells it, with the client that asked."""

    client: Asked | None = field(default=None, repr=False, compare=False)

    def record(self) -> dict[str, Any]:
        """Return the public JSON record of the artifact."""
        record = Artifact.record(self)
        del record["client"]
        return record

    @property
    def jsonld(self) -> dict[str, Any]:
        """The description as JSON-LD, fetched from the service."""
        return self._asked.jsonld(self.id)

    def download(self, folder: str | Path = ".", **options: Any) -> tuple[Path, ...]:
        """Download the files; see `Client.download`."""
        return self._asked.download(self.id, folder, **options)

    def infer(self, feeds: Mapping[str, Any]) -> dict[str, Any]:
        """Run the model on the service; see `Client.infer`."""
        return self._asked.infer(self.id, feeds)

    @property
    def _asked(self) -> Asked:
        if self.client is None:
            raise HPCFairError(f"{self.id} was not fetched by a client; ask Client().get for it")
        return self.client

    def _repr_html_(self) -> str:
        body = "".join(
            f"<tr><th style='text-align:left'>{name}</th><td>{html.escape(words)}</td></tr>"
            for name, words in facts(self)
        )
        return f"<table><caption>{html.escape(f'{self.owner}/{self.name}')}</caption>{body}</table>"


class Job:
    """One run of the pipeline on a service; `wait()` returns the artifact when it has ended."""

    def __init__(self, client: Asked, id: str, **state: Any) -> None:
        self._client, self.id = client, id
        self._state: dict[str, Any] = state or {"state": "queued"}

    @property
    def key(self) -> str:
        """The key of the artifact that it is about."""
        return self.id.rpartition(".")[0]

    @property
    def state(self) -> str:
        """The state last heard of: queued, running, succeeded, failed, cancelled."""
        return str(self._state["state"])

    @property
    def steps(self) -> tuple[Step, ...]:
        """The steps last heard of."""
        return tuple(build(Step, step) for step in self._state.get("steps", ()))

    @property
    def detail(self) -> str | None:
        """Why it failed, if it did."""
        return self._state.get("detail")

    def refresh(self) -> Job:
        """Ask the service how it stands."""
        self._state = self._client.service.json("GET", f"/api/jobs/{self.id}")
        return self

    def events(self) -> Iterator[dict[str, Any]]:
        """Yield what happens ({"event": "step" | "progress" | "done", …}), until it has ended."""
        headers = {"Accept": "text/event-stream"}
        with self._client.service.stream(f"/api/jobs/{self.id}/events", headers) as response:
            yield from _events(response.iter_lines())

    def wait(self, timeout: float | None = None) -> Entry:
        """Wait until it has ended and return the artifact; raises `TimeoutError` after `timeout` seconds."""
        deadline = None if timeout is None else time.monotonic() + timeout
        pause = 0.05
        while self.refresh().state not in FINISHED:
            if deadline is not None and time.monotonic() > deadline:
                raise TimeoutError(f"the job {self.id} is {self.state} after {timeout} seconds")
            time.sleep(pause)
            pause = min(pause * 1.5, 2.0)
        return self._client.get(self.key)

    def watch(self, tell: Any) -> Entry:
        """Wait as `wait` does, handing each event to `tell`; where the service has no room for that, only wait."""
        try:
            for event in self.events():
                tell(event)
        except Busy:
            tell({"event": "progress", "detail": "waiting"})
        return self.wait()

    def cancel(self) -> Job:
        """Ask the service to end it; raises `Conflict` when it has ended already."""
        self._state = self._client.service.json("DELETE", f"/api/jobs/{self.id}")
        return self

    def __repr__(self) -> str:
        return f"Job({self.id!r}, {self.state})"


def _events(lines: Iterator[str]) -> Iterator[dict[str, Any]]:
    """Read server-sent events (WHATWG HTML 9.2): `event:` and `data:` lines, ended by an empty one."""
    kind, data = "message", ""
    for line in lines:
        name, _, value = line.partition(":")
        if not line and data:
            yield {"event": kind} | json.loads(data)
            kind, data = "message", ""
        elif name == "event":
            kind = value.strip()
        elif name == "data":
            data += value.strip()


COLUMNS = ("id", "kind", "framework", "status", "tags", "title")
"""What a table of hits shows."""


@dataclass(frozen=True)
class Results:
    """One page of a search; iterating goes on through all pages."""

    total: int
    hits: tuple[Entry, ...]
    facets: Mapping[str, list[dict[str, Any]]]
    next: str | None
    client: Searcher = field(repr=False, compare=False)
    query: Mapping[str, Any] = field(default_factory=dict)

    @property
    def rows(self) -> list[tuple[str | None, ...]]:
        """The hits of this page as rows of a table; see `COLUMNS`."""
        return [
            (f"{h.owner}/{h.name}", h.kind, h.framework, h.status, ", ".join(h.tags), h.title)
            for h in self.hits
        ]

    def document(self) -> dict[str, Any]:
        """Return this page as JSON: {total, hits, facets, next}; of a hit, what is known."""
        hits = [{name: value for name, value in hit.record().items() if value} for hit in self.hits]
        return {"total": self.total, "hits": hits, "facets": dict(self.facets), "next": self.next}

    def __iter__(self) -> Iterator[Entry]:
        page = self
        yield from page.hits
        while page.next:
            page = self.client.search(**{**self.query, "cursor": page.next})
            yield from page.hits

    def __len__(self) -> int:
        return self.total
