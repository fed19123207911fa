"""Inference over HTTP beside MLServer and the bare session: PYTHONPATH=. python tests/benchmarks/bench_inference.py.

A service is started with three models of random weights: a perceptron
4-16-3, one that takes 1,024 floats (4 kB), and one the size of ResNet-18 on
224 x 224 pixels.  MLServer (PyPI), in a virtual environment made for it under
/tmp, serves the same ONNX files by a runtime of ten lines over onnxruntime.
wrk asks both in turn, several rounds; printed are requests per second, the
medians' ratios to MLServer's JSON, and the CPU time of a ResNet request over
that of the session alone.  Without wrk or the network it says what is missing.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

from hpcfair_kg.client import Client
from hpcfair_kg.client import tensors as client
from hpcfair_kg.models import infer
from tests.running import Live, start, stop

VENV = Path(tempfile.gettempdir(), "bench-mlserver")
RUNTIME = """
import os
import numpy as np
import onnxruntime
from mlserver import MLModel
from mlserver.codecs import NumpyCodec
from mlserver.types import InferenceResponse


class Onnx(MLModel):
    async def load(self):
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = 1
        uri = self.settings.parameters.uri
        self._session = onnxruntime.InferenceSession(uri, options, providers=["CPUExecutionProvider"])
        return True

    async def predict(self, payload):
        feeds = {one.name: NumpyCodec.decode_input(one) for one in payload.inputs}
        names = [one.name for one in self._session.get_outputs()]
        outputs = [NumpyCodec.encode_output(n, a) for n, a in zip(names, self._session.run(names, feeds))]
        return InferenceResponse(model_name=self.name, outputs=outputs)
