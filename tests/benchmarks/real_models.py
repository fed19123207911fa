"""Convert the published models of the example catalogue in the sandbox and print how each went.

    python tests/benchmarks/real_models.py [NAME…]

For each: the exporter that made the form that was proved or why there is none,
the seconds of the whole errand in a process of its own, the normalised error
and the shapes tried.
"""

from __future__ import annotations

import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from examples.catalogue.fetch import CannotFetch, Entry, catalogue, prepare
from hpcfair_kg.activity import Verdict
from hpcfair_kg.artifact import build
from hpcfair_kg.backends.work.base import Errand, Work
from hpcfair_kg.backends.work.processes import Processes
from hpcfair_kg.errors import HPCFairError
from hpcfair_kg.plugins import find


@dataclass(frozen=True)
class Outcome:
    """How one model went: what it was recognised as, what `models.convert` answered, in how many seconds."""

    entry: Entry
    format: str
    answer: dict[str, Any]
    seconds: float
    out: Path

    @property
    def verdict(self) -> Verdict:
        """The verdict with all its figures; where nothing came to be compared, that."""
        found = self.answer["verdict"]
        return build(Verdict, found) if found else Verdict("none", reason=self.answer["reason"])

    @property
    def exporter(self) -> str:
        """What the last conversion tried says it was made with."""
        return next((s["detail"] or "" for s in reversed(self.answer["steps"]) if s["name"] == "convert"), "")

    @property
    def onnx(self) -> Path:
        """The ONNX form: what was made, or what came when nothing had to be made."""
        made = [file["name"] for file in self.answer["files"]]
        return self.out / made[0] if made else next(prepare(self.entry).glob("*.onnx"))

    @property
    def row(self) -> str:
        """One line of the table."""
        verdict = self.verdict
        error = f"{verdict.normalised:.1e}" if verdict.normalised is not None else "-"
        shapes = " ".join("×".join(map(str, shape)) or "()" for shape in dict.fromkeys(verdict.shapes))
        status = self.answer["status"]
        why = self.answer["reason"] or verdict.reason or ""
        told = (
            f"{self.exporter[:24]:24} {error:>8}  {shapes[:60]}"
            if status == "ready"
            else " ".join(why.split())
        )
        return f"{self.entry.name:23} {self.format:12} {status:16} {self.seconds:6.1f} s  {told[:110]}"


def convert(work: Work, entry: Entry, out: Path) -> Outcome:
    """Recognise and convert one entry as an upload would be; raises `CannotFetch` where it cannot be had."""
    folder = prepare(entry)
    names = sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file())
    out.mkdir()
    given = {"folder": str(folder), "names": names}
    errand = Errand("hpcfair_kg.models.convert:recognise", given, reads=(folder,), writes=out)
    found = work.submit(errand).result()
    plugin = find("hpcfair_kg.formats", str(found["format"]))
    chosen = {"claimed": found["claimed"], "format": found["format"], "out": str(out), "stem": entry.name}
    errand = Errand(
        "hpcfair_kg.models.convert:convert",
        {**given, **chosen, "opset": 18, "seed": 7, "samples": []},
        family=getattr(plugin, "family", "core"),
        preload=getattr(plugin, "preload", ()),
        reads=(folder,),
        writes=out,
    )
    began = time.monotonic()
    answer = work.submit(errand).result()
    return Outcome(entry, found["format"], answer, time.monotonic() - began, out)


def every(work: Work, folder: Path, wanted: Callable[[Entry], bool]) -> None:
    """Print the table of the entries wanted; datasets have nothing to convert."""
    print(
        f"{'model':23} {'format':12} {'status':16} {'time':>8}  {'exporter':24} {'error':>8}  shapes, or why not"
    )
    for entry in filter(wanted, catalogue()):
        if entry.make == "wine_table":
            continue
        try:
            print(convert(work, entry, folder / entry.name).row, flush=True)
        except (CannotFetch, HPCFairError) as exc:
            print(f"{entry.name:23} {type(exc).__name__}: {exc}", flush=True)


def main(names: list[str]) -> None:
    """Convert the entries named on the command line, or all."""
    with tempfile.TemporaryDirectory() as place:
        work = Processes(Path(place) / "work")
        try:
            every(work, Path(place), lambda entry: not names or entry.name in names)
        finally:
            work.close()


if __name__ == "__main__":
    main(sys.argv[1:])
