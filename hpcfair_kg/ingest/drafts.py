"""How an artifact's record grows: drafted from an upload, then filled with what its conversion found."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path, PurePosixPath
from typing import Any

from hpcfair_kg.activity import Step, Verdict
from hpcfair_kg.artifact import Artifact, File, Kind, Person, Role, Status, TensorSpec, build, plain
from hpcfair_kg.backends.blobs.base import Blob
from hpcfair_kg.errors import BoxFailed, InvalidMetadata
from hpcfair_kg.ingest import findings
from hpcfair_kg.ingest.jobs import now
from hpcfair_kg.ingest.stage import Recognised, Stage
from hpcfair_kg.knowledge.metadata import Metadata, parse
from hpcfair_kg.models.processing import pipeline

ONNX = "application/onnx"


@dataclass(frozen=True, slots=True)
class Upload:
    """One file that arrived: its name, with "/" below a folder, and its bytes."""

    name: str
    blob: Blob


@dataclass(frozen=True, slots=True)
class Receipt:
    """What became of an upload: the artifact, the job that goes on with it, whether it is new."""

    artifact: Artifact
    job_id: str | None
    created: bool


@dataclass(frozen=True, slots=True)
class Place:
    """Where steps run: the layers of the box, and the IRIs of the software and the hardware around it."""

    box: str
    environment: str
    hardware: str

    def stamped(self, step: Step) -> Step:
        """Return a step that says where it ran."""
        return replace(step, box=self.box, environment=self.environment, hardware=self.hardware)


def identity_of(uploads: Sequence[Upload], seen: Recognised) -> str:
    """Return the hash of the sorted digests of the model and data files.

    Licence, readme and configuration do not count, unless there is nothing else.
    """
    described = {*seen.auxiliary, *(u.name for u in uploads if PurePosixPath(u.name).name == "config.json")}
    counted = [u.blob.sha256 for u in uploads if u.name not in described]
    digests = sorted(counted or [u.blob.sha256 for u in uploads])
    return hashlib.sha256("\n".join(digests).encode()).hexdigest()


def draft(
    iri: str,
    key: str,
    owner: str,
    metadata: Metadata,
    uploads: Sequence[Upload],
    seen: Recognised,
    identity: str,
    previous: Artifact | None = None,
) -> Artifact:
    """Return the record as commit 1 writes it: what the author says and what the bytes show."""
    kind = metadata.kind or seen.kind
    status, reason = _first_status(seen, kind)
    time = now()
    said = replace(
        metadata,
        title=metadata.title or metadata.name,
        hyperparameters={**seen.inspection.hyperparameters, **metadata.hyperparameters},
    )
    artifact = Artifact(
        id=iri,
        key=key,
        owner=owner,
        name=metadata.name,
        version=metadata.version,
        kind=kind,
        framework=seen.framework,
        status=status,
        reason=reason,
        files=tuple(_file(upload, seen) for upload in uploads),
        inputs=seen.inspection.inputs,
        outputs=seen.inspection.outputs,
        processing=findings.processing(seen.inspection.processing, [upload.name for upload in uploads]),
        columns=seen.inspection.columns,
        parameters=seen.inspection.parameters,
        operators=findings.operators(seen.inspection.operators),
        rows=seen.inspection.rows,
        hyperparameter_sources=findings.sources(seen.inspection, metadata.hyperparameters),
        previous=previous.id if previous else None,
        notes=seen.inspection.notes,
        identity=identity,
        created=time,
        modified=time,
        **{name: getattr(said, name) for name in DESCRIPTIVE},
    )
    return findings.said(findings.told(artifact, plain(seen.inspection)), metadata.architecture)


def filled(artifact: Artifact, uploads: Sequence[Upload], seen: Recognised, identity: str) -> Artifact:
    """Return the record of an artifact that was described before its files came; what was said of it stays."""
    known = {name: getattr(artifact, name) for name in DESCRIPTIVE}
    metadata = Metadata(name=artifact.name, version=artifact.version, kind=artifact.kind, **known)
    metadata = replace(metadata, architecture=findings.author_of(artifact))
    held = draft(artifact.id, artifact.key, artifact.owner, metadata, uploads, seen, identity)
    kept = {name: getattr(artifact, name) for name in ("previous", "source", "created")}
    return replace(held, **kept, notes=tuple(dict.fromkeys((*artifact.notes, *held.notes))))


def recognition(artifact: Artifact, seen: Recognised, started: str, place: Place) -> Step:
    """Return the step that recognising the files was."""
    step = Step(
        "recognise",
        "succeeded",
        started,
        now(),
        detail=f"recognised by content as {seen.format or 'no format known here'}",
        used=tuple(file.name for file in artifact.files),
    )
    return place.stamped(step)


def absorbed(
    artifact: Artifact, answer: Mapping[str, Any], stage: Stage, keep: Callable[[Path], Blob]
) -> Artifact:
    """Return the record with what the box found: its files kept, its verdict, the real signature.

    Raises `BoxFailed` when the answer, which a stranger's model may have forged, has not the right form.
    """
    try:
        made = tuple(_made(entry, stage, keep) for entry in answer["files"])
        inputs, outputs = (_specs(answer[name]) for name in ("inputs", "outputs"))
        inputs, outputs = inputs or artifact.inputs, outputs or artifact.outputs
        processing = pipeline.fitted(artifact.processing, inputs, outputs)
        notes = pipeline.unfitted(processing) if answer["status"] == "ready" else ()
        done = replace(
            artifact,
            status=_final_status(answer["status"]),
            reason=answer["reason"],
            files=(*(f for f in artifact.files if f.role in ("original", "auxiliary")), *made),
            verdict=build(Verdict, answer["verdict"]) if answer["verdict"] else None,
            inputs=inputs,
            outputs=outputs,
            processing=processing,
            parameters=artifact.parameters if answer["parameters"] is None else int(answer["parameters"]),
            operators=findings.operators(answer["operators"]) or artifact.operators,
            notes=tuple(dict.fromkeys((*artifact.notes, *map(str, answer["notes"]), *notes))),
        )
        return findings.told(done, answer)
    except (KeyError, TypeError, ValueError, AttributeError) as exc:
        raise BoxFailed(f"the conversion's answer is malformed: {exc!r}", cause="crash") from exc


def revision_of(artifact: Artifact, changes: Mapping[str, Any], person: Person | None) -> Metadata:
    """Return what an author's changes make of a record; raises `InvalidMetadata` for what cannot be changed."""
    fixed = sorted(set(changes) - set(EDITABLE))
    if fixed:
        wanted = f"cannot be edited; what can: {', '.join(EDITABLE)}"
        report = [{"path": name, "message": wanted} for name in fixed]
        raise InvalidMetadata(f"{', '.join(fixed)} cannot be edited", report=report)
    known = {name: value for name, value in plain(artifact).items() if name in DESCRIPTIVE and value}
    return parse({"name": artifact.name, **known, **changes}, person)


