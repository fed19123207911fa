"""What a benchmark found, as a caller has it: one case a row."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from hpcfair_kg.activity import Hardware, Step
from hpcfair_kg.artifact import build
from hpcfair_kg.client.facts import hardware

FIGURES = {
    "latencyP50": "latency_p50_ms",
    "latencyP99": "latency_p99_ms",
    "throughput": "samples_per_second",
    "peakMemory": "peak_memory_bytes",
}
"""What each metric of the record is called here, with its unit."""


@dataclass(frozen=True)
class Benchmark:
    """The cases of one benchmark of a model, what they ran on, and the run that holds them ("" for none)."""

    model: str
    steps: tuple[Step, ...]
    hardware: Hardware
    run: str = ""

    @property
    def ok(self) -> bool:
        """Whether every case ran."""
        return all(step.state == "succeeded" for step in self.steps)

    @property
    def cases(self) -> list[dict[str, Any]]:
        """The figures of each case: milliseconds, samples a second, bytes."""
        return [_case(step) for step in self.steps]

    def document(self) -> dict[str, Any]:
        """Return all of it as JSON."""
        on = {"cpu": self.hardware.cpu, "cores": self.hardware.cores, "memory": self.hardware.memory}
        return {"ok": self.ok, "model": self.model, "run": self.run, "hardware": on, "cases": self.cases}

    @classmethod
    def of(cls, result: Mapping[str, Any], run: str) -> Benchmark:
        """Return what a run's result tells."""
        steps = tuple(build(Step, step) for step in result["steps"])
        return cls(result["model"], steps, build(Hardware, result["hardware"]), run)

    def _repr_html_(self) -> str:
        import html

        head = "".join(f"<th>{name}</th>" for name in COLUMNS)
        rows = "".join(f"<tr>{''.join(f'<td>{html.escape(c)}</td>' for c in row)}</tr>" for row in self.rows)
        return (
            f"<table><caption>{html.escape(hardware(self.hardware))}</caption><tr>{head}</tr>{rows}</table>"
        )

    @property
    def rows(self) -> list[tuple[str, ...]]:
        """The cases as texts, below `COLUMNS`; of one that did not run, the reason."""
        return [_row(case) for case in self.cases]


COLUMNS = ("batch", "threads", "p50 ms", "p99 ms", "samples/s", "peak MB", "runs", "")


def _case(step: Step) -> dict[str, Any]:
    found = {FIGURES[m.metric]: m.value for m in step.measurements if m.metric in FIGURES}
    about = {"batch": step.batch, "threads": step.threads, "repeats": step.repeats}
    return {**about, **dict.fromkeys(FIGURES.values()), **found, "state": step.state, "detail": step.detail}


def _row(case: Mapping[str, Any]) -> tuple[str, ...]:
    figures = [case[name] for name in FIGURES.values()]
    if None in figures:
        return (str(case["batch"]), str(case["threads"]), "", "", "", "", "", f"failed: {case['detail']}")
    p50, p99, rate, memory = figures
    shown = (
        f"{p50:.3g}",
        f"{p99:.3g}",
        f"{rate:,.0f}" if rate >= 100 else f"{rate:.3g}",
        f"{memory / 1e6:,.0f}",
    )
    return (str(case["batch"]), str(case["threads"]), *shown, str(case["repeats"]), "")
