"""How fast descriptions are taken in: PYTHONPATH=. python tests/benchmarks/bench_import.py [--files 1000] [FILE].

Copies of one Croissant file, ours or the FILE named, each with an @id and a
name of its own: taken, then again unchanged; and where the time goes.
"""

from __future__ import annotations

import argparse
import cProfile
import json
import pstats
import tempfile
import time
from pathlib import Path

from hpcfair_kg.backends.accounts import Principal
from hpcfair_kg.hub import Hub
from hpcfair_kg.ingest.gathering import gather
from hpcfair_kg.settings import Settings

GOLDEN = Path(__file__).parents[1] / "knowledge/views/golden/croissant.jsonld"
ADA = Principal("ada", frozenset({"write"}))


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser()
    parser.add_argument("file", nargs="?", type=Path, default=GOLDEN)
    parser.add_argument("--files", type=int, default=1000)
    parser.add_argument("--profile", action="store_true")
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        copies = Path(folder) / "copies"
        copy(asked.file, copies, asked.files)
        hub = Hub.open(Settings(data_dir=Path(folder) / "data"))
        try:
            with cProfile.Profile() as profile:
                profile.disable() if not asked.profile else None
                imported(hub, copies, "first")
            imported(hub, copies, "again")
            if asked.profile:
                pstats.Stats(profile).sort_stats("cumulative").print_stats(40)
        finally:
            hub.close()


def copy(file: Path, folder: Path, count: int) -> None:
    """Write copies of a file, each of a dataset of its own."""
    folder.mkdir()
    document = json.loads(file.read_text(encoding="utf-8"))
    for number in range(count):
        document |= {"@id": f"https://data.example.org/{number}", "name": f"Copy {number}"}
        document.pop("alternateName", None)
        (folder / f"{number}.json").write_text(json.dumps(document), encoding="utf-8")


def imported(hub: Hub, folder: Path, which: str) -> None:
    """Import a folder and print what came of it and how fast."""
    began, used = time.perf_counter(), time.process_time()
    report = hub.harvest(gather([folder]), ADA).document()
    seconds, mine = time.perf_counter() - began, time.process_time() - used
    counts = ", ".join(f"{report[name]} {name}" for name in ("taken", "updated", "unchanged", "refused"))
    number = report["taken"] + report["updated"] + report["unchanged"]
    print(f"{which}: {counts} in {seconds:.2f} s, {number / seconds:.0f}/s ({mine:.2f} s in this process)")
    if report["refusals"]:
        print(report["refusals"][0])


if __name__ == "__main__":
    main()
