"""Models run over files of any size: chunk by chunk in constant memory, several chunks at a time, the results in order.

A model whose inputs share a first dimension without a fixed size is run on
chunks, once its first one has shown that no row depends on another; one of a
fixed first dimension on chunks of that size, the last filled up and cut again.
Where rows do depend on each other, or the first dimension is no batch, the file
goes in one call, and that is said.
"""

from __future__ import annotations

import os
import queue
import time
from collections import deque
from collections.abc import Callable, Generator, Iterable, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass
from itertools import chain as joined
from itertools import islice
from typing import Any

from hpcfair_kg.artifact import TensorSpec
from hpcfair_kg.models import devices, infer, rows
from hpcfair_kg.models.calls import Calls, Dependent, Feeds, RunOne, rows_of
from hpcfair_kg.models.chain import Chain

TARGET = 1 << 20
"""About how many bytes of input one chunk has, if its number of rows is not given."""
MOST = 1 << 16
"""Rows that such a chunk has at most."""
PAUSE = 0.25
"""Seconds between two tellings of progress."""

Write = Callable[[Feeds], None]
Tell = Callable[[int, int | None], None]
"""Told how many rows are done, of how many if that is known."""
Emit = Callable[[Mapping[str, Any]], None]


@dataclass(frozen=True)
class Done:
    """What was run: rows, in how many calls of at most `chunk` rows; `note` says why the file went in one call."""

    rows: int
    calls: int
    chunk: int | None = None
    note: str | None = None

    def __str__(self) -> str:
        if self.note:
            return f"{self.rows:,} rows in one call: {self.note}"
        return f"{self.rows:,} rows in {self.calls:,} calls of up to {self.chunk:,}"


def opened(chain: Chain, places: Sequence[devices.Place]) -> RunOne:
    """Return what runs a chain for one worker in each place, each model loaded once a place."""
    threads = 0 if len(places) == 1 else max(1, (os.cpu_count() or 1) // len(places))
    sessions = {
        place: {part.name: devices.load(part, place, threads) for part in chain.parts}
        for place in dict.fromkeys(places)
    }
    free: queue.SimpleQueue[devices.Place] = queue.SimpleQueue()
    for place in places:
        free.put(place)

    def run_one(feeds: Feeds) -> Feeds:
        place = free.get()
        try:
            return chain.run(feeds, lambda part, fed: infer.run(sessions[place][part.name], fed))
        finally:
            free.put(place)

    return run_one


def run(
    run_one: RunOne,
    reader: rows.Reader,
    inputs: Sequence[TensorSpec],
    write: Write,
    workers: int = 1,
    tell: Tell | None = None,
    chunk: int | None = None,
) -> Done:
    """Run a model over a file and write what it gives, in order; the same for any `chunk` and number of `workers`.

    At most `workers` + 1 chunks are in memory.  `chunk` is a number of rows; a
    model of a fixed first dimension has its own.  Raises `WrongInput` and
    `CorruptFile` as reading does, and what `run_one` raises.
    """
    told, batch = tell or (lambda done, total: None), batch_of(inputs)
    if batch is None:
        why = "the first dimension of its inputs is no batch"
        return _at_once(run_one, reader, inputs, write, told, why)
    size = batch if isinstance(batch, int) else chunk or default_chunk(reader)
    calls = Calls(run_one, batch if isinstance(batch, int) else None)
    with closing(reader.feeds(inputs, size)) as chunks:
        first = list(islice(chunks, 2))
        try:
            opening = (first[0], calls.tried(first[0], alone=len(first) == 1))
        except Dependent as exc:
            return _at_once(run_one, reader, inputs, write, told, exc.detail)
        done = count = 0
        with closing(in_order(calls, joined(first[1:], chunks), workers)) as rest:
            for feeds, outputs in joined([opening], rest):
                write(outputs)
                done, count = done + rows_of(feeds), count + 1
                told(done, reader.rows)
    return Done(done, count, size)


def _at_once(
    run_one: RunOne, reader: rows.Reader, inputs: Sequence[TensorSpec], write: Write, tell: Tell, why: str
) -> Done:
    (feeds,) = reader.feeds(inputs)
    write(run_one(feeds))
    count = rows_of(feeds)
    tell(count, count)
    return Done(count, 1, note=why)


def in_order(
    run_one: RunOne, chunks: Iterable[Feeds], workers: int
) -> Generator[tuple[Feeds, Feeds], None, None]:
    """Yield each chunk and what it gives, in order, `workers` at a time; none is read long before it is run."""
    running: deque[tuple[Feeds, Future[Feeds]]] = deque()
    with ThreadPoolExecutor(workers, thread_name_prefix="hpcfair-infer") as threads:
        try:
            for chunk in chunks:
                running.append((chunk, threads.submit(run_one, chunk)))
                if len(running) > workers:
                    feeds, future = running.popleft()
                    yield feeds, future.result()
            while running:
                feeds, future = running.popleft()
                yield feeds, future.result()
        finally:
            for _, future in running:
                future.cancel()


def batch_of(inputs: Sequence[TensorSpec]) -> int | str | None:
    """Return the fixed first dimension that inputs share, or the name of a free one; None where it is no batch."""
    firsts = [spec.shape[0] if spec.shape else None for spec in inputs]
    if all(isinstance(size, str) for size in firsts):
        return next(iter(firsts), None)
    return firsts[0] if len(set(firsts)) == 1 and firsts[0] else None


def default_chunk(reader: rows.Reader) -> int:
    """Return the number of rows that have about a megabyte."""
    return max(1, min(MOST, TARGET // max(reader.weight, 1)))


def telling(emit: Emit) -> Tell:
    """Return what emits progress, {event, name, done, total} in rows, a few times a second."""
    last = 0.0

    def tell(done: int, total: int | None) -> None:
        nonlocal last
        now = time.monotonic()
        if now - last >= PAUSE or done == total:
            last = now
            emit({"event": "progress", "name": "infer", "done": done, "total": total})

    return tell
