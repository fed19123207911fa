"""Errands in boxed processes of this machine, forked from one warm process a family."""

from __future__ import annotations

import math
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

from hpcfair_kg.backends.sandbox import Box, probe
from hpcfair_kg.backends.work import wire
from hpcfair_kg.backends.work.base import Answer, Bytes, Emit, Errand, Limits, Message, Resident, Work
from hpcfair_kg.backends.work.bundle import apart, bundled
from hpcfair_kg.backends.work.child import Child, raised, too_slow
from hpcfair_kg.backends.work.warm import Warm
from hpcfair_kg.errors import BoxFailed, HPCFairError, NotRunnable, by_code

EVENTS = 100_000
"""How many events one errand may send before it is taken for a flood."""


class Pending(Future[Any]):
    """A `Future` whose `cancel` also ends what runs.

    One that waits is cancelled as `concurrent.futures` says; one that runs is
    killed, `cancel` returns True, and `result` raises `BoxFailed(cause="cancelled")`.
    """

    def __init__(self) -> None:
        super().__init__()
        self._child: Child | None = None
        self.unwanted = False

    def runs_in(self, child: Child) -> None:
        """Note which process to end."""
        self._child = child
        if self.unwanted:
            child.kill()

    def cancel(self) -> bool:
        """Cancel or kill; False only when it had ended before."""
        if super().cancel():
            return True
        if self.done():
            return False
        self.unwanted = True
        if self._child is not None:
            self._child.kill()
        return True


class Processes(Work):
    """The machine's own processes, `workers` errands at a time (residents are not counted).

    `folder` takes the logs of the fork servers, `box` is what `sandbox.probe`
    found.  Where it does not hold every errand ends in `NotRunnable`, unless
    `allow_unboxed` (the operator's word, or a user's own files on her machine).
    """

    def __init__(
        self,
        folder: Path,
        box: Box | None = None,
        workers: int = 2,
        idle_seconds: float = 600,
        allow_unboxed: bool = False,
    ) -> None:
        self.box = probe() if box is None else box
        self._folder = folder.resolve()
        self._folder.mkdir(parents=True, exist_ok=True)
        self._idle, self._refused = idle_seconds, not (self.box.holds or allow_unboxed)
        self._executor = ThreadPoolExecutor(workers, thread_name_prefix="errand")
        self._lock = threading.Lock()
        self._warm: dict[str, Warm] = {}
        self._running: set[Pending | Resident] = set()

    def submit(self, errand: Errand, emit: Emit | None = None) -> Pending:
        """Run an errand; a refusal comes out of the future like every other error."""
        future = Pending()
        with self._lock:
            self._running.add(future)
        future.add_done_callback(self._forget)
        self._executor.submit(self._fulfil, future, errand, emit or _ignored)
        return future

    def resident(self, errand: Errand) -> Resident:
        """Start a box that stays; `errand.limits.seconds` bounds its start, not its life."""
        child = self._child(errand, resident=True)
        try:
            _conversation(child, errand.limits, _ignored)
        except BaseException:
            child.end()
            raise
        box = _Staying(child, errand.limits, self._forget)
        with self._lock:
            self._running.add(box)
        return box

    def close(self) -> None:
        """End everything that runs or waits here, and the fork servers."""
        with self._lock:
            running = list(self._running)
        for one in running:
            one.close() if isinstance(one, Resident) else one.cancel()
        for warm in self._warm.values():
            warm.close()
        self._executor.shutdown()

    def _fulfil(self, future: Pending, errand: Errand, emit: Emit) -> None:
        if not future.set_running_or_notify_cancel():
            return
        try:
            value = self._run(future, errand, emit)
        except BaseException as exc:  # noqa: BLE001 - the future carries it to whoever asks
            failed = BoxFailed("was cancelled", cause="cancelled") if future.unwanted else exc
            future.set_exception(failed)
        else:
            future.set_result(value)

    def _run(self, future: Pending, errand: Errand, emit: Emit) -> Any:
        child = self._child(errand)
        try:
            future.runs_in(child)
            return _conversation(child, errand.limits, emit)
        finally:
            child.end()

    def _child(self, errand: Errand, resident: bool = False) -> Child:
        if self._refused:
            reason = "no sandbox holds on this machine"
            raise NotRunnable(
                f"{reason} ({self.box}): it needs Landlock and seccomp, or the operator's unsafe_no_sandbox",
                reason=reason,
            )
        with self._lock:
            warm = self._warm.setdefault(errand.family, Warm(errand.family, self._folder, self._idle))
        child = warm.fork(errand.preload)
        try:
            child.send(self._request(errand, resident))
        except EOFError:
            pass  # the conversation finds out why
        except BaseException:
            child.end()
            raise
        return child

    def _request(self, errand: Errand, resident: bool) -> dict[str, Any]:
        seconds = math.inf if resident else errand.limits.seconds
        return {
            "call": errand.call,
            "arguments": dict(errand.arguments),
            "reads": [str(path.resolve()) for path in errand.reads],
            "writes": None if errand.writes is None else str(errand.writes.resolve()),
            "limits": asdict(replace(errand.limits, seconds=seconds)),
            "layers": self.box.layers,
            "resident": resident,
        }

    def _forget(self, one: Any) -> None:
        with self._lock:
            self._running.discard(one)


