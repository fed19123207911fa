"""This side of a fork server: started when first needed, and again when it has gone."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import threading
from collections.abc import Sequence
from contextlib import ExitStack, suppress
from pathlib import Path

from hpcfair_kg.backends import sandbox
from hpcfair_kg.backends.work.child import Child, readable
from hpcfair_kg.errors import BoxFailed

PATIENCE = 300.0
"""Seconds within which a cold server has imported its modules and forked."""
_ATTEMPTS = 3


class _Gone(Exception):
    """The server ended before it forked; what was asked of it did not begin."""


class _Server:
    """One running fork server and the socket on which it is asked."""

    def __init__(self, log: Path, idle_seconds: float) -> None:
        self._control, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        program = [sys.executable, "-P", "-m", "hpcfair_kg.backends.work.forkserver"]
        with theirs, log.open("wb") as said:
            self._process = subprocess.Popen(
                [*program, str(theirs.fileno()), str(idle_seconds)],
                env=sandbox.environment(),
                cwd=log.parent,
                pass_fds=(theirs.fileno(),),
                stdin=subprocess.DEVNULL,
                stdout=said,
                stderr=said,
                start_new_session=True,  # an interrupt at the terminal is the parent's to handle
            )

    def ask(self, preload: Sequence[str], descriptors: Sequence[int]) -> None:
        try:
            socket.send_fds(self._control, [json.dumps({"preload": preload}).encode()], descriptors)
        except (BrokenPipeError, ConnectionResetError) as exc:
            raise _Gone from exc

    def end(self) -> None:
        self._control.close()
        self._process.kill()
        self._process.wait()


class Warm:
    """One family's server; what it says on its standard error is kept in FOLDER/FAMILY.log."""

    def __init__(self, family: str, folder: Path, idle_seconds: float) -> None:
        self._log = folder / f"{family}.log"
        self._idle = idle_seconds
        self._lock = threading.Lock()
        self._server: _Server | None = None
        self._closed = False

    def fork(self, preload: Sequence[str]) -> Child:
        """Return a new child; raises `BoxFailed` when the server cannot be started or cannot fork."""
        for _ in range(_ATTEMPTS):
            with suppress(_Gone):  # it was idle for too long, or was killed
                return self._forked(preload)
        raise BoxFailed(
            f"the process that forks workers ends as it starts; {self._log.name} says why", cause="crash"
        )

    def close(self) -> None:
        """End the server, and with it every child that it forked."""
        with self._lock:
            self._closed = True
            self._discard(self._server)

    def _forked(self, preload: Sequence[str]) -> Child:
        with ExitStack() as ours, ExitStack() as theirs:
            speech, their_speech = socket.socketpair()
            report, their_report = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
            errors, their_errors = os.pipe2(os.O_NONBLOCK | os.O_CLOEXEC)
            for sock in (speech, report):
                ours.enter_context(sock)
            for sock in (their_speech, their_report):
                theirs.enter_context(sock)
            ours.callback(os.close, errors)
            theirs.callback(os.close, their_errors)
            server = self._asked(preload, (their_speech.fileno(), their_report.fileno(), their_errors))
            theirs.close()
            child = Child(self._awaited(report, server), speech, report, errors)
            ours.pop_all()  # they are the child's now
            return child

    def _asked(self, preload: Sequence[str], descriptors: Sequence[int]) -> _Server:
        with self._lock:
            if self._closed:
                raise BoxFailed("was cancelled: no more work is taken here", cause="cancelled")
            server = self._server = self._server or _Server(self._log, self._idle)
            try:
                server.ask(preload, descriptors)
            except _Gone:
                self._discard(server)
                raise
            return server

    def _awaited(self, report: socket.socket, server: _Server) -> int:
        """Return the pidfd of the child that the server forked."""
        if not readable(report, PATIENCE):
            raise BoxFailed(f"no worker started within {PATIENCE:g} s", cause="time")
        said, descriptors, _, _ = socket.recv_fds(report, 1024, 1, socket.MSG_CMSG_CLOEXEC)
        if not said:
            with self._lock:
                self._discard(server)
            raise _Gone
        message = json.loads(said)
        if "refused" in message:
            raise BoxFailed(f"no worker can be started: {message['refused']}", cause="memory")
        return descriptors[0]

    def _discard(self, server: _Server | None) -> None:
        if server is not None and server is self._server:
            self._server = None
            server.end()
