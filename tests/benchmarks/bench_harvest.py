"""How fast the catalogue is given away: PYTHONPATH=. python tests/benchmarks/bench_harvest.py [--artifacts 10000] [--walk 0].

Writes synthetic artifacts into a store and an index, prints the CPU time that
the JSON-LD of one takes and what PyLD takes for its compaction, then harvests
everything through the app by /harvest.jsonl, by OAI-PMH and by the sitemap.
`--walk` indexes so many (no store) and prints how long a page of them takes.
"""

from __future__ import annotations

import argparse
import random
import re
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from statistics import median

from flask.testing import FlaskClient

from hpcfair_kg.activity import Verdict
from hpcfair_kg.artifact import Artifact, File, Machine, TensorSpec
from hpcfair_kg.hub import Hub
from hpcfair_kg.knowledge.jsonld import jsonl
from hpcfair_kg.knowledge.search import Index
from hpcfair_kg.knowledge.walk import START, Walk
from hpcfair_kg.settings import Settings
from tests.benchmarks.bench_search import synthetic
from tests.knowledge.test_compact import pyld_compacted
from tests.server.stock import fill, served

NEXT = re.compile(r'<https?://[^/]+([^>]+)>; rel="next"')
TOKEN = re.compile(r"<resumptionToken[^>]*>([^<]+)<")


def model(rng: random.Random, number: int, many: int, base: str) -> Artifact:
    """Return a converted model: 100 triples or so, as the examples have."""
    one = synthetic(rng, number, many)
    changed = datetime(2026, 1, 1, tzinfo=UTC) + timedelta(seconds=rng.randrange(many), microseconds=number)
    files = (
        File("model.pt2", "pt2", "original", 52_311, f"{number:064x}", "application/zip"),
        File("model.onnx", "onnx", "converted", 41_007, f"{number + many:064x}", "application/onnx", 18),
    )
    return replace(
        one,
        id=f"{base}/ark:/99999/{one.key}",
        files=files,
        inputs=(TensorSpec("x", "float32", ("batch", 13)),),
        outputs=(TensorSpec("y", "float32", ("batch", 3)),),
        verdict=Verdict("equal", 4e-7, 2e-7, 3e-6, 4e-8, 1.0, shapes=((1, 13), (7, 13)), seed=7, opset=18),
        machines=(Machine("lassen", gpu="Tesla V100"),),
        hyperparameters={"hidden": 128, "rate": 0.5},
        status=rng.choice(("ready", "ready", "ready", "withdrawn")),
        modified=changed.strftime("%Y-%m-%dT%H:%M:%S.%fZ"),
    )


def milliseconds(work: Callable[[], object], rounds: int = 100) -> float:
    """Return the CPU time of a call, in ms."""
    work()
    start = time.process_time()
    for _ in range(rounds):
        work()
    return (time.process_time() - start) * 1e3 / rounds


def feed(client: FlaskClient) -> Iterator[int]:
    """Yield how many records each page of the feed had."""
    path = "/harvest.jsonl"
    while path:
        answer = client.get(path)
        yield answer.data.count(b"\n")
        following = NEXT.search(answer.headers.get("Link", ""))
        path = following[1] if following else ""


def oai(client: FlaskClient, prefix: str) -> Iterator[int]:
    """Yield how many records each part of the list had."""
    asked = f"metadataPrefix={prefix}"
    while asked:
        text = client.get(f"/oai?verb=ListRecords&{asked}").text
        yield text.count("<record>")
        token = TOKEN.search(text)
        asked = f"resumptionToken={token[1]}" if token else ""


def sitemap(client: FlaskClient) -> Iterator[int]:
    """Yield how many addresses each sitemap had."""
    for page in re.findall(r"<loc>https?://[^/]+([^<]+)<", client.get("/sitemap.xml").text):
        yield client.get(page).text.count("<url>")


def measured(name: str, pages: Iterator[int]) -> None:
    """Go through the pages and print how fast they came."""
    wall, cpu = time.perf_counter(), time.process_time()
    records = sum(pages)
    wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
    print(
        f"{name:24} {records:7} records   {records / wall:7.0f} a second   {records / cpu:7.0f} a CPU second"
    )


def walked(many: int) -> None:
    """Print how long a page of a walk takes where the index holds many."""
    rng = random.Random(7)
    with tempfile.TemporaryDirectory() as folder:
        index = Index(Path(folder))
        index.rebuild(model(rng, number, many, "http://127.0.0.1:8080") for number in range(many))
        pages, after = [], START
        while after is not None:
            start = time.process_time()
            stretch = index.walk(Walk(), after, 1000)
            pages.append((time.process_time() - start) * 1e3)
            after = stretch.next
        index.close()
    print(
        f"{many} indexed: {len(pages)} pages of 1000, p50 {median(pages):.1f} ms, most {max(pages):.1f} ms CPU"
    )


def main() -> None:
    """Fill, harvest, print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--artifacts", type=int, default=10_000)
    parser.add_argument("--walk", type=int, default=0)
    said = parser.parse_args()
    if said.walk:
        return walked(said.walk)
    rng = random.Random(7)
    with tempfile.TemporaryDirectory() as folder:
        hub = Hub.open(Settings(data_dir=Path(folder) / "data"))
        artifacts = [model(rng, n, said.artifacts, hub.settings.base) for n in range(said.artifacts)]
        fill(hub, artifacts)
        triples = hub.catalogue.triples(artifacts[0].key)
        own, pyld = milliseconds(lambda: jsonl(triples)), milliseconds(lambda: pyld_compacted(triples), 20)
        print(
            f"JSON-LD of {len(triples)} triples: {own:.2f} ms CPU, by PyLD {pyld:.2f}, {pyld / own:.0f} times that"
        )
        client = served(hub)
        measured("/harvest.jsonl", feed(client))
        for prefix in ("oai_dc", "rdf", "oai_datacite"):
            measured(f"/oai, {prefix}", oai(client, prefix))
        measured("/sitemap.xml", sitemap(client))
        hub.close()
    return None


if __name__ == "__main__":
    main()
