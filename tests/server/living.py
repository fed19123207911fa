"""What tests do with a service that really runs: speak to it, politely or not, and watch its processes."""

from __future__ import annotations

import json
import socket
import subprocess
import time
from pathlib import Path
from typing import Any

import httpx

from tests.running import Live


def send(
    live: Live, metadata: dict[str, Any], *files: tuple[str, bytes], path: str = "", **headers: str
) -> httpx.Response:
    """Send an upload as a client does; `path` is what follows /api/artifacts."""
    parts: list[Any] = [("metadata", (None, json.dumps(metadata), "application/json"))]
    parts += [("file", (name, data)) for name, data in files]
    return httpx.post(
        f"{live.url}/api/artifacts{path}",
        files=parts,
        headers={"Authorization": f"Bearer {live.token}", **headers},
        timeout=180,
    )


def raw(live: Live, text: bytes) -> socket.socket:
    """Open a connection and send some bytes."""
    host, _, port = live.url.removeprefix("http://").partition(":")
    connection = socket.create_connection((host, int(port)), timeout=30)
    connection.sendall(text)
    return connection


def upload_head(live: Live, length: int) -> bytes:
    """Return the head of an upload that announces a length, and its first part."""
    return (
        f"POST /api/artifacts HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {live.token}\r\n"
        f"Content-Type: multipart/form-data; boundary=b\r\nContent-Length: {length}\r\n\r\n--b\r\n"
        'Content-Disposition: form-data; name="metadata"\r\n\r\n{"name": "cut", "license": "MIT"}\r\n--b\r\n'
        'Content-Disposition: form-data; name="file"; filename="cut.csv"\r\n\r\na,b\n'
    ).encode()


def descendants(pid: int) -> list[int]:
    """Return a process and all below it."""
    below = subprocess.run(
        ["pgrep", "-P", str(pid)], capture_output=True, text=True, check=False
    ).stdout.split()
    return [pid, *(found for child in below for found in descendants(int(child)))]


def alive(pid: int) -> bool:
    """Whether a process runs; a zombie that nobody reaps does not."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


def eventually(condition: Any, seconds: float = 20) -> bool:
    """Whether something comes true in some seconds."""
    for _ in range(int(seconds * 10)):
        if condition():
            return True
        time.sleep(0.1)
    return False


def places_taken(live: Live) -> int:
    """Return how many uploads and watchers hold a place."""
    lines = httpx.get(f"{live.url}/metrics").text.splitlines()
    return int(next(line for line in lines if line.startswith("hpcfair_places_taken ")).split()[1])
