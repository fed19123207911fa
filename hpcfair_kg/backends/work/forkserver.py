"""The warm process of one family: it imports what its errands need, once, and forks a child for each.

Run as a program: DESCRIPTOR of the control socket, IDLE seconds.  A request is
one datagram {"preload": […]} with three descriptors: the socket that the child
speaks on, the socket that this server reports on, the child's standard error.
The report is {"pid"} with a pidfd, then {"status"}: the child's wait status.

It never touches a stranger's byte, ends when its parent does or when nothing
was asked of it for the idle seconds, and its children end with it.
"""

from __future__ import annotations

import gc
import importlib
import json
import os
import selectors
import socket
import sys
import warnings
from collections.abc import Iterable
from typing import NoReturn

from hpcfair_kg.backends.box.kernel import die_with_parent
from hpcfair_kg.backends.work import boxed

REQUEST = 1 << 16
"""The longest request, in bytes."""


class ForkServer:
    """Serves one control socket until the other side closes it."""

    def __init__(self, control: socket.socket, idle_seconds: float) -> None:
        self._control, self._idle = control, idle_seconds
        self._selector = selectors.DefaultSelector()
        self._selector.register(control, selectors.EVENT_READ)
        self._children = 0

    def serve(self) -> None:
        """Answer requests, and report how each child ended."""
        while ready := self._selector.select(None if self._children else self._idle):
            for key, _ in ready:
                if key.data:
                    self._bury(key.fd, *key.data)
                elif not self._answer():
                    return

    def _answer(self) -> bool:
        request, descriptors, _, _ = socket.recv_fds(self._control, REQUEST, 3, socket.MSG_CMSG_CLOEXEC)
        if not request:
            return False
        _import(json.loads(request)["preload"])
        speech, report, errors = descriptors
        self._fork(speech, socket.socket(fileno=report), errors)
        os.close(speech)
        os.close(errors)
        return True

    def _fork(self, speech: int, report: socket.socket, errors: int) -> None:
        gc.freeze()  # what was imported stays shared with the children
        server = os.getpid()
        try:
            pid = os.fork()
        except OSError as exc:
            _tell(report, {"refused": str(exc)})
            report.close()
            return
        if pid == 0:
            _become_child(server, speech, errors)
        self._children += 1
        pidfd = os.pidfd_open(pid)
        self._selector.register(pidfd, selectors.EVENT_READ, (pid, report))
        _tell(report, {"pid": pid}, [pidfd])

    def _bury(self, pidfd: int, pid: int, report: socket.socket) -> None:
        self._children -= 1
        self._selector.unregister(pidfd)
        os.close(pidfd)
        _, status = os.waitpid(pid, 0)
        _tell(report, {"status": status})
        report.close()


def _import(modules: Iterable[str]) -> None:
    """Import what can be: what cannot is the errand's to report, with the command that brings it."""
    for name in modules:
        try:
            importlib.import_module(name)
        except ImportError as exc:
            print(f"{name} is not preloaded: {exc}", file=sys.stderr)


def _tell(report: socket.socket, message: dict[str, int | str], descriptors: Iterable[int] = ()) -> None:
    try:
        socket.send_fds(report, [json.dumps(message).encode()], list(descriptors))
    except OSError as exc:  # whoever asked has gone
        print(f"nobody hears {message}: {exc}", file=sys.stderr)


def _become_child(server: int, speech: int, errors: int) -> NoReturn:
    """Cut every tie to the server but the sockets, run the errand, and end without the interpreter's farewell."""
    code = 1
    try:
        die_with_parent(server)
        null = os.open(os.devnull, os.O_RDWR)
        for standard, descriptor in enumerate((null, null, errors)):
            os.dup2(descriptor, standard)
        kept = os.dup2(os.dup(speech), 3)
        os.closerange(4, os.sysconf("SC_OPEN_MAX"))
        boxed.run(socket.socket(fileno=kept))
        code = 0
    finally:
        os._exit(code)


def main(control: int, idle_seconds: float) -> None:
    """Serve the control socket that was inherited as this descriptor."""
    warnings.filterwarnings("ignore", "This process .* is multi-threaded", DeprecationWarning)
    with socket.socket(fileno=control) as sock:
        sock.set_inheritable(False)
        ForkServer(sock, idle_seconds).serve()
    os._exit(0)  # at once, for the children's sake: they end when this process has


if __name__ == "__main__":
    main(int(sys.argv[1]), float(sys.argv[2]))
