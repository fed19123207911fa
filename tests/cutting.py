"""A proxy that cuts connections: what a download meets on a bad line."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from urllib.parse import urlsplit


class Proxy:
    """Forwards connections to a service; the nth is cut after `cuts[n]` bytes of answers, later ones never."""

    def __init__(self, address: str, cuts: list[int]) -> None:
        parts = urlsplit(address)
        self._to = (parts.hostname or "", parts.port or 80)
        self._cuts = list(cuts)
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._listener.getsockname()[1]}"
        self.connections = 0
        self.forwarded = 0
        self._threads = [threading.Thread(target=self._serve)]
        self._threads[0].start()

    def close(self) -> None:
        """Take no more connections, and wait for those that are to end."""
        self._listener.shutdown(socket.SHUT_RDWR)
        for thread in self._threads:
            thread.join()
        self._listener.close()

    def _serve(self) -> None:
        while True:
            try:
                near, _ = self._listener.accept()
            except OSError:
                return
            left = self._cuts[self.connections] if self.connections < len(self._cuts) else None
            self.connections += 1
            self._threads.append(threading.Thread(target=self._forward, args=(near, left)))
            self._threads[-1].start()

    def _forward(self, near: socket.socket, left: int | None) -> None:
        with near, socket.create_connection(self._to) as far:
            asking = threading.Thread(target=self._pump, args=(near, far, None))
            asking.start()
            self._pump(far, near, left)
            asking.join()

    def _pump(self, source: socket.socket, target: socket.socket, left: int | None) -> None:
        with suppress(OSError):
            while left != 0 and (data := source.recv(1 << 16 if left is None else min(left, 1 << 16))):
                target.sendall(data)
                self.forwarded += len(data)
                left = None if left is None else left - len(data)
        for end in (source, target):
            with suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)


@contextmanager
def cutting(address: str, *cuts: int) -> Iterator[Proxy]:
    """Yield a proxy before a service that cuts its first connections."""
    proxy = Proxy(address, list(cuts))
    try:
        yield proxy
    finally:
        proxy.close()
