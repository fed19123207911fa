"""What the box and the fork servers cost here; prints figures: python -m tests.benchmarks.bench_sandbox [FAMILY …]."""

from __future__ import annotations

import json
import os
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median

from hpcfair_kg.backends import sandbox
from hpcfair_kg.backends.work.base import Errand, Limits
from hpcfair_kg.backends.work.processes import Processes
from hpcfair_kg.plugins import shelf

ERRANDS = Path(__file__).parents[1] / "backends" / "work" / "errands"
ROUNDS = 40


def milliseconds(action: Callable[[], object]) -> float:
    start = time.perf_counter()
    action()
    return (time.perf_counter() - start) * 1000


def in_a_child(action: Callable[[], object]) -> float:
    """Return the milliseconds that an action takes in a process forked for it."""
    reading, writing = os.pipe()
    if (pid := os.fork()) == 0:
        os.write(writing, json.dumps(milliseconds(action)).encode())
        os._exit(0)
    os.waitpid(pid, 0)
    os.close(writing)
    with os.fdopen(reading) as stream:
        return float(stream.read())


def entering(box: sandbox.Box) -> None:
    with tempfile.TemporaryDirectory() as folder:
        for layers in (box.layers, *((layer,) for layer in box.layers if layer != "no-network")):
            needed = {*layers, "no-new-privileges"} if layers[0] in ("landlock", "seccomp") else layers
            enter = lambda needed=needed: sandbox.enter(Limits(), [Path(folder)], Path(folder), needed)  # noqa: E731
            times = [in_a_child(enter) for _ in range(ROUNDS)]
            name = "all layers" if layers == box.layers else layers[0]
            print(f"  enter, {name:18} median {median(times):6.2f} ms, max {max(times):6.2f} ms")


def round_trips(work: Processes) -> None:
    no_op = Errand("boxed_errands:add", {"a": 1, "b": 1}, preload=("boxed_errands",), reads=(ERRANDS,))
    print(f"  no-op errand, cold  {milliseconds(lambda: work.submit(no_op).result()):6.1f} ms")
    times = [milliseconds(lambda: work.submit(no_op).result()) for _ in range(ROUNDS)]
    print(f"  no-op errand, warm  median {median(times):6.2f} ms, max {max(times):6.2f} ms")
    box = work.resident(Errand("boxed_errands:echo", reads=(ERRANDS,)))
    for size in (0, 4096, 1 << 20):
        times = [milliseconds(lambda size=size: box.ask({"n": 1}, bytes(size))) for _ in range(500)]
        print(f"  resident, {size:8,} bytes there and back: median {median(times):6.3f} ms")
    box.close()


def families(work: Processes, wanted: list[str]) -> None:
    found = {p.family: p for p in shelf("hpcfair_kg.formats").values() if getattr(p, "preload", ())}
    for family, plugin in sorted(found.items()):
        if plugin.unavailable or (wanted and family not in wanted):
            continue
        sent = Errand("boxed_errands:add", {"a": 1, "b": 1}, family, plugin.preload, (ERRANDS,))
        cold = milliseconds(lambda sent=sent: work.submit(sent).result())
        warm = [milliseconds(lambda sent=sent: work.submit(sent).result()) for _ in range(ROUNDS)]
        print(f"  {family:13} cold {cold / 1000:6.2f} s, warm no-op median {median(warm):6.2f} ms")


def main(wanted: list[str]) -> None:
    sys.path.insert(0, str(ERRANDS))
    print("probing:")
    boxes: list[sandbox.Box] = []
    print(f"  took {milliseconds(lambda: boxes.append(sandbox.probe())):.0f} ms")
    print(f"  {boxes[0]}: holds = {boxes[0].holds}, layers {', '.join(boxes[0].layers)}")
    entering(boxes[0])
    with tempfile.TemporaryDirectory() as folder:
        work = Processes(Path(folder), boxes[0])
        try:
            round_trips(work)
            families(work, wanted)
        finally:
            work.close()


if __name__ == "__main__":
    main(sys.argv[1:])
