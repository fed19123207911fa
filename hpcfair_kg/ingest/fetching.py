"""Files that lie elsewhere, fetched for an operator: checked on the way, and only from addresses that are public.

A name is resolved once and the connection made to what was checked, so that a
second answer of the name server changes nothing.  No proxy is asked.
"""

from __future__ import annotations

import hashlib
import ipaddress
import socket
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, Final
from urllib.parse import urljoin, urlsplit

import httpcore

from hpcfair_kg.artifact import Artifact, File
from hpcfair_kg.backends.blobs.base import Blob, Blobs
from hpcfair_kg.errors import CorruptFile, Forbidden, HPCFairError, Unreachable
from hpcfair_kg.ingest.drafts import Receipt, Upload
from hpcfair_kg.ingest.report import Report
from hpcfair_kg.ingest.story import Ingest
from hpcfair_kg.knowledge.catalogue import Catalogue

REDIRECTS: Final = 10
SECONDS: Final = 60.0
"""How long a server may be silent."""
_HEADERS: Final = [(b"User-Agent", b"hpcfair-kg"), (b"Accept-Encoding", b"identity")]


class Fetching:
    """Fetches the files of what was harvested; each artifact then goes the way of an upload."""

    def __init__(
        self, catalogue: Catalogue, ingest: Ingest, blobs: Blobs, forget: Callable[[Sequence[Upload]], None]
    ) -> None:
        self._catalogue, self._ingest, self._blobs, self._forget = catalogue, ingest, blobs, forget

    def fetch(self, report: Report, allow_private: bool = False) -> None:
        """Fetch whatever a harvest described and did not have; the report says what came and what did not."""
        for source in report.sources:
            artifact = self._catalogue.harvested(source)
            if artifact is None or artifact.status == "withdrawn" or not _remote(artifact):
                continue
            try:
                receipt = self._held(artifact, allow_private)
            except HPCFairError as exc:
                report.not_fetched.append({"source": source, "id": artifact.id, "reason": exc.detail})
            else:
                report.fetched.append({"source": source, "id": artifact.id, "job": receipt.job_id})

    def _held(self, artifact: Artifact, allow_private: bool) -> Receipt:
        uploads: list[Upload] = []
        try:
            for file in _remote(artifact):
                uploads.append(Upload(file.name, fetch(file, self._blobs, allow_private)))
            return self._ingest.hold(artifact, uploads)
        except HPCFairError:
            self._forget(uploads)
            raise


def _remote(artifact: Artifact) -> list[File]:
    """Return what is to be fetched: what another catalogue made of the originals is made here anew."""
    return [f for f in artifact.files if f.remote is not None and f.role in ("original", "auxiliary")]


def fetch(file: File, blobs: Blobs, allow_private: bool = False) -> Blob:
    """Take the bytes of a remote file into the store; size and hash must be those that are said.

    Raises `Unreachable`, `CorruptFile` for other bytes than were described,
    `Forbidden` for addresses that are not http(s) or lie within the site, and `TooLarge`.
    """
    assert file.remote is not None, "only files that lie elsewhere are fetched"
    writer, digest, size = blobs.writer(), hashlib.sha256(), 0
    try:
        with _answer(file.remote, allow_private) as chunks:
            for chunk in chunks:
                size += len(chunk)
                if file.size is not None and size > file.size:
                    raise CorruptFile(f"{file.remote} has more than the {file.size:,} bytes that are said")
                digest.update(chunk)
                writer.write(chunk)
        if wrong := _wrong(file, size, digest.hexdigest()):
            raise CorruptFile(f"{file.remote} {wrong}")
        return writer.finish()
    except BaseException:
        writer.abort()
        raise


def _wrong(file: File, size: int, sha256: str) -> str:
    if file.size is not None and size != file.size:
        return f"has {size:,} bytes, not {file.size:,}"
    if file.sha256 and sha256 != file.sha256:
        return f"has the sha256 {sha256}, not {file.sha256}"
    return ""


@contextmanager
def _answer(url: str, allow_private: bool) -> Iterator[Iterable[bytes]]:
    """Yield the body found at an address, where redirections lead to it; each of them is checked."""
    guard = _Guarded(allow_private)
    with httpcore.ConnectionPool(network_backend=guard) as pool:
        for _ in range(REDIRECTS):
            if urlsplit(url).scheme not in ("http", "https"):
                raise Forbidden(f"{url} is not fetched: only http and https addresses are")
            with (
                _translated(url),
                pool.stream("GET", url, headers=_HEADERS, extensions=_patience()) as answer,
            ):
                if answer.status == 200:
                    yield answer.iter_stream()
                    return
                url = urljoin(url, _location(url, answer))
    raise Unreachable(f"{url} is the last of {REDIRECTS} redirections, which lead nowhere")


def _location(url: str, answer: httpcore.Response) -> str:
    found = [value.decode("latin-1") for name, value in answer.headers if name.lower() == b"location"]
    if answer.status not in (301, 302, 303, 307, 308) or not found:
        raise Unreachable(f"{url} answers {answer.status}")
    return found[0]


@contextmanager
def _translated(url: str) -> Iterator[None]:
    try:
        yield
    except (
        httpcore.NetworkError,
        httpcore.TimeoutException,
        httpcore.ProtocolError,
        httpcore.UnsupportedProtocol,
    ) as exc:
        raise Unreachable(f"{url} cannot be fetched: {exc or type(exc).__name__}") from exc


def _patience() -> dict[str, Any]:
    return {"timeout": dict.fromkeys(("connect", "read", "write", "pool"), SECONDS)}


class _Guarded(httpcore.NetworkBackend):
    """Connects to addresses of the internet, and to none of the site's own unless that is allowed."""

    def __init__(self, allow_private: bool) -> None:
        self._backend, self._allow_private = httpcore.SyncBackend(), allow_private

    def connect_tcp(self, host: str, port: int, *args: Any, **options: Any) -> httpcore.NetworkStream:
        """Connect to a host by the address that was checked."""
        return self._backend.connect_tcp(self._checked(host, port), port, *args, **options)

    def _checked(self, host: str, port: int) -> str:
        try:
            found = socket.getaddrinfo(host.strip("[]"), port, type=socket.SOCK_STREAM)
        except OSError as exc:
            raise Unreachable(f"{host} is not known: {exc.strerror or exc}") from exc
        addresses = [str(entry[4][0]) for entry in found]
        inside = [a for a in addresses if not ipaddress.ip_address(a.partition("%")[0]).is_global]
        if inside and not self._allow_private:
            named = host if host == inside[0] else f"{host} ({inside[0]})"
            raise Forbidden(f"{named} is no public address; --allow-private fetches from there too")
        return addresses[0]
