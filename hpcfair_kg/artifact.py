"""The nouns: what the catalogue holds, as frozen data that every other module speaks.

`Artifact` is one version of one model or dataset; it has `File`s, the
`TensorSpec`s that its models take and give, and the `Verdict` on its
conversion.  How it came to be is told in the nouns of `activity`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields, is_dataclass
from math import isfinite
from typing import Any, Literal, TypeVar
from urllib.parse import quote

from hpcfair_kg.activity import Measurement, Step, Ulp, Verdict
from hpcfair_kg.errors import NotRunnable, Withdrawn

T = TypeVar("T")

Kind = Literal["model", "dataset", "workflow"]
Status = Literal[
    "registered",
    "converting",
    "waiting-for-converter",
    "ready",
    "not-convertible",
    "failed-proof",
    "withdrawn",
]
Role = Literal["original", "converted", "evidence", "auxiliary", "input", "output"]
Dimension = int | str
Stage = Literal["before", "after"]

SERVABLE: frozenset[str] = frozenset({"equal", "consistent"})
"""The outcomes after which a form may be run: a form that failed its proof never is."""


@dataclass(frozen=True, slots=True)
class TensorSpec:
    """One input or output: its name, element type, and shape with symbolic dimensions kept.

    `dtype` is NumPy's name ("float32", "int64", "bool", "string") or, for what
    is no tensor, ONNX's type as text ("seq(map(int64,tensor(float)))").
    """

    name: str
    dtype: str
    shape: tuple[Dimension, ...] = ()


@dataclass(frozen=True, slots=True)
class Processing:
    """One step between people and a model's tensors: `before` the model takes them, or `after` it gives them.

    `kind` is "tokenizer", "image", "scaler", "pooling" or "labels", `file` the
    artifact's file that says how; `takes` and `gives` are names, sorted.  A
    step that gives nothing fits no tensor of the model and is not applied.
    """

    kind: str
    stage: Stage
    file: str
    takes: tuple[str, ...] = ()
    gives: tuple[str, ...] = ()
    settings: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Column:
    """One column or variable of a dataset, as the file names it."""

    name: str
    dtype: str
    shape: tuple[Dimension, ...] = ()


@dataclass(frozen=True, slots=True)
class File:
    """One file of an artifact; `size` in bytes, `sha256` in lower-case hex.

    `remote` is the address of bytes that lie elsewhere, whose size may be None
    and whose hash may be "": nobody here has seen them.
    """

    name: str
    format: str
    role: Role
    size: int | None
    sha256: str
    media_type: str = "application/octet-stream"
    opset: int | None = None
    remote: str | None = None


@dataclass(frozen=True, slots=True)
class Person:
    """A creator: a name and, where known, an ORCID such as 0000-0002-1825-0097."""

    name: str
    orcid: str | None = None


@dataclass(frozen=True, slots=True)
class Project:
    """What an artifact came out of; `id` is its IRI where it has one, `funders` are names or IRIs, sorted."""

    name: str
    id: str | None = None
    funders: tuple[str, ...] = ()
    award: str | None = None


@dataclass(frozen=True, slots=True)
class Machine:
    """A machine that an artifact is meant for; `vendor` makes its GPU, `kind` is a class of the HPC Ontology."""

    name: str
    id: str | None = None
    kind: str = "Computer"
    cpu: str | None = None
    gpu: str | None = None
    vendor: str | None = None


@dataclass(frozen=True, slots=True)
class Metric:
    """One figure that the author claims, and the IRI of the dataset it was found on."""

    name: str
    value: float
    on: str | None = None


@dataclass(frozen=True, slots=True)
class Link:
    """One model of a workflow's chain: its name there, the IRI of it, and what feeds its inputs.

    `wires` are such as "memory <- encoder.state", sorted; an input that none names is fed from outside.
    """

    name: str
    model: str
    wires: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Fit:
    """How one artifact feeds a model: `wiring` says for each input that is fed what feeds it.

    That is an output of a model, or a column of a dataset; "*" stands for all
    of its columns of the input's type, side by side.  `remaining` are the
    inputs that are left to the input file; `ambiguous` where another wiring
    fits as well; `score` is 0 to 1, its `reasons` in words.
    """

    wiring: Mapping[str, str]
    remaining: tuple[str, ...] = ()
    complete: bool = True
    ambiguous: bool = False
    score: float = 0.0
    reasons: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Artifact:
    """One version of one model, dataset or workflow, as the catalogue knows it.

    `id` is its IRI (an ARK below the service's base address), `key` the last
    part of that; `owner/name` is unique and spoken, `identity` the hash of the
    sorted digests of its model and data files.  `operators` counts those of the
    ONNX form; `architecture_evidence` says what the architecture was told by;
    `hyperparameter_sources` names the file each setting was read from, the rest
    its author said; `processing` is in the order of its steps; `source` is the IRI of what
    it was harvested from; a workflow has a `chain`, and a model that was made of several
    names them as its `components`.
    """

    id: str
    key: str
    owner: str
    name: str
    version: str = "1.0"
    kind: Kind = "model"
    title: str = ""
    description: str = ""
    tags: tuple[str, ...] = ()
    license: str = ""
    creators: tuple[Person, ...] = ()
    visibility: str = "public"
    framework: str | None = None
    architecture: str | None = None
    architecture_evidence: str | None = None
    task: str | None = None
    status: Status = "registered"
    reason: str | None = None
    files: tuple[File, ...] = ()
    inputs: tuple[TensorSpec, ...] = ()
    outputs: tuple[TensorSpec, ...] = ()
    processing: tuple[Processing, ...] = ()
    columns: tuple[Column, ...] = ()
    verdict: Verdict | None = None
    parameters: int | None = None
    operators: Mapping[str, int] = field(default_factory=dict)
    rows: int | None = None
    hyperparameters: Mapping[str, Any] = field(default_factory=dict)
    hyperparameter_sources: Mapping[str, str] = field(default_factory=dict)
    metrics: tuple[Metric, ...] = ()
    trained_on: tuple[str, ...] = ()
    tested_on: tuple[str, ...] = ()
    derived_from: tuple[str, ...] = ()
    workflow: str | None = None
    chain: tuple[Link, ...] = ()
    components: tuple[str, ...] = ()
    projects: tuple[Project, ...] = ()
    machines: tuple[Machine, ...] = ()
    source: str | None = None
    previous: str | None = None
    notes: tuple[str, ...] = ()
    identity: str = ""
    created: str = ""
    modified: str = ""
    job: str | None = None

    def file(self, name: str) -> File | None:
        """Return the file of this name, or None."""
        return next((file for file in self.files if file.name == name), None)

    def url(self, file: File) -> str:
        """Return the address of the bytes of one of the files: below the artifact's own, or elsewhere."""
        return file.remote or f"{self.id}/files/{quote(file.name)}"

    @property
    def runnable(self) -> File | None:
        """The ONNX file that may be run: converted and proved, or original and consistent."""
        if self.status == "withdrawn" or self.verdict is None or self.verdict.outcome not in SERVABLE:
            return None
        here = (f for f in self.files if f.format == "onnx" and f.remote is None)
        forms = (f for f in here if f.role in ("converted", "original"))
        return min(forms, key=lambda f: f.role != "converted", default=None)

    def parts(self, form: File) -> tuple[File, ...]:
        """Return an ONNX file of the artifact and the files of weights that came with it, the file itself first."""
        beside = (f for f in self.files if f.role == form.role and f.format != "onnx")
        return (form, *beside)

    @property
    def form_files(self) -> tuple[File, ...]:
        """The files of the form that may be run: it, and what data it names beside it."""
        return self.parts(self.runnable) if self.runnable else ()

    @property
    def obstacle(self) -> str:
        """Why there is no form that may be run, where `runnable` is None."""
        if self.kind != "model":
            return f"it is a {self.kind}, no model"
        if any(file.remote for file in self.files):
            return f"its files lie elsewhere: {self.source}"
        return self.reason or (self.verdict and self.verdict.reason) or f"its status is {self.status}"

    def require_runnable(self) -> File:
        """Return the ONNX file that may be run; raises `NotRunnable` with the reason where there is none."""
        if self.runnable is None:
            reason = self.obstacle
            raise NotRunnable(f"{self.owner}/{self.name} cannot be run: {reason}", reason=reason)
        return self.runnable

    def require_present(self) -> None:
        """Raise `Withdrawn` where the artifact was withdrawn: its files are no longer given out, run or changed."""
        if self.status == "withdrawn":
            raise Withdrawn(f"{self.owner}/{self.name} was withdrawn: {self.reason}")

    def record(self) -> dict[str, Any]:
        """Return the public JSON record of the artifact."""
        record: dict[str, Any] = plain(self)
        for document, file in zip(record["files"], self.files, strict=True):
            document["url"] = self.url(file)
        return record

    def summary(self) -> dict[str, Any]:
        """Return the record shortened to what a search hit shows."""
        record = self.record()
        return {name: record[name] for name in SUMMARY}

    @classmethod
    def from_record(cls, record: Mapping[str, Any]) -> Artifact:
        """Rebuild an artifact from its public JSON record (unknown members are ignored)."""
        return build(cls, record)


SUMMARY = (
    "id", "key", "owner", "name", "version", "kind", "title", "description", "tags", "license",
    "framework", "architecture", "task", "status", "parameters", "created", "modified",
)  # fmt: skip


def plain(value: Any) -> Any:
    """Return nested dataclasses, tuples and mappings as what JSON can hold; NaN and infinity become null."""
    if is_dataclass(value) and not isinstance(value, type):
        return {f.name: plain(getattr(value, f.name)) for f in fields(value)}
    if isinstance(value, Mapping):
        return {str(k): plain(v) for k, v in value.items()}
    if isinstance(value, (tuple, list)):
        return [plain(v) for v in value]
    return None if isinstance(value, float) and not isfinite(value) else value


_MEMBERS: dict[str, type] = {
    "files": File,
    "inputs": TensorSpec,
    "outputs": TensorSpec,
    "processing": Processing,
    "columns": Column,
    "creators": Person,
    "metrics": Metric,
    "chain": Link,
    "projects": Project,
    "machines": Machine,
    "steps": Step,
    "measurements": Measurement,
    "verdict": Verdict,
    "ulp": Ulp,
}


def build(kind: type[T], document: Mapping[str, Any]) -> T:
    """Rebuild one of this module's dataclasses from what `plain` made of it (strangers' members are ignored)."""
    known = {f.name for f in fields(kind)}  # type: ignore[arg-type]
    return kind(**{k: _member(k, v) for k, v in document.items() if k in known})


def _member(name: str, value: Any) -> Any:
    if isinstance(value, list):
        return tuple(_member(name, v) for v in value)
    if isinstance(value, Mapping) and name in _MEMBERS:
        return build(_MEMBERS[name], value)
    return value
