"""The service as an operator and strangers meet it: a process of its own, over real sockets."""

from __future__ import annotations

import json
import stat
import subprocess
import sys
import time
from pathlib import Path

import httpx
import pytest
from markupsafe import escape

from hpcfair_kg.artifact import Artifact
from server.snippets import snippets
from tests.running import Live, environ, start, stop
from tests.server.living import alive, descendants, eventually, places_taken, raw, send, upload_head
from tests.server.parts import scaler


def test_a_model_goes_in_and_runs(live: Live) -> None:
    sent = send(live, {"name": "scaler", "license": "MIT"}, ("m.onnx", scaler(5.0)), Prefer="wait=120")
    assert sent.status_code == 201, sent.text
    assert sent.json()["id"].startswith(f"{live.url}/ark:/99999/")
    x = {"name": "x", "shape": [1, 3], "datatype": "FP32", "data": [1, 2, 3]}
    url = f"{live.url}/v2/models/ada%2Fscaler/infer"
    answer = httpx.post(
        url, json={"inputs": [x]}, headers={"Authorization": f"Bearer {live.token}"}, timeout=60
    )
    assert answer.json()["outputs"][0]["data"] == [5, 10, 15]
    (file,) = sent.json()["files"]
    assert httpx.get(file["url"], headers={"Range": "bytes=1-4"}).content == scaler(5.0)[1:5]


@pytest.mark.parametrize("title", ["Python", "Python, on your own machine", "curl", "Download"])
def test_the_snippets_of_a_landing_page_run(live: Live, tmp_path: Path, title: str) -> None:
    sent = send(live, {"name": "shown", "license": "MIT"}, ("m.onnx", scaler(9.0)), Prefer="wait=120")
    artifact = Artifact.from_record(sent.json())
    (snippet,) = [s for s in snippets(artifact, live.url) if s.title == title]
    page = httpx.get(artifact.id, headers={"Accept": "text/html"}).text
    assert str(escape(snippet.text)) in page
    command = [sys.executable, "-c"] if snippet.language == "python" else ["sh", "-c"]
    own = {"HPCFAIR_TOKEN": live.token, "HPCFAIR_CACHE": str(tmp_path / "cache")}
    done = subprocess.run(
        [*command, snippet.text],
        env=environ() | own,
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert "problems" not in done.stdout


def test_events_reach_who_watches(live: Live) -> None:
    sent = send(live, {"name": "watched", "license": "MIT"}, ("m.onnx", scaler(6.0)))
    assert sent.status_code == 202
    with httpx.stream("GET", f"{live.url}{sent.headers['Location']}/events", timeout=120) as stream:
        events = [json.loads(line[6:]) for line in stream.iter_lines() if line.startswith("data: ")]
    assert events[-1] == {"event": "done", "state": "succeeded", "status": "ready"}
    assert [event["event"] for event in events].count("done") == 1
    assert {"verify"} <= {event.get("step") for event in events}
    assert eventually(lambda: places_taken(live) == 0)


def test_a_body_cut_off_leaves_nothing(live: Live) -> None:
    raw(live, upload_head(live, 100_000)).close()
    assert eventually(lambda: places_taken(live) == 0)
    assert list((live.data_dir / "blobs" / "incoming").iterdir()) == []
    assert httpx.get(f"{live.url}/api/artifacts/ada/cut").status_code == 404


def test_only_half_of_the_threads_may_wait(live: Live) -> None:
    stalled = [raw(live, upload_head(live, 100_000)) for _ in range(16)]
    try:
        assert eventually(lambda: places_taken(live) == 16)
        refused = send(live, {"name": "late", "license": "MIT"}, ("a.csv", b"a\n1\n"))
        assert (refused.status_code, refused.headers["Retry-After"]) == (503, "5")
        assert httpx.get(f"{live.url}/api/search").status_code == 200
    finally:
        for connection in stalled:
            connection.close()
    assert eventually(lambda: places_taken(live) == 0)


def test_a_refusal_reaches_a_client_that_is_still_sending(live: Live) -> None:
    big = b"x" * (8 << 20)
    refused = send(live, {"name": "x", "license": "MIT"}, ("big.bin", big), Authorization="Bearer nonsense")
    assert refused.status_code == 401
    assert send(live, {"name": "x"}, ("big.bin", big)).status_code == 422


def test_the_socket_is_the_operators_alone(live: Live) -> None:
    found = (live.data_dir / "admin.sock").stat()
    assert stat.S_ISSOCK(found.st_mode)
    assert stat.S_IMODE(found.st_mode) == 0o600


def test_it_ends_within_seconds_and_leaves_nothing_running(tmp_path: Path) -> None:
    service = start(tmp_path / "data")
    assert (
        send(service, {"name": "m", "license": "MIT"}, ("m.onnx", scaler(8.0)), Prefer="wait=120").status_code
        == 201
    )
    stalled = raw(service, upload_head(service, 100_000))
    watching = descendants(service.process.pid)
    assert len(watching) > 2
    assert stop(service.process) == 0
    stalled.close()
    assert eventually(lambda: not any(alive(pid) for pid in watching))
    assert not (tmp_path / "data" / "admin.sock").exists()
    assert (tmp_path / "data" / "clean").exists()


def test_what_was_acknowledged_outlives_a_kill(tmp_path: Path) -> None:
    first = start(tmp_path / "data")
    sent = send(first, {"name": "kept", "license": "MIT"}, ("a.csv", b"a,b\n1,2\n"))
    assert sent.status_code == 202
    watching = descendants(first.process.pid)
    first.process.kill()
    first.process.communicate()
    assert eventually(lambda: not any(alive(pid) for pid in watching))
    second = start(tmp_path / "data", "--port", first.url.rpartition(":")[2])
    try:
        record = httpx.get(f"{second.url}/api/artifacts/ada/kept").json()
    finally:
        stop(second.process)
    assert record["id"] == sent.json()["id"]


def test_a_port_that_is_taken_is_said_in_one_sentence(live: Live, tmp_path: Path) -> None:
    done = refused("serve", "--port", live.url.rpartition(":")[2], "--data-dir", str(tmp_path / "data"))
    assert done.returncode == 1
    assert done.stderr.count("\n") == 1
    assert "another port by --port" in done.stderr


def test_a_folder_that_another_service_has_open_is_said_in_one_sentence(live: Live) -> None:
    done = refused("serve", "--port", "0", "--data-dir", str(live.data_dir))
    assert done.returncode == 1
    assert "another process, a running service perhaps, has it open" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_folder_that_cannot_be_written_is_said_in_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "blobs").write_text("no folder")
    done = refused("serve", "--port", "0", "--data-dir", str(tmp_path / "data"))
    assert done.returncode == 1
    assert "data cannot be opened: [Errno 20] Not a directory" in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize("pause", [0.0, 0.3])
