"""Serving: one granian worker with blocking threads, the hub open inside it, closed whatever ends it."""

from __future__ import annotations

import logging
import multiprocessing
import multiprocessing.util
import os
import signal
import socket
import sys
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from dataclasses import dataclass, replace
from multiprocessing import connection
from typing import TYPE_CHECKING, Any

from granian import Granian
from granian.constants import Interfaces
from granian.log import LogLevels

from hpcfair_kg.errors import Busy, HPCFairError, InvalidConfig
from hpcfair_kg.settings import Settings

if TYPE_CHECKING:
    from hpcfair_kg.hub import Hub
    from server.admin import Admin

Ready = Callable[[Settings], None]

GRACE = 4.0
"""Seconds that requests under way have when the service is told to end: event streams never end by themselves."""
KILL = 10
"""Seconds after which a worker that has not ended is killed."""


def serve(settings: Settings, ready: Ready) -> None:
    """Serve until a signal comes; the worker calls `ready` (a module's function) once the service answers.

    Raises `Busy` when the port is taken, and `SystemExit` when the worker ends by itself.
    """
    settings = replace(settings, port=_free_port(settings.host, settings.port))
    try:
        settings.data_dir.mkdir(parents=True, exist_ok=True)
    except OSError as exc:
        raise InvalidConfig(f"the data folder {settings.data_dir} cannot be made: {exc.strerror}") from exc
    # A fresh process has no threads and no locks of this one, on every version of Python.
    multiprocessing.set_start_method("spawn", force=True)
    Granian(
        "server",
        settings.host,
        settings.port,
        interface=Interfaces.WSGI,
        workers=1,
        blocking_threads=settings.threads,
        workers_kill_timeout=KILL,
        log_level=LogLevels.error,
    ).serve(target_loader=Worker(settings, ready), wrap_loader=False)


@dataclass(frozen=True)
class Worker:
    """What the worker process runs to have its app: it opens the hub and sees to its closing."""

    settings: Settings
    ready: Ready

    def __call__(self) -> Callable[..., Any]:
        """Open everything; what cannot be opened is said in one sentence and ends the worker."""
        from hpcfair_kg.hub import Hub
        from server import create_app
        from server.admin import Admin

        logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s: %(message)s")
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, _end_at_once)
        try:
            hub = Hub.open(self.settings)
        except HPCFairError as exc:
            print(f"hpcfair-server: {exc.detail}", file=sys.stderr)
            raise SystemExit(1) from exc
        except OSError as exc:
            print(f"hpcfair-server: {self.settings.data_dir} cannot be opened: {exc}", file=sys.stderr)
            raise SystemExit(1) from exc
        admin = Admin(hub, self.settings.data_dir)
        closing = _Closing(admin, hub)
        # Children of multiprocessing end without atexit; this is what they run instead.
        multiprocessing.util.Finalize(None, closing.close, exitpriority=10)
        closing.watch()
        threading.Thread(target=_announce, args=(self.settings, self.ready), daemon=True).start()
        return create_app(hub)


class _Closing:
    """Closes the parts once: when the worker has drained, or when its grace is over."""

    def __init__(self, admin: Admin, hub: Hub) -> None:
        self._admin, self._hub = admin, hub
        self._lock = threading.Lock()
        self._closed = False

    def close(self) -> None:
        """Close the parts; the second caller waits until the first has done it."""
        with self._lock:
            if not self._closed:
                self._closed = True
                self._admin.close()
                self._hub.close()

    def watch(self) -> None:
        """Listen for the signal that ends the worker, beside granian's own handler."""
        reading, writing = socket.socketpair()
        writing.setblocking(False)
        signal.set_wakeup_fd(writing.fileno(), warn_on_full_buffer=False)
        threading.Thread(target=self._wait, args=(reading, writing), name="closing", daemon=True).start()

    def _wait(self, reading: socket.socket, writing: socket.socket) -> None:
        """Close and leave, some time after the signal, or at once when the main process was killed."""
        parent = multiprocessing.parent_process()
        sentinels = [parent.sentinel] if parent else []
        while reading in connection.wait([reading, *sentinels]):
            if reading.recv(1)[0] in (signal.SIGTERM, signal.SIGINT):
                time.sleep(GRACE)
                break
        self.close()
        os._exit(0)


def _end_at_once(number: int, frame: Any) -> None:
    raise SystemExit(0)


def _free_port(host: str, port: int) -> int:
    """Return the port, or a free one for 0; raises `Busy` when another program listens there.

    granian would share it: it sets SO_REUSEPORT.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as exc:
            raise Busy(
                f"cannot listen on {host}:{port}: {exc.strerror}; stop what is there, or choose another port by --port"
            ) from exc
        return int(probe.getsockname()[1])


def _announce(settings: Settings, ready: Ready) -> None:
    """Wait until the service answers at its own address, and say so."""
    host = {"0.0.0.0": "127.0.0.1", "::": "[::1]"}.get(settings.host, settings.host)
    url = f"http://{host}:{settings.port}/health/live"
    while True:
        try:
            urllib.request.urlopen(url, timeout=5).close()
        except (urllib.error.URLError, OSError):
            time.sleep(0.1)
        else:
            return ready(settings)