class _Staying(Resident):
    def __init__(self, child: Child, limits: Limits, forget: Callable[[Resident], None]) -> None:
        self._child, self._limits, self._forget = child, limits, forget
        self._turn = threading.RLock()

    def ask(self, message: Message, payload: Bytes = b"", timeout: float | None = None) -> Answer:
        """Send a message and wait for its answer; the time counts from this asker's turn."""
        with self._turn, self._ended_at_fault():
            answer, body = _exchanged(self._child, {"message": message}, payload, self._limits, timeout)
            return _object(_value(answer, self._limits)), body

    def ask_all(
        self, asked: Sequence[tuple[Message, Bytes]], timeout: float | None = None
    ) -> list[Answer | HPCFairError]:
        """Send several messages as one and return what came of each."""
        with self._turn, self._ended_at_fault():
            answer, body = _exchanged(self._child, *bundled(asked), self._limits, timeout)
            try:
                parts = list(apart(answer, body))
            except (KeyError, TypeError, ValueError) as exc:
                raise BoxFailed("sent a frame of no known form", cause="crash") from exc
        return [_answer_or_error(message, part, self._limits) for message, part in parts]

    @contextmanager
    def _ended_at_fault(self) -> Iterator[None]:
        """End the box where it did not answer as one does."""
        if not self._child.open:
            raise self._child.fate(self._limits)
        try:
            yield
        except BoxFailed as exc:
            if exc.members.get("cause") != "error":
                self.close()
            raise

    @property
    def alive(self) -> bool:
        """Whether it can be asked; one that died is cleared away."""
        if self._child.alive:
            return True
        self._clear()
        return False

    def close(self) -> None:
        """End the box; whoever waits for its answer gets `BoxFailed(cause="cancelled")`."""
        self._child.kill()
        self._clear()

    def _clear(self) -> None:
        with self._turn:
            self._child.end()
        self._forget(self)


def _conversation(child: Child, limits: Limits, emit: Emit) -> Any:
    """Listen to the child until its last word, passing on its events."""
    deadline = time.monotonic() + limits.seconds
    for _ in range(EVENTS):
        message, _ = _received(child, limits, deadline, limits.seconds)
        if not isinstance(message.get("event"), dict):
            return _value(message, limits)
        emit(message["event"])
    raise BoxFailed(f"sent more than {EVENTS:,} events", cause="size")


def _exchanged(
    child: Child, message: Message, payload: Bytes, limits: Limits, timeout: float | None
) -> wire.Frame:
    seconds = math.inf if timeout is None else timeout
    deadline = time.monotonic() + seconds
    try:
        child.send(message, payload, deadline)
    except EOFError as exc:
        raise child.fate(limits) from exc
    except TimeoutError as exc:
        raise too_slow(seconds) from exc
    return _received(child, limits, deadline, seconds)


def _answer_or_error(message: Mapping[str, Any], body: bytes, limits: Limits) -> Answer | HPCFairError:
    try:
        return _object(_value(message, limits)), body
    except HPCFairError as exc:
        return exc


def _object(value: Any) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise BoxFailed("answered with no JSON object", cause="crash")
    return value


def _received(child: Child, limits: Limits, deadline: float, seconds: float) -> wire.Frame:
    try:
        return child.receive(deadline)
    except EOFError as exc:
        raise child.fate(limits) from exc
    except TimeoutError as exc:
        raise too_slow(seconds) from exc
    except wire.Malformed as exc:
        raise BoxFailed(f"sent {exc} where an answer was due", cause="crash") from exc


def _value(message: Mapping[str, Any], limits: Limits) -> Any:
    """Return the value of a last word, or raise the error it tells of."""
    if "value" in message:
        return message["value"]
    try:
        if "foreign" in message:
            failed: HPCFairError = raised(message["foreign"]["class"], message["foreign"]["message"], limits)
        else:
            failed = _translated(**message["error"])
    except (KeyError, TypeError, AttributeError) as exc:
        raise BoxFailed("sent a frame of no known form", cause="crash") from exc
    raise failed


def _translated(code: str, detail: str, members: Mapping[str, Any]) -> HPCFairError:
    reserved = ("self", "detail", "type", "title", "status", "instance")
    kept = {name: value for name, value in members.items() if name not in reserved}
    return by_code().get(code, HPCFairError)(str(detail), **kept)


def _ignored(event: Mapping[str, Any]) -> None:
    """Take an event that nobody asked for."""
