"""How fast a file larger than memory should be is run, and in how much memory: python -m tests.benchmarks.bench_batch.

Makes a file of `--size` megabytes (2,000) for each form, runs a small linear
model over it in a process of its own, and prints MB/s, the peak of its memory,
and how much of the speed of reading alone that is (NumPy, or pyarrow's own
streaming readers, on the same file).
"""

from __future__ import annotations

import argparse
import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np

from hpcfair_kg.models import batch, infer, rows
from tests.onnx_files import linear

BLOCK = np.random.default_rng(0).standard_normal((100_000, 3)).astype(np.float32)
CODE = "from tests.benchmarks.bench_batch import child; child()"


def fill(path: Path, size: float) -> None:
    """Write a file of about `size` bytes; texts by repeating one block."""
    if path.suffix in (".csv", ".txt"):
        (one,) = rows.write(path, {"x": BLOCK})
        header, body = one.read_bytes().split(b"\n", 1) if path.suffix == ".csv" else (b"", one.read_bytes())
        with path.open("wb") as stream:
            stream.write(header + b"\n" * bool(header))
            for _ in range(max(1, int(size // len(body)))):
                stream.write(body)
        return
    with rows.writing(path) as out:
        for n in range(max(1, int(size // BLOCK.nbytes))):
            out.write({"x": BLOCK * np.float32(1 + n / 1000)})


def read_alone(path: Path) -> None:
    """Go through a file as fast as its own library does."""
    if path.suffix == ".csv":
        import pyarrow.csv

        for _ in pyarrow.csv.open_csv(path):
            pass
    elif path.suffix == ".parquet":
        import pyarrow.parquet

        for _ in pyarrow.parquet.ParquetFile(path).iter_batches():
            pass
    else:
        with path.open("rb") as stream:
            while stream.read(1 << 20):
                pass


def child() -> None:
    """Run the model over one file; print the seconds, the peak in MB, and what was done."""
    folder, source, workers = Path(sys.argv[1]), sys.argv[2], int(sys.argv[3])
    start = time.perf_counter()
    session = infer.load(folder / "linear.onnx")
    inputs, _ = infer.signature(session)
    with rows.writing(folder / "out.npy") as out:
        reader = rows.reader(Path(source))
        done = batch.run(lambda feeds: infer.run(session, feeds), reader, inputs, out.write, workers)
    took = time.perf_counter() - start
    print(f"{took} {peak()} {done.rows}")


def peak() -> int:
    """Return the most memory that this process had, in MB: getrusage would count its parent's before exec."""
    found = re.search(r"VmHWM:\s+(\d+)", Path("/proc/self/status").read_text())
    assert found
    return int(found[1]) // 1024


def timed(function: Callable[[], object]) -> float:
    """Return how many seconds a call takes."""
    start = time.perf_counter()
    function()
    return time.perf_counter() - start


def main() -> None:
    """Make, run, print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--size", type=float, default=2000, help="megabytes of each file")
    parser.add_argument("--forms", default="npy,npz,parquet,csv,txt")
    parser.add_argument("--workers", default="2")
    said = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        linear(folder / "linear.onnx")
        for form in said.forms.split(","):
            path = folder / f"in.{form}"
            fill(path, said.size * 1e6)
            size = path.stat().st_size / 1e6
            alone = timed(lambda path=path: read_alone(path))  # type: ignore[misc]
            command = [sys.executable, "-c", CODE, name, str(path), said.workers]
            done = subprocess.run(command, capture_output=True, text=True, check=True)
            took, most, count = map(float, done.stdout.split())
            print(
                f"{form}: {size:,.0f} MB, {count:,.0f} rows: {size / took:.0f} MB/s, {alone / took:.2f} of reading"
                f" alone, peak {most:.0f} MB"
            )
            path.unlink()


if __name__ == "__main__":
    main()
