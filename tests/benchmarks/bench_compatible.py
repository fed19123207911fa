"""How right and how quick `compatible` is: python -m tests.benchmarks.bench_compatible [--artifacts 20000].

First the pool: every pair of it is really run, and precision and recall of what
is listed are computed against that.  Then a synthetic catalogue: the first
question after a commit and the ones after it, beside reading every record and
judging every pair (the peer), and how many signatures were judged.
"""

from __future__ import annotations

import argparse
import random
import statistics
import tempfile
import time
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from hpcfair_kg.artifact import Artifact, Column, File, Fit, TensorSpec, Verdict
from hpcfair_kg.knowledge.affinity import ROLES
from hpcfair_kg.knowledge.compatible import Asked, Compatible
from hpcfair_kg.knowledge.search import Index
from hpcfair_kg.knowledge.signatures import Signature
from tests.benchmarks.bench_search import zipf
from tests.pool import Made, Tried

Pairs = Mapping[tuple[str, str], Mapping[str, Any]]
WIDTHS = (8, 16, 32, 48, 64, 96, 100, 128, 200, 256, 300, 384, 512, 768, 1000, 1024, 2048, 4096)
TASKS = ("translation", "image-classification", "feature-extraction", "tabular-regression", None)


def listed(compatible: Compatible, artifacts: Mapping[str, Artifact]) -> Pairs:
    """Return the fit of every pair that is listed."""
    found = {}
    for name, artifact in artifacts.items():
        for entry in compatible.of(artifact, Asked("after", 500))["after"].entries:
            found[name, entry["name"]] = entry["fit"]
    return found


def quality(folder: Path) -> None:
    """Print precision and recall against what runs."""
    tried = Tried(folder)
    index = Index(folder / "index")
    index.rebuild(tried.artifacts.values())
    said, truth = listed(Compatible(index), tried.artifacts), tried.truth
    index.close()
    print(
        f"pool: {len(tried.pool)} models, {len(truth)} of {len(tried.pool) * (len(tried.pool) - 1)} pairs run"
    )
    tiers: dict[str, Callable[[tuple[str, str]], bool]] = {
        "all that is listed": lambda pair: True,
        "whose outputs say a rank": lambda pair: all(one.shape for one in tried.artifacts[pair[0]].outputs),
        "with every input fed": lambda pair: bool(said[pair]["complete"]),
        "of a score of 0.5 or more": lambda pair: said[pair]["score"] >= 0.5,
    }
    for name, chosen in tiers.items():
        report(name, {pair for pair in said if chosen(pair)}, set(truth))
    causes = [_cause(tried.pool[a], tried.pool[b]) for a, b in said.keys() - truth.keys()]
    for cause in sorted(set(causes)):
        print(f"  wrong: {causes.count(cause):4d}  {cause}")
    agreed = sum(said[pair]["complete"] == truth[pair] for pair in truth.keys() & said.keys())
    print(f"  complete or not is right in {agreed} of the {len(truth.keys() & said.keys())} that run")


def report(name: str, said: set[tuple[str, str]], truth: set[tuple[str, str]]) -> None:
    """Print one line of precision and recall."""
    right = len(said & truth)
    precision, recall = right / max(len(said), 1), right / max(len(truth), 1)
    print(f"  {name:28} {len(said):4d} pairs   precision {precision:.3f}   recall {recall:.3f}")


def _cause(first: Made, second: Made) -> str:
    if second.inside:
        return "a dimension that is symbolic outside and fixed inside"
    if second.vocabulary:
        return "ids beyond the vocabulary: values, which no signature says"
    return "an output without a shape: a scalar, or a rank that the model does not say"


def synthetic(rng: random.Random, number: int) -> Artifact:
    """Return one artifact of a catalogue: two models to a dataset, of shapes and names as frameworks give them."""
    key = f"{number:08d}x"
    plain = Artifact(
        f"http://example.org/ark:/99999/{key}", key, "ada", f"m{number}", status="ready",
        files=(File("m.onnx", "onnx", "original", 1, f"{number:064x}"),), verdict=Verdict("consistent"),
        task=rng.choice(TASKS), architecture=rng.choice(("Encoder", "Decoder", None, None)),
        created=(datetime(2026, 1, 1, tzinfo=UTC) + timedelta(seconds=number)).isoformat(),
    )  # fmt: skip
    if number % 3 == 0:
        names = [f"c{n}" for n in range(zipf(rng, 300))]
        columns = (
            *(Column(name, rng.choice(("float64", "int64"))) for name in names),
            Column("label", "string"),
        )
        return replace(plain, kind="dataset", columns=columns, rows=zipf(rng, 10**6))
    return replace(plain, inputs=_tensors(rng, "x", "input"), outputs=_tensors(rng, "y", "output"))


