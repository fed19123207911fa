"""Outside the box: strangers' SPARQL, capped before it is parsed and run where it can be killed.

pyoxigraph queries have no time-out and deep nesting overflows its stack, so a
query runs in a resident box over a hard-linked checkpoint of the store, one
checkpoint per generation, never behind a write that was acknowledged.
"""

from __future__ import annotations

import re
import shutil
import threading
from collections.abc import Iterable, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import accumulate
from pathlib import Path
from typing import Any

from hpcfair_kg.backends.graph.base import Graphs
from hpcfair_kg.backends.graph.querying import GRAPHS, RESULTS
from hpcfair_kg.backends.work.base import Errand, Limits, Work
from hpcfair_kg.backends.work.pool import Pool
from hpcfair_kg.errors import BoxFailed, QueryLimit, QueryRefused
from hpcfair_kg.settings import Settings

_OPAQUE = re.compile(
    r'"""(?:[^"\\]|\\.|"(?!""))*"""'
    r"|'''(?:[^'\\]|\\.|'(?!''))*'''"
    r'|"(?:[^"\\\n]|\\.)*"'
    r"|'(?:[^'\\\n]|\\.)*'"
    r"|<[^<>\"{}|^`\\\x00-\x20]*>"
    r"|#[^\n]*",
    re.DOTALL,
)


def _keyword(word: str) -> re.Pattern[str]:
    return re.compile(rf"(?<![?$:\w-]){word}(?![\w:-])", re.IGNORECASE)


_SERVICE, _FROM = _keyword("SERVICE"), _keyword("FROM")
_STEPS = {"{": 1, "(": 1, "[": 1, "}": -1, ")": -1, "]": -1}


@dataclass(frozen=True, slots=True)
class QueryLimits:
    """What one query may use: seconds, bytes of memory, bytes of answer, characters, open brackets."""

    seconds: float = 30.0
    memory: int = 2 << 30
    size: int = 64 << 20
    length: int = 100_000
    nesting: int = 100

    @classmethod
    def of(cls, settings: Settings) -> QueryLimits:
        """Return the limits that an operator set."""
        return cls(
            settings.query_seconds,
            settings.query_memory,
            settings.query_size,
            settings.query_length,
            settings.query_nesting,
        )


@dataclass(frozen=True, slots=True)
class QueryResult:
    """The bytes of an answer and their media type."""

    media_type: str
    body: bytes


class Guard:
    """Answers strangers' queries over a store; `boxes` at a time, the next waits or is told `Busy`.

    `prefixes` are known in every query, as if it declared them.
    """

    def __init__(
        self,
        graphs: Graphs,
        work: Work,
        folder: Path,
        limits: QueryLimits,
        prefixes: Mapping[str, str] | None = None,
        boxes: int = 2,
    ) -> None:
        self._limits, self._prefixes = limits, dict(prefixes or {})
        self._checkpoints = _Checkpoints(graphs, folder)
        errand = Errand(
            "hpcfair_kg.backends.graph.querying:serve",
            preload=("pyoxigraph",),
            reads=(self._checkpoints.folder,),
            limits=Limits(memory=limits.memory),
        )
        self._boxes = Pool(work, errand, boxes, patience=limits.seconds)

    def ask(
        self,
        text: str,
        accept: Sequence[str] = (),
        default: Sequence[str] | None = None,
        named: Sequence[str] | None = None,
    ) -> QueryResult:
        """Answer one query in the first of the media types in `accept` that fits its form.

        `default` and `named` are the protocol's default-graph-uri and
        named-graph-uri (SPARQL 1.1 Protocol §2.1.4).  Raises `QuerySyntax`,
        `QueryLimit` (time, memory, size, nesting, length) or `QueryRefused`.
        """
        bare = self._inspect(text)
        message = {
            "query": text,
            "prefixes": self._prefixes,
            "union": not _FROM.search(bare),
            "default": list(default) if default else ([] if named else None),
            "named": list(named) if named else ([] if default else None),
            "results": _first(accept, RESULTS),
            "graphs": _first(accept, GRAPHS),
            "size": self._limits.size,
        }
        with self._checkpoints.latest() as checkpoint:
            answer, body = self._run({"checkpoint": str(checkpoint), **message})
        return QueryResult(str(answer["media_type"]), body)

    def close(self) -> None:
        """End the boxes that are idle."""
        self._boxes.close()

    def _inspect(self, text: str) -> str:
        if len(text) > self._limits.length:
            raise QueryLimit(
                f"a query may have {self._limits.length:,} characters, this one has {len(text):,}",
                limit="length",
            )
        bare = _OPAQUE.sub(" ", text)
        depth = max(accumulate(_STEPS.get(letter, 0) for letter in bare), default=0)
        if depth > self._limits.nesting:
            raise QueryLimit(
                f"brackets may nest {self._limits.nesting} deep, these nest {depth} deep", limit="nesting"
            )
        if _SERVICE.search(bare):
            raise QueryRefused("SERVICE is refused: this service asks no other for you")
        return bare

    def _run(self, message: dict[str, Any]) -> tuple[dict[str, Any], bytes]:
        try:
            return self._boxes.ask(message, timeout=self._limits.seconds)
        except BoxFailed as exc:
            raise self._translated(exc) from exc

    def _translated(self, exc: BoxFailed) -> QueryLimit:
        cause = exc.members.get("cause")
        if cause == "time":
            return QueryLimit(
                f"the query ran longer than {self._limits.seconds:g} s and was ended", limit="time"
            )
        if cause == "memory":
            return QueryLimit(f"the query used more than {self._limits.memory >> 20} MiB", limit="memory")
        return QueryLimit(f"the query ended its process: {exc.detail}", limit="memory")


class _Checkpoints:
    """One copy of the store per generation; old ones go when the last query over them is answered."""

    def __init__(self, graphs: Graphs, folder: Path) -> None:
        self._graphs, self.folder = graphs, folder
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        self._lock = threading.Lock()
        self._users: dict[Path, int] = {}

    @contextmanager
    def latest(self) -> Any:
        """Yield the copy that holds every write made before now."""
        with self._lock:
            path = self.folder / str(self._graphs.generation)
            if path not in self._users:
                self._graphs.checkpoint(path)
                self._users[path] = 0
            self._users[path] += 1
        try:
            yield path
        finally:
            self._release(path)

    def _release(self, path: Path) -> None:
        with self._lock:
            self._users[path] -= 1
            newest = self.folder / str(self._graphs.generation)
            stale = [p for p, users in self._users.items() if users == 0 and p != newest]
            for old in stale:
                del self._users[old]
                shutil.rmtree(old)


def _first(accept: Iterable[str], offered: Iterable[str]) -> str | None:
    """Return the first acceptable type; nothing or */* accepts the first offered."""
    offers = list(offered)
    wanted = [media_type.partition(";")[0].strip() for media_type in accept] or ["*/*"]
    for media_type in wanted:
        if media_type in offers:
            return media_type
        if media_type == "*/*":
            return offers[0]
    return None