"""


@dataclass(frozen=True)
class Request:
    """What wrk sends, again and again."""

    url: str
    body: bytes
    headers: Mapping[str, str]


def perceptron(path: Path, *sizes: int) -> Path:
    """Write a multi-layer perceptron of random weights; x [batch, n] -> y."""
    rng, nodes, weights, taken = np.random.default_rng(0), [], [], "x"
    for number, (fan_in, fan_out) in enumerate(pairwise(sizes)):
        w = rng.normal(size=(fan_in, fan_out)).astype(np.float32)
        weights.append(numpy_helper.from_array(w, f"w{number}"))
        given = "y" if number == len(sizes) - 2 else f"h{number}"
        nodes.append(helper.make_node("MatMul", [taken, f"w{number}"], [f"m{number}"]))
        nodes.append(helper.make_node("Relu", [f"m{number}"], [given]))
        taken = given
    return _saved(path, nodes, weights, ["batch", sizes[0]], ["batch", sizes[-1]])


def resnet(path: Path) -> Path:
    """Write a graph of the convolutions of ResNet-18 with random weights; x [1, 3, 224, 224] -> y [1, 1000]."""
    rng, nodes, weights = np.random.default_rng(0), [], []

    def layer(kind: str, inputs: list[str], shape: tuple[int, ...] = (), **attributes: Any) -> str:
        name = f"t{len(nodes)}"
        if shape:
            w = rng.normal(size=shape, scale=(2 / np.prod(shape[1:])) ** 0.5).astype(np.float32)
            weights.append(numpy_helper.from_array(w, f"{name}w"))
            inputs = [*inputs, f"{name}w"]
        nodes.append(helper.make_node(kind, inputs, [name], **attributes))
        return name

    def conv(taken: str, fan_in: int, fan_out: int, size: int, stride: int) -> str:
        pad = [size // 2] * 4
        return layer("Conv", [taken], (fan_out, fan_in, size, size), strides=[stride] * 2, pads=pad)

    taken = layer("Relu", [conv("x", 3, 64, 7, 2)])
    taken = layer("MaxPool", [taken], kernel_shape=[3, 3], strides=[2, 2], pads=[1] * 4)
    fan_in = 64
    for fan_out in (64, 128, 256, 512):
        for stride in (1 if fan_out == 64 else 2, 1):
            kept = taken if stride == 1 and fan_in == fan_out else conv(taken, fan_in, fan_out, 1, stride)
            inner = conv(layer("Relu", [conv(taken, fan_in, fan_out, 3, stride)]), fan_out, fan_out, 3, 1)
            taken, fan_in = layer("Relu", [layer("Add", [inner, kept])]), fan_out
    taken = layer("Flatten", [layer("GlobalAveragePool", [taken])])
    w = rng.normal(size=(512, 1000), scale=0.05).astype(np.float32)
    weights.append(numpy_helper.from_array(w, "fc"))
    nodes.append(helper.make_node("MatMul", [taken, "fc"], ["y"]))
    return _saved(path, nodes, weights, [1, 3, 224, 224], [1, 1000])


def _saved(path: Path, nodes: Any, weights: Any, taken: list[Any], given: list[Any]) -> Path:
    ends = [
        [helper.make_tensor_value_info(name, TensorProto.FLOAT, shape)]
        for name, shape in (("x", taken), ("y", given))
    ]
    graph = helper.make_graph(nodes, "g", *ends, weights)
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=9), path)
    return path


def wrk(request: Request, clients: int, seconds: int) -> float:
    """Return the requests per second that were answered 200; raises `RuntimeError` where some were not."""
    with tempfile.TemporaryDirectory() as folder:
        body, script = Path(folder, "body"), Path(folder, "post.lua")
        body.write_bytes(request.body)
        lines = ['wrk.method = "POST"', f'local f = io.open("{body}", "rb")', 'wrk.body = f:read("*a")']
        lines += [f'wrk.headers["{name}"] = "{value}"' for name, value in request.headers.items()]
        script.write_text("\n".join(lines))
        command = ["wrk", "-t1", f"-c{clients}", f"-d{seconds}s", "-s", str(script), request.url]
        said = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    if "Non-2xx" in said or "Socket errors" in said:
        raise RuntimeError(said)
    found = re.search(r"Requests/sec:\s+([\d.]+)", said)
    assert found, said
    return float(found[1])


def ours(live: Live, key: str, x: Any, binary: bool) -> Request:
    """Return a request as our client sends it."""
    sent = client.request({"x": x}, None, binary)
    headers = {**sent.headers, "Authorization": f"Bearer {live.token}"}
    return Request(f"{live.url}/v2/models/{key}/infer", sent.body, headers)


def theirs(port: int, name: str, x: Any) -> Request:
    """Return the same request to MLServer, in JSON."""
    sent = client.request({"x": x}, None, False)
    return Request(f"http://127.0.0.1:{port}/v2/models/{name}/infer", sent.body, sent.headers)


@contextmanager
def mlserver(models: Mapping[str, Path], folder: Path, port: int) -> Iterator[None]:
    """Serve models by MLServer, in an environment of its own that is made when it is missing."""
    if not (VENV / "bin/mlserver").exists():
        subprocess.run([sys.executable, "-m", "venv", VENV], check=True)
        pip = [VENV / "bin/pip", "install", "-q", "mlserver", "onnxruntime==1.32.0"]
        subprocess.run(pip, check=True)
    (folder / "bench_runtime.py").write_text(RUNTIME)
    ports = {"http_port": port, "grpc_port": port + 1, "metrics_port": port + 2}
    settings = {"host": "127.0.0.1", "parallel_workers": 0, "debug": False, **ports}
    (folder / "settings.json").write_text(json.dumps(settings))
    for name, path in models.items():
        place = folder / name
        place.mkdir()
        told = {"name": name, "implementation": "bench_runtime.Onnx", "parameters": {"uri": str(path)}}
        (place / "model-settings.json").write_text(json.dumps(told))
    log = (folder / "log").open("w")
    process = subprocess.Popen(
        [VENV / "bin/mlserver", "start", "."],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(folder)},
        stdout=log,
        stderr=log,
    )
    try:
        _awaited(f"http://127.0.0.1:{port}/v2/health/ready", process, folder / "log")
        yield
    finally:
        process.terminate()
        process.wait(30)
        log.close()


def _awaited(url: str, process: subprocess.Popen[bytes], log: Path) -> None:
    for _ in range(300):
        try:
            return urllib.request.urlopen(url, timeout=5).close()
        except (urllib.error.URLError, OSError):
            if process.poll() is not None:
                break
            time.sleep(0.2)
    raise RuntimeError(f"MLServer did not start:\n{log.read_text()[-2000:]}")


def cpu(pid: int) -> float:
    """Return the CPU seconds of a process and of all below it, those that have ended apart."""
    below = subprocess.run(["pgrep", "-P", str(pid)], capture_output=True, text=True, check=False)
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    own = (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
    return own + sum(cpu(int(child)) for child in below.stdout.split())


def over_the_session(live: Live, key: str, path: Path, rounds: int, requests: int = 50) -> list[float]:
    """Return, a round, the service's CPU time for ResNet requests over that of the session alone."""
    x = np.random.default_rng(0).normal(size=(1, 3, 224, 224)).astype(np.float32)
    session, ratios = infer.load(path, 1), []
    with Client(live.url, live.token) as asked:
        for _ in range(rounds + 1):
            began = time.process_time()
            for _ in range(requests):
                session.run(["y"], {"x": x})
            bare, began = time.process_time() - began, cpu(live.process.pid)
            for _ in range(requests):
                asked.infer(key, {"x": x})
            ratios.append((cpu(live.process.pid) - began) / bare)
            print(f"  ResNet-18, binary: {1000 * bare / requests:.1f} ms bare, {ratios[-1]:.3f} x over HTTP")
    return ratios[1:]


