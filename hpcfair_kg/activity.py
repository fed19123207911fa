"""The nouns of what is done: a `Job` is a list of `Step`s, each a prov:Activity, with what it found and ran on."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Outcome = Literal["equal", "different", "consistent", "inconsistent", "none"]
State = Literal["queued", "running", "succeeded", "failed", "cancelled"]

FINISHED: frozenset[str] = frozenset({"succeeded", "failed", "cancelled"})


@dataclass(frozen=True, slots=True)
class Ulp:
    """Distances in units in the last place, over all elements compared."""

    p50: float
    p99: float
    max: float


@dataclass(frozen=True, slots=True)
class Verdict:
    """What the proof of a conversion found, with every figure it rests on.

    `normalised` is max|d| / max|reference|; `shapes` lists the shape of the
    first input of each trial; `seed` feeds NumPy's PCG64.
    """

    outcome: Outcome
    normalised: float | None = None
    max_abs: float | None = None
    max_rel: float | None = None
    rms: float | None = None
    cosine: float | None = None
    ulp: Ulp | None = None
    label_mismatches: int | None = None
    shapes: tuple[tuple[int, ...], ...] = ()
    seed: int | None = None
    opset: int | None = None
    reason: str | None = None


@dataclass(frozen=True, slots=True)
class Measurement:
    """One figure that was measured here: `metric` is latencyP50, latencyP99, throughput or peakMemory.

    `unit` is QUDT's name of it ("MilliSEC", "PER-SEC", "BYTE"); `of` is the IRI of the artifact.
    """

    metric: str
    value: float
    unit: str
    of: str


@dataclass(frozen=True, slots=True)
class Step:
    """One thing that was done: a prov:Activity.

    `used` and `generated` are file names, in a run also IRIs of artifacts' files;
    `software` lists "name version"; times are ISO 8601 in UTC; `detail` is the
    reason or the remark; `environment` and `hardware` are the IRIs of what it ran
    in and on; `batch`, `threads` and `repeats` say how it was measured;
    `reproduces` is the IRI of the step that it repeats, `differences` what was
    not as then.
    """

    name: str
    state: State
    started: str | None = None
    ended: str | None = None
    detail: str | None = None
    software: tuple[str, ...] = ()
    used: tuple[str, ...] = ()
    generated: tuple[str, ...] = ()
    opset: int | None = None
    box: str | None = None
    verdict: Verdict | None = None
    environment: str | None = None
    hardware: str | None = None
    batch: int | None = None
    threads: int | None = None
    repeats: int | None = None
    measurements: tuple[Measurement, ...] = ()
    reproduces: str | None = None
    differences: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Job:
    """One run of the pipeline over an artifact; its id is the artifact's key, a dot, a number."""

    id: str
    state: State = "queued"
    started: str | None = None
    ended: str | None = None
    detail: str | None = None
    steps: tuple[Step, ...] = ()

    @property
    def key(self) -> str:
        """The key of the artifact that the job is about."""
        return self.id.rpartition(".")[0]


@dataclass(frozen=True, slots=True)
class Environment:
    """The packages, each "name version", that something ran with, on which Python and system."""

    python: str
    system: str
    packages: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Hardware:
    """What something ran on, by kind and never by host name; `memory` in bytes.

    `machine` is the IRI of the machine that the operator says it is part of.
    """

    cpu: str | None = None
    cores: int | None = None
    memory: int | None = None
    gpus: tuple[str, ...] = ()
    machine: str | None = None