def revised(artifact: Artifact, metadata: Metadata) -> Artifact:
    """Return the record with its descriptive part as the metadata has it."""
    revision = replace(artifact, **{name: getattr(metadata, name) for name in DESCRIPTIVE})
    revision = replace(revision, hyperparameter_sources=findings.unchanged(artifact, revision))
    return findings.said(revision, metadata.architecture)


def edited(converted: Artifact, current: Artifact) -> Artifact:
    """Return what the conversion found with what people wrote meanwhile: theirs is the descriptive part."""
    theirs = (*DESCRIPTIVE, "hyperparameter_sources")
    done = replace(converted, **{name: getattr(current, name) for name in theirs})
    return findings.said(done, findings.author_of(current))


DESCRIPTIVE = (
    "title", "description", "tags", "task", "license", "creators", "hyperparameters", "metrics",
    "trained_on", "tested_on", "derived_from", "workflow", "chain", "components", "projects", "machines", "visibility",
)  # fmt: skip
EDITABLE = (*DESCRIPTIVE, "architecture")
"""An architecture that nobody says any more is not taken back: what told it before is not known."""


def _first_status(seen: Recognised, kind: Kind) -> tuple[Status, str | None]:
    if seen.advice:
        return "not-convertible", seen.advice
    if kind != "model":
        return "ready", None
    if seen.kind != "model":
        return "not-convertible", "the files are of no format that is known here as a model"
    if seen.needs:
        return "waiting-for-converter", waiting_for(seen.extra, seen.needs)
    return "converting", None


def waiting_for(extra: str, modules: Sequence[str]) -> str:
    """Return the sentence that says what a conversion waits for and the command that brings it."""
    return f"the conversion waits for {', '.join(modules)}; the command that brings it: make {extra}"


def _final_status(text: str) -> Status:
    if text not in ("ready", "not-convertible", "failed-proof"):
        raise ValueError(f"no status {text!r}")
    return text  # type: ignore[return-value]


def _file(upload: Upload, seen: Recognised) -> File:
    role: Role = "auxiliary" if upload.name in seen.auxiliary else "original"
    is_onnx = upload.name in seen.claimed and seen.format == "onnx"
    return File(
        upload.name,
        seen.formats.get(upload.name, "other"),
        role,
        upload.blob.size,
        upload.blob.sha256,
        seen.media_types.get(upload.name, "application/octet-stream"),
        seen.inspection.opset if is_onnx else None,
    )


def _made(entry: Mapping[str, Any], stage: Stage, keep: Callable[[Path], Blob]) -> File:
    name = str(entry["name"])
    role: Role = "converted" if entry["role"] == "converted" else "evidence"
    blob = keep(stage.results(name))
    if not name.endswith(".onnx"):
        return File(name, "other", role, blob.size, blob.sha256)
    return File(name, "onnx", role, blob.size, blob.sha256, ONNX, entry.get("opset"))


def _specs(entries: Sequence[Mapping[str, Any]]) -> tuple[TensorSpec, ...]:
    return tuple(build(TensorSpec, entry) for entry in entries)
