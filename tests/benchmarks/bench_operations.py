"""How long an operator waits: PYTHONPATH=. python tests/benchmarks/bench_operations.py [--artifacts 20000] [--reason 3].

Fills a folder with synthetic artifacts, two models to each dataset, each with
its provenance, and prints how fast `check` goes through them and `rebase`
rewrites them, and how long HermiT takes for a batch of each size.
"""

from __future__ import annotations

import argparse
import random
import resource
import tempfile
import time
from collections.abc import Iterable, Iterator
from contextlib import closing
from dataclasses import replace
from itertools import islice
from pathlib import Path

from pyoxigraph import NamedNode, Quad, Store, Triple

from hpcfair_kg.backends.graph.oxigraph import Oxigraph
from hpcfair_kg.knowledge import inference
from hpcfair_kg.knowledge.catalogue import Catalogue
from hpcfair_kg.knowledge.check import check
from hpcfair_kg.knowledge.closure import inferred, subclasses
from hpcfair_kg.knowledge.describe import concept, describe
from hpcfair_kg.knowledge.provenance import provenance
from hpcfair_kg.knowledge.rebase import rebase
from hpcfair_kg.knowledge.search import Index
from tests.benchmarks.bench_queries import COMPUTERS, ENVIRONMENTS, SITE, jobs, synthetic

NEW = "https://models.example.net/kg"
SIZES = (50, 100, 200, 400)


def graphs(many: int) -> Iterator[tuple[str, Iterable[Triple]]]:
    """Yield the graphs of a catalogue with which nothing is wrong."""
    rng = random.Random(7)
    yield f"{SITE}/#inferred", subclasses()
    for node, described in (*ENVIRONMENTS, *COMPUTERS):
        yield node.value, described
    for number in range(many):
        said = {"name": f"a{number}", "title": "A thing", "description": "What it is.", "workflow": None}
        one = replace(synthetic(rng, number, many), **said)
        record = describe(one)
        yield one.id, record
        yield f"{one.id}/inferred", inferred(NamedNode(one.id), record)
        yield f"{one.id}/provenance", provenance(one.id, jobs(rng, one))
        yield concept([one])


def main() -> None:
    """Fill, measure, print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--artifacts", type=int, default=20_000)
    parser.add_argument(
        "--reason", type=int, default=1, help="batches of each size for HermiT; 0 leaves it out"
    )
    said = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        store = Store(f"{folder}/public")
        store.bulk_extend(Quad(*t, NamedNode(name)) for name, said_ in graphs(said.artifacts) for t in said_)
        print(f"{said.artifacts:,} artifacts, {len(store):,} quads")
        store.optimize()
        del store
        with closing(Oxigraph(Path(folder, "public"))) as opened, closing(Index(Path(folder, "i"))) as index:
            catalogue = Catalogue(opened, index, SITE, "99999")
            checked(opened, catalogue)
            for size in SIZES if said.reason else ():
                reasoned(opened, catalogue, size, said.reason)
            rebased(opened)


def checked(opened: Oxigraph, catalogue: Catalogue) -> None:
    """Print how fast a check is."""
    start, last, found = time.perf_counter(), 0, 0
    half: float | None = None
    for step in check(opened, catalogue):
        found += len(step.findings)
        if step.done == last and half is None:
            half = time.perf_counter() - start
        last = step.done
    whole = time.perf_counter() - start
    print(
        f"check: {last / whole:.0f} artifacts/s ({half or 0:.1f} s for records, {whole:.1f} s for all),"
        f" {found:,} findings, {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024:.0f} MB at most"
    )


def reasoned(opened: Oxigraph, catalogue: Catalogue, size: int, rounds: int) -> None:
    """Print how long the reasoner takes for a batch of a size."""
    inference.BATCH, start = size, time.perf_counter()
    done = [step.done for step in islice(inference.infer(opened, catalogue), rounds)][-1]
    each = (time.perf_counter() - start) / rounds
    print(f"reason: {each:.1f} s for {size} artifacts, {done / rounds / each:.1f} artifacts/s")


def rebased(opened: Oxigraph) -> None:
    """Print how long a change of the base address takes, without the index."""
    start = time.perf_counter()
    done = list(rebase(opened, SITE, NEW))[-1]
    print(f"rebase: {done:,} graphs in {time.perf_counter() - start:.1f} s")


if __name__ == "__main__":
    main()