def test_a_conversion_that_a_kill_cut_off_is_ended_after_the_next_start(tmp_path: Path, pause: float) -> None:
    first = start(tmp_path / "data")
    cut = raw(first, upload_head(first, 100_000))
    sent = send(first, {"name": "kept", "license": "MIT"}, ("m.onnx", scaler(7.0)))
    assert sent.status_code == 202
    time.sleep(pause)
    watching = descendants(first.process.pid)
    first.process.kill()
    first.process.communicate()
    cut.close()
    assert eventually(lambda: not any(alive(pid) for pid in watching))
    second = start(tmp_path / "data", "--port", first.url.rpartition(":")[2])
    try:
        record = f"{second.url}/api/artifacts/ada/kept"
        assert eventually(lambda: httpx.get(record).json()["status"] == "ready", 60)
        assert httpx.get(f"{second.url}{sent.headers['Location']}").json()["state"] == "succeeded"
        assert httpx.get(f"{second.url}/api/artifacts/ada/cut").status_code == 404
        assert list((tmp_path / "data" / "blobs" / "incoming").iterdir()) == []
        found = httpx.get(f"{second.url}/api/search?status=ready").json()
        assert [hit["name"] for hit in found["hits"]] == ["kept"]
    finally:
        stop(second.process)


def refused(*arguments: str) -> subprocess.CompletedProcess[str]:
    """Run a command of the operator's that ends by itself."""
    command = [sys.executable, "-m", "server", *arguments]
    return subprocess.run(command, capture_output=True, text=True, timeout=60, check=False, env=environ())
