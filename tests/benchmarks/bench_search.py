"""How long searches take: PYTHONPATH=. python tests/benchmarks/bench_search.py [--artifacts 20000] [--rounds 100].

Builds a synthetic catalogue (Zipf tags, creators and words), prints the time to
build it and the p50 and p99 of each kind of query, each asked with other values
every round so that no counts come from memory, and the ratio to SPARQL's COUNT
for the same two tags on pyoxigraph, which holds no more than the tags.
"""

from __future__ import annotations

import argparse
import random
import statistics
import tempfile
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

from pyoxigraph import Literal, NamedNode, Quad, Store, Variable

from hpcfair_kg.artifact import Artifact, File, Person
from hpcfair_kg.knowledge.search import DEFAULT_FACETS, Index, Query

KEYWORD = NamedNode("http://www.w3.org/ns/dcat#keyword")
COUNT = """
SELECT ?first ?second (COUNT(DISTINCT ?a) AS ?n) WHERE { GRAPH ?a {
    ?a <http://www.w3.org/ns/dcat#keyword> ?first .
    ?a <http://www.w3.org/ns/dcat#keyword> ?second .
} } GROUP BY ?first ?second"""
FRAMEWORKS = ("pytorch", "tensorflow", "scikit-learn", "onnx", "xgboost", "keras")
SIX = tuple(dict.fromkeys((*DEFAULT_FACETS[:-1], "creator")))


def zipf(rng: random.Random, most: int) -> int:
    """Return a number below `most`, the smaller the likelier."""
    return int(rng.paretovariate(0.8)) % most


def synthetic(rng: random.Random, number: int, many: int) -> Artifact:
    """Return one artifact of the catalogue."""
    key = f"{number:08d}x"
    return Artifact(
        id=f"http://example.org/ark:/99999/{key}",
        key=key,
        owner=f"o{zipf(rng, 50)}",
        name=f"model-{number}",
        title=" ".join(f"w{zipf(rng, 30_000):05d}" for _ in range(6)),
        description=" ".join(f"w{zipf(rng, 30_000):05d}" for _ in range(40)),
        tags=tuple({f"t{zipf(rng, 20_000)}" for _ in range(5)}),
        creators=(Person(f"Person {zipf(rng, many // 20 + 1)}"),),
        license=rng.choice(("MIT", "Apache-2.0", "CC-BY-4.0")),
        framework=rng.choice(FRAMEWORKS),
        task=f"task-{zipf(rng, 30)}",
        kind=rng.choice(("model", "model", "dataset")),
        status="ready",
        files=(File("a.onnx", "onnx", "original", 1, "0" * 64),),
        created=(datetime(2026, 1, 1, tzinfo=UTC) + timedelta(seconds=number)).isoformat(),
    )


def timed(ask: Callable[[int], object], rounds: int) -> tuple[float, float]:
    """Return the p50 and p99 in ms of a call that is told the round's number."""
    ask(-1)
    times = []
    for number in range(rounds):
        start = time.perf_counter()
        ask(number)
        times.append((time.perf_counter() - start) * 1e3)
    return statistics.median(times), sorted(times)[int(rounds * 0.99) - 1 if rounds > 1 else 0]


def sparql(artifacts: list[Artifact], pairs: list[tuple[str, str]]) -> Callable[[int], object]:
    """Load the tags into a store and return the two-tag question in SPARQL."""
    store = Store()
    nodes = {a.id: NamedNode(a.id) for a in artifacts}
    store.bulk_extend(
        Quad(nodes[a.id], KEYWORD, Literal(tag), nodes[a.id]) for a in artifacts for tag in a.tags
    )

    def ask(number: int) -> int:
        first, second = map(Literal, pairs[number % len(pairs)])
        (row,) = store.query(COUNT, substitutions={Variable("first"): first, Variable("second"): second})
        return int(row["n"].value)

    return ask


def main() -> None:
    """Build, ask, print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--artifacts", type=int, default=20_000)
    parser.add_argument("--rounds", type=int, default=100)
    said = parser.parse_args()
    rng = random.Random(7)
    artifacts = [synthetic(rng, number, said.artifacts) for number in range(said.artifacts)]
    with tempfile.TemporaryDirectory() as folder:
        index = Index(Path(folder))
        start = time.perf_counter()
        index.rebuild(artifacts)
        disk = sum(path.stat().st_size for path in Path(folder).iterdir())
        print(
            f"{said.artifacts} artifacts indexed in {time.perf_counter() - start:.1f} s, {disk / 1e6:.0f} MB"
        )
        report(index, artifacts, rng, said.rounds)
        index.close()


def report(index: Index, artifacts: list[Artifact], rng: random.Random, rounds: int) -> None:
    """Print a line for each kind of query, and check one answer against SPARQL's."""
    pairs = [
        tuple(sorted(a.tags)[:2]) for a in rng.choices([a for a in artifacts if len(a.tags) > 1], k=rounds)
    ]
    words = [f"w{zipf(rng, 300):05d}" for _ in range(rounds)]
    ask_sparql = sparql(artifacts, pairs)
    assert ask_sparql(0) == index.search(Query(filters={"tag": pairs[0]}, limit=0)).total

    def fresh(query: Query) -> object:
        index._snapshot._counted.clear()  # what is timed is the counting, not the memory of it
        return index.search(query)

    place = None
    for _ in range(min(500, index.count // 20 - 1)):
        place = index.search(Query(facets=(), cursor=place)).next
    kinds: dict[str, Callable[[int], object]] = {
        "two tags AND, six facets": lambda n: fresh(Query(filters={"tag": pairs[n]}, facets=SIX)),
        "text and six facets": lambda n: fresh(Query(words[n], facets=SIX)),
        "multi-select, six facets": lambda n: fresh(
            Query(filters={"framework": FRAMEWORKS[:3], "license": ("MIT",), "tag": pairs[n][:1]}, facets=SIX)
        ),
        "page 500": lambda n: fresh(Query(facets=(), cursor=place)),
        "no filter, six facets": lambda n: fresh(Query(facets=SIX)),
        "no filter, remembered": lambda n: index.search(Query(facets=SIX)),
        "one put": lambda n: index.put(artifacts[n]),
    }
    found = {name: timed(ask, rounds) for name, ask in kinds.items()}
    found["SPARQL COUNT, two tags"] = timed(ask_sparql, rounds)
    for name, (p50, p99) in found.items():
        print(f"{name:28} p50 {p50:8.2f} ms   p99 {p99:8.2f} ms")
    ratio = found["SPARQL COUNT, two tags"][0] / found["two tags AND, six facets"][0]
    print(f"SPARQL's COUNT alone takes {ratio:.1f} times as long as two tags with six facets and 20 hits")


if __name__ == "__main__":
    main()