def _tensors(rng: random.Random, short: str, long: str) -> tuple[TensorSpec, ...]:
    form = rng.random()
    name = rng.choice((short, long, f"{long}_0", f"keras_tensor_{zipf(rng, 500)}"))
    width = rng.choice(WIDTHS) if rng.random() < 0.7 else zipf(rng, 3000)
    if form < 0.2:
        size = rng.choice((32, 64, 224, 256, 299, 384))
        return (TensorSpec(name, "float32", ("batch", 3, size, size)),)
    if form < 0.35:
        return tuple(
            TensorSpec(one, "int64", ("batch", "sequence")) for one in ("input_ids", "attention_mask")
        )
    if form < 0.5:
        return (TensorSpec(name, "float32", ("batch", "sequence", width)), TensorSpec("state", "float32", ("batch", width)))  # fmt: skip
    return (TensorSpec(name, rng.choice(("float32",) * 9 + ("float64",)), ("batch", width)),)


def timed(ask: Callable[[], object], rounds: int = 1) -> float:
    """Return the median of some calls in ms."""
    times = []
    for _ in range(rounds):
        start = time.perf_counter()
        ask()
        times.append((time.perf_counter() - start) * 1e3)
    return statistics.median(times)


def every_pair(artifacts: list[Artifact], asked: Artifact) -> int:
    """Judge an artifact against all others, as who has no index must; return how many entries there are."""
    signature, found = Signature.of(asked), 0
    for role in ROLES[asked.kind].values():
        for other in artifacts:
            if other.kind == role.kind and other is not asked:
                fit: Fit | None = role.judge(signature, Signature.of(other))
                found += fit is not None
    return found


def speed(folder: Path, many: int, rounds: int) -> None:
    """Print how long the lists take in a large catalogue."""
    rng = random.Random(7)
    artifacts = [synthetic(rng, number) for number in range(many)]
    index = Index(folder / "large")
    built = timed(lambda: index.rebuild(artifacts))
    signatures = len({Signature.of(one).digest for one in artifacts})
    print(f"catalogue: {many} artifacts of {signatures} signatures, indexed in {built / 1e3:.1f} s")
    asked = [one for one in rng.sample(artifacts, min(rounds, many)) if one.inputs or len(one.columns) > 1]
    compatible, times = Compatible(index), {"cold": [], "first": [], "again": [], "peer": []}  # type: dict[str, list[float]]
    for one in asked:
        fresh = Compatible(index)
        times["cold"].append(timed(lambda fresh=fresh, one=one: fresh.of(one, Asked())))
        compatible.of(one, Asked())
        compatible._ranked.clear()  # as a commit does
        times["first"].append(timed(lambda one=one: compatible.of(one, Asked())))
        times["again"].append(timed(lambda one=one: compatible.of(one, Asked()), 5))
    for one in asked[:10]:
        times["peer"].append(timed(lambda one=one: every_pair(artifacts, one)))
        assert every_pair(artifacts, one) == sum(page.total for page in compatible.of(one, Asked()).values())
    words = {
        "cold": "the first question to a service just started",
        "first": "the first about an artifact after a commit",
        "again": "asked again, until the next commit",
        "peer": "judging every artifact instead",
    }
    for name, said in words.items():
        print(f"  {said:46} p50 {statistics.median(times[name]):8.2f} ms   max {max(times[name]):8.2f} ms")
    ratio = statistics.median(times["peer"]) / statistics.median(times["first"])
    print(
        f"  judging every artifact takes {ratio:.0f} times as long, records already in memory; totals are equal"
    )
    index.close()


def main() -> None:
    """Measure, print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--artifacts", type=int, default=20_000)
    parser.add_argument("--rounds", type=int, default=50)
    said = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        quality(Path(folder))
        speed(Path(folder), said.artifacts, said.rounds)


if __name__ == "__main__":
    main()
