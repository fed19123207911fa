"""Files fetched from a server that really answers, and those that are not fetched."""

from __future__ import annotations

import hashlib
import json
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from hpcfair_kg.artifact import File
from hpcfair_kg.backends.accounts import Principal
from hpcfair_kg.backends.blobs.directory import Directory
from hpcfair_kg.errors import CorruptFile, Forbidden, HPCFairError, TooLarge, Unreachable
from hpcfair_kg.hub import Hub
from hpcfair_kg.ingest import fetching
from hpcfair_kg.ingest.fetching import fetch
from hpcfair_kg.ingest.gathering import Given
from tests.server.parts import CSV, scaler

OPERATOR = Principal("site", frozenset({"read", "write", "admin"}))
SHA = hashlib.sha256(CSV).hexdigest()


class Handler(BaseHTTPRequestHandler):
    """Serves a table, a model, and addresses that lead elsewhere."""

    def do_GET(self) -> None:
        bodies = {"/x.csv": CSV, "/m.onnx": scaler()}
        if self.path in bodies:
            self.send_response(200)
            self.send_header("Content-Length", str(len(bodies[self.path])))
            self.end_headers()
            self.wfile.write(bodies[self.path])
            return
        home = f"http://127.0.0.1:{self.server.server_address[1]}/x.csv"
        places = {
            "/home": home,
            "/moved": "/x.csv",
            "/round": "/round",
            "/inside": "file:///etc/passwd",
            "/cut": None,
        }
        if self.path == "/cut":
            self.send_response(200)
            self.send_header("Content-Length", "1000")
            self.end_headers()
            self.wfile.write(b"short")
            return
        self.send_response(302 if self.path in places else 404)
        self.send_header("Location", str(places.get(self.path)))
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, format: str, *args: Any) -> None:
        """Write nothing."""


@pytest.fixture
def site() -> Iterator[str]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_address[1]}"
    server.shutdown()
    server.server_close()
    thread.join()


@pytest.fixture
def blobs(tmp_path: Path) -> Directory:
    return Directory(tmp_path / "blobs", 1 << 20)


def file(url: str, size: int | None = None, sha256: str = "") -> File:
    return File("x.csv", "csv", "original", size, sha256, remote=url)


@pytest.mark.parametrize("path", ["/x.csv", "/moved"])
def test_bytes_are_kept_by_their_hash(site: str, blobs: Directory, path: str) -> None:
    blob = fetch(file(site + path, len(CSV), SHA), blobs, allow_private=True)
    assert (blob.sha256, blob.size) == (SHA, len(CSV))
    assert blobs.path(SHA).read_bytes() == CSV


@pytest.mark.parametrize(
    ("path", "size", "sha256", "error", "message"),
    [
        ("/x.csv", 3, "", CorruptFile, "more than the 3 bytes"),
        ("/x.csv", 30_000, "", CorruptFile, "bytes, not 30,000"),
        ("/x.csv", None, "ab" * 32, CorruptFile, "has the sha256"),
        ("/cut", None, "", Unreachable, "cannot be fetched"),
        ("/nothing", None, "", Unreachable, "answers 404"),
        ("/round", None, "", Unreachable, "redirections"),
        ("/inside", None, "", Forbidden, "only http and https"),
    ],
)
def test_other_bytes_than_were_said_are_not_kept(
    site: str,
    blobs: Directory,
    path: str,
    size: int | None,
    sha256: str,
    error: type[HPCFairError],
    message: str,
) -> None:
    with pytest.raises(error, match=message):
        fetch(file(site + path, size, sha256), blobs, allow_private=True)
    assert list(blobs) == []


def test_what_is_too_large_for_the_site_is_not_kept(site: str, tmp_path: Path) -> None:
    blobs = Directory(tmp_path / "small", 4)
    with pytest.raises(TooLarge):
        fetch(file(f"{site}/x.csv"), blobs, allow_private=True)
    assert list(blobs) == []


@pytest.mark.parametrize(
    "url", ["http://127.0.0.1:1/x", "http://localhost:1/x", "http://[::1]:1/x", "http://169.254.169.254/x", "http://10.0.0.1/x", "http://0x7f000001/x"]
)  # fmt: skip
def test_the_sites_own_addresses_are_not_asked(blobs: Directory, url: str) -> None:
    with pytest.raises(Forbidden, match="no public address; --allow-private"):
        fetch(file(url), blobs)


def test_a_redirection_to_the_sites_own_address_is_not_followed(
    site: str, blobs: Directory, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[str] = []
    checked = fetching._Guarded._checked

    def once(self: Any, host: str, port: int) -> str:
        asked.append(host)
        return "127.0.0.1" if len(asked) == 1 else checked(self, host, port)

    monkeypatch.setattr(fetching._Guarded, "_checked", once)
    with pytest.raises(Forbidden, match="no public address"):
        # The name counts as a public one; the redirection names the loopback itself.
        fetch(file(site.replace("127.0.0.1", "public.example") + "/home"), blobs)
    assert asked == ["public.example", "127.0.0.1"]


def test_a_name_that_nobody_knows(blobs: Directory) -> None:
    with pytest.raises(Unreachable, match="is not known"):
        fetch(file("http://nothing.invalid/x"), blobs)


@pytest.fixture
def harvested(hub: Hub, tmp_path: Path) -> Callable[..., dict[str, Any]]:
    """A function: the report of harvesting the description of one file, and of fetching that."""

    def harvest(url: str, fetch: bool = True, **said: Any) -> dict[str, Any]:
        thing = {"@type": "DataDownload", "contentUrl": url} | said
        document = {"@context": {"@vocab": "http://schema.org/"}, "@type": "Dataset", "@id": "https://d.example/1", "name": "One", "license": "MIT", "distribution": thing}  # fmt: skip
        path = tmp_path / "given.json"
        path.write_text(json.dumps(document))
        return hub.harvest(
            [Given(path, "application/json", "", "given")], OPERATOR, fetch, allow_private=True
        ).document()

    return harvest


def test_what_is_fetched_goes_the_way_of_an_upload(
    hub: Hub, site: str, harvested: Callable[..., dict[str, Any]]
) -> None:
    assert harvested(f"{site}/x.csv", fetch=False)["fetched"] == []
    before = hub.find("site/one")
    (fetched,) = harvested(f"{site}/x.csv", sha256=SHA)["fetched"]
    hub.wait(fetched["job"], 60)
    after = hub.find(before.key)
    assert (after.status, after.rows, after.source) == ("ready", 2, "https://d.example/1")
    assert [(f.name, f.remote, f.sha256) for f in after.files] == [("x.csv", None, SHA)]
    assert harvested(f"{site}/x.csv", sha256=SHA)["unchanged"] == 1


def test_what_cannot_be_fetched_is_told_and_stays_elsewhere(
    hub: Hub, site: str, harvested: Callable[..., dict[str, Any]]
) -> None:
    report = harvested(f"{site}/x.csv", sha256="ab" * 32)
    assert (report["taken"], report["fetched"]) == (1, [])
    assert "has the sha256" in report["not_fetched"][0]["reason"]
    assert hub.find("site/one").files[0].remote == f"{site}/x.csv"
    assert list(hub.blobs) == []