def main() -> None:
    """Start both, ask both, print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=int, default=5, help="of one run of wrk")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--without-mlserver", action="store_true")
    said = parser.parse_args()
    if shutil.which("wrk") is None:
        raise SystemExit("wrk is not installed (apt-get install wrk): nothing was measured")
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        models = {
            "mlp": perceptron(folder / "mlp.onnx", 4, 16, 3),
            "mlp1k": perceptron(folder / "mlp1k.onnx", 1024, 1024, 1024),
        }
        live = start(folder / "data")
        try:
            with Client(live.url, live.token) as asked:
                keys = {one: asked.upload(path, license="MIT").key for one, path in models.items()}
                large = resnet(folder / "resnet.onnx")
                keys["resnet"] = asked.upload(large, license="MIT").key
            runs = {
                "mlp JSON": ours(live, keys["mlp"], np.ones((1, 4), np.float32), False),
                "mlp binary": ours(live, keys["mlp"], np.ones((1, 4), np.float32), True),
                "mlp1k JSON": ours(live, keys["mlp1k"], _floats(), False),
                "mlp1k binary": ours(live, keys["mlp1k"], _floats(), True),
            }
            served = folder / "mlserver"
            served.mkdir()
            if said.without_mlserver:
                compared(runs, {}, said.rounds, said.seconds)
            else:
                _beside_mlserver(models, served, runs, said)
            ratios = over_the_session(live, keys["resnet"], large, said.rounds)
            print(f"ResNet-18 by binary: {statistics.median(ratios):.3f} x the CPU of the bare session")
        finally:
            stop(live.process)


def _floats() -> Any:
    return np.random.default_rng(0).normal(size=(1, 1024)).astype(np.float32)


def _beside_mlserver(models: Mapping[str, Path], folder: Path, runs: dict[str, Request], said: Any) -> None:
    try:
        with mlserver(models, folder, 18460):
            peers = {
                "mlp": theirs(18460, "mlp", np.ones((1, 4), np.float32)),
                "mlp1k": theirs(18460, "mlp1k", _floats()),
            }
            compared(runs, peers, said.rounds, said.seconds)
    except subprocess.CalledProcessError as exc:
        print(f"MLServer cannot be installed here, so nothing is compared: {exc}")
        compared(runs, {}, said.rounds, said.seconds)


def compared(runs: Mapping[str, Request], peers: Mapping[str, Request], rounds: int, seconds: int) -> None:
    """Print requests per second of ours and of MLServer's JSON at 1 and 8 clients, and the ratio of the medians."""
    for clients in (1, 8):
        found: dict[str, list[float]] = {}
        for request in (*runs.values(), *peers.values()):
            wrk(request, clients, 1)  # the first second is for warming up
        for _ in range(rounds):
            for name, request in (*runs.items(), *peers.items()):
                found.setdefault(name, []).append(wrk(request, clients, seconds))
        for name, figures in found.items():
            peer = found.get(name.partition(" ")[0])
            ratio = (
                f", {statistics.median(figures) / statistics.median(peer):.2f} x MLServer's JSON"
                if peer
                else ""
            )
            spread = f"{min(figures):,.0f}-{max(figures):,.0f}"
            print(f"{clients} clients, {name}: {statistics.median(figures):,.0f}/s ({spread}){ratio}")


if __name__ == "__main__":
    main()
