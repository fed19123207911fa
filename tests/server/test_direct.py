"""The short way, in a service that really runs: other clients, bodies that are too large, clients that go away."""

from __future__ import annotations

import json
import socket
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import numpy as np
import pytest

from tests.running import Live, start, stop
from tests.server.living import descendants, eventually, raw, send
from tests.server.parts import scaler


@pytest.fixture(scope="module")
def live(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Live]:
    """A service with one model, ada/scaler."""
    one = start(tmp_path_factory.mktemp("direct") / "data")
    sent = send(one, {"name": "scaler", "license": "MIT"}, ("m.onnx", scaler()), Prefer="wait=60")
    assert sent.status_code == 201, sent.text
    yield one
    assert stop(one.process) == 0


def answers(live: Live) -> bool:
    """Whether the model still runs."""
    x = {"name": "x", "shape": [1, 3], "datatype": "FP32", "data": [1, 2, 3]}
    answer = httpx.post(
        f"{live.url}/v2/models/ada%2Fscaler/infer",
        json={"inputs": [x]},
        headers={"Authorization": f"Bearer {live.token}"},
        timeout=30,
    )
    return answer.status_code == 200 and answer.json()["outputs"][0]["data"] == [2, 4, 6]


def head(live: Live, length: int) -> bytes:
    """Return the head of a request that announces so many bytes."""
    return (
        f"POST /v2/models/ada%2Fscaler/infer HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {live.token}\r\n"
        f"Content-Type: application/json\r\nContent-Length: {length}\r\n\r\n"
    ).encode()


def memory(pid: int) -> int:
    """Return the bytes that a process and all below it have in memory."""
    sizes = [Path(f"/proc/{one}/statm").read_text().split()[1] for one in descendants(pid)]
    return 4096 * sum(map(int, sizes))


@pytest.mark.parametrize("as_bytes", [False, True])
def test_tritonclient_works_unchanged(live: Live, as_bytes: bool) -> None:
    triton = pytest.importorskip("tritonclient.http", reason="tritonclient[http] comes with the extra `test`")
    with triton.InferenceServerClient(live.url.removeprefix("http://")) as client:
        assert client.is_server_live()
        assert client.is_server_ready()
        assert "binary_tensor_data" in client.get_server_metadata()["extensions"]
        assert {"name": "ada/scaler"}.items() <= client.get_model_repository_index()[0].items()
        headers = {"Authorization": f"Bearer {live.token}"}
        client.load_model("ada/scaler", headers=headers)
        for name in ("ada/scaler", "ada%2Fscaler"):
            assert client.is_model_ready(name)
            assert client.get_model_metadata(name)["inputs"][0]["shape"] == [-1, 3]
            assert client.get_model_config(name)["max_batch_size"] == 0
            x = triton.InferInput("x", [2, 3], "FP32")
            x.set_data_from_numpy(np.ones((2, 3), np.float32), binary_data=as_bytes)
            wanted = [triton.InferRequestedOutput("y", binary_data=as_bytes)]
            for outputs in (wanted, None):
                for zipped in (None, "gzip"):
                    result = client.infer(
                        name,
                        [x],
                        outputs=outputs,
                        headers=dict(headers),  # it writes into them
                        request_id="7",
                        request_compression_algorithm=zipped,
                    )
                    np.testing.assert_array_equal(result.as_numpy("y"), np.full((2, 3), 2, np.float32))
        client.unload_model("ada/scaler", headers=headers)
        wrong = triton.InferInput("z", [2, 3], "FP32")
        wrong.set_data_from_numpy(np.ones((2, 3), np.float32), binary_data=as_bytes)
        with pytest.raises(triton.InferenceServerException, match="no input 'z'; the model takes x"):
            client.infer("ada/scaler", [wrong], headers=headers)


def test_three_gigabytes_are_refused_and_not_read(live: Live) -> None:
    before = memory(live.process.pid)
    with raw(live, head(live, 3 << 30)) as connection:
        answer = ""
        while "too-large" not in answer and (part := connection.recv(65536)):
            answer += part.decode()
        assert answer.startswith("HTTP/1.1 413 "), answer
        assert "too-large" in answer
        try:
            for _ in range(64):
                connection.sendall(bytes(1 << 20))
        except OSError:
            pass  # the service has hung up, which is right
    assert memory(live.process.pid) - before < 32 << 20
    assert answers(live)


def test_a_body_of_untold_length_is_refused_in_time(live: Live) -> None:
    def body() -> Iterator[bytes]:
        for _ in range(300):
            yield bytes(1 << 20)

    headers = {"Authorization": f"Bearer {live.token}"}
    try:
        answer = httpx.post(
            f"{live.url}/v2/models/ada%2Fscaler/infer", content=body(), headers=headers, timeout=60
        )
    except httpx.TransportError:
        pass  # it hung up while more was sent
    else:
        assert answer.status_code == 413
    assert answers(live)


def test_a_client_that_goes_away_leaves_nothing(live: Live) -> None:
    assert answers(live)
    before = set(descendants(live.process.pid))
    x = {"name": "x", "shape": [1, 3], "datatype": "FP32", "data": [1, 2, 3]}
    whole = json.dumps({"inputs": [x]}).encode()
    for sent in (whole[:20], whole):
        connection = raw(live, head(live, len(whole)) + sent)
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\x01\x00\x00\x00\x00\x00\x00\x00")
        connection.close()
    time.sleep(0.5)
    assert answers(live)
    assert eventually(lambda: set(descendants(live.process.pid)) <= before)
