"""This side of one boxed process: what is said to it, how it is ended, and why it ended."""

from __future__ import annotations

import json
import math
import os
import re
import select
import signal
import socket
import struct
import threading
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from functools import partial
from typing import Any

from hpcfair_kg.backends.work import wire
from hpcfair_kg.backends.work.base import Limits
from hpcfair_kg.errors import BoxFailed

_TAIL = 4096
"""Bytes kept of a child's standard error: only to tell why it ended, never shown."""
_PROMPT = struct.pack("ll", 0, 20_000)
"""The time, as the kernel takes it, in which most answers come: to poll first would be one more call for each."""
_OUT_OF_MEMORY = re.compile(
    r"memory allocation of|bad_alloc|out of memory|cannot allocate|not enough memory|MemoryError"
    r"|failed to allocate|unable to allocate|OOM when allocating",
    re.IGNORECASE,
)


class Child:
    """A child of a fork server; `pidfd` names it safely, whatever became of its number."""

    def __init__(self, pidfd: int, speech: socket.socket, report: socket.socket, errors: int) -> None:
        self._pidfd, self._speech, self._report, self._errors = pidfd, speech, report, errors
        speech.setsockopt(socket.SOL_SOCKET, socket.SO_RCVTIMEO, _PROMPT)
        self._poll = select.poll()
        self._poll.register(speech, select.POLLIN)
        self._poll.register(errors, select.POLLIN)
        self._tail, self._kept = b"", bytearray()
        self._lock = threading.Lock()
        self._open, self._unwanted = True, False
        self._status: int | None = None

    def send(self, message: Mapping[str, Any], payload: wire.Bytes = b"", deadline: float = math.inf) -> None:
        """Send a frame; raises `EOFError` when the child is gone, `TimeoutError` past the deadline."""
        parts = wire.frame(message, payload)
        try:
            self._send(parts, deadline)
        except (BrokenPipeError, ConnectionResetError) as exc:
            raise EOFError from exc

    def receive(self, deadline: float = math.inf) -> wire.Frame:
        """Return the next frame; raises `EOFError`, `TimeoutError` or `wire.Malformed`."""
        try:
            return wire.receive(self._speech, partial(self._wait, deadline), self._kept)
        except ConnectionResetError as exc:
            raise EOFError from exc

    @property
    def open(self) -> bool:
        """Whether it can be spoken to, though it may have died unseen."""
        return self._open

    @property
    def alive(self) -> bool:
        """Whether it still runs."""
        with self._lock:
            return self._open and not readable(self._pidfd, 0)

    def kill(self) -> None:
        """End it at once because nobody wants its answer; without effect on one that has ended."""
        with self._lock:
            self._unwanted = True
            if self._open:
                _kill(self._pidfd)

    def end(self) -> None:
        """Kill it and return when it has gone and can change nothing any more."""
        with self._lock:
            if not self._open:
                return
            _kill(self._pidfd)
            self._settle()
            self._open = False
            os.close(self._pidfd)
            os.close(self._errors)
            self._speech.close()
            self._report.close()

    def fate(self, limits: Limits) -> BoxFailed:
        """Return why it ended without a last word."""
        with self._lock:
            if self._unwanted:
                return BoxFailed("was cancelled", cause="cancelled")
            if self._open:
                self._settle()
        return why(self._status, self._tail.decode(errors="replace"), limits)

    def _send(self, parts: Sequence[wire.Bytes], deadline: float) -> None:
        """Send at once what the socket takes at once, as it does a small frame; wait for the rest."""
        with suppress(BlockingIOError):
            sent = self._speech.send(parts[0], socket.MSG_DONTWAIT)
            parts = (memoryview(parts[0])[sent:], *parts[1:])
        if len(parts) == 1 and not len(parts[0]):
            return
        self._speech.settimeout(None if math.isinf(deadline) else max(deadline - time.monotonic(), 0.001))
        try:
            for part in parts:
                self._speech.sendall(part)
        finally:
            self._speech.settimeout(None)

    def _settle(self) -> None:
        """Wait until it has ended, and learn how from the server, if that still lives."""
        if self._status is None:
            readable(self._pidfd, math.inf)
            self._drain()
            said = self._report.recv(1024)
            self._status = json.loads(said)["status"] if said else int(signal.SIGKILL)

    def _wait(self, deadline: float) -> None:
        """Wait until there is something to read, emptying the child's standard error meanwhile."""
        while True:
            left = deadline - time.monotonic()
            if left <= 0:
                raise TimeoutError
            ready = dict(self._poll.poll(_milliseconds(left)))
            if self._errors in ready:
                self._drain()
            if self._speech.fileno() in ready:
                return

    def _drain(self) -> None:
        with suppress(BlockingIOError, KeyError):
            while part := os.read(self._errors, 1 << 16):
                self._tail = (self._tail + part)[-_TAIL:]
            self._poll.unregister(self._errors)


def readable(descriptor: int | socket.socket, seconds: float) -> bool:
    """Wait for something to read, or for the end of what is a pidfd; False when the time is over."""
    poll = select.poll()
    poll.register(descriptor, select.POLLIN)
    return bool(poll.poll(_milliseconds(seconds)))


def why(status: int | None, said: str, limits: Limits) -> BoxFailed:
    """Translate a wait status, and what standard error said, into what went wrong."""
    number = os.WTERMSIG(status) if status is not None and os.WIFSIGNALED(status) else 0
    if number == signal.SIGXFSZ:
        return too_large(limits)
    if number == signal.SIGXCPU:
        return too_slow(limits.seconds)
    if _OUT_OF_MEMORY.search(said):
        return out_of_memory(limits)
    if number == signal.SIGKILL:
        return BoxFailed("was killed: the machine is short of memory, or is being stopped", cause="memory")
    if number:
        return BoxFailed(f"crashed with {signal.Signals(number).name}", cause="crash")
    return BoxFailed("ended without an answer", cause="crash")


def raised(kind: str, message: str, limits: Limits) -> BoxFailed:
    """Translate an exception of a foreign library, by the name of its class and its message."""
    if kind == "MemoryError" or _OUT_OF_MEMORY.search(message):
        return out_of_memory(limits)
    return BoxFailed(f"{kind}: {message}" if message else kind, cause="error", error=kind)


def out_of_memory(limits: Limits) -> BoxFailed:
    """Say that the address space was used up."""
    return BoxFailed(f"ran out of memory (limit {_sized(limits.memory)})", cause="memory")


def too_large(limits: Limits) -> BoxFailed:
    """Say that a file grew too large."""
    return BoxFailed(f"wrote a file larger than {_sized(limits.file_size)}", cause="size")


def too_slow(seconds: float) -> BoxFailed:
    """Say that the time was used up."""
    return BoxFailed(f"used more than {seconds:g} s", cause="time")


def _sized(size: int) -> str:
    for power, unit in ((30, "GiB"), (20, "MiB"), (10, "KiB")):
        if size >= 1 << power:
            return f"{size / (1 << power):g} {unit}"
    return f"{size} bytes"


def _kill(pidfd: int) -> None:
    with suppress(ProcessLookupError):
        signal.pidfd_send_signal(pidfd, signal.SIGKILL)


def _milliseconds(seconds: float) -> int | None:
    return None if math.isinf(seconds) else math.ceil(seconds * 1000)
