"""An artifact in pairs of a name and words, as a terminal and a notebook show it; a name may come several times."""

from __future__ import annotations

from collections.abc import Iterator

from hpcfair_kg.activity import Hardware, Verdict
from hpcfair_kg.artifact import Artifact, File, Machine, Processing, Project, TensorSpec

Fact = tuple[str, str]


def brief(artifact: Artifact) -> list[Fact]:
    """Return what an author wants to see of an upload: what it is taken for, and the verdict."""
    return _present((*_head(artifact), *_tail(artifact)))


def facts(artifact: Artifact) -> list[Fact]:
    """Return what is known of an artifact, what it is made of and what stands behind it too."""
    return _present((*_head(artifact), *_made_of(artifact), *_behind(artifact), *_tail(artifact)))


def _present(said: tuple[Fact, ...]) -> list[Fact]:
    return [(name, words) for name, words in said if words]


def _head(artifact: Artifact) -> Iterator[Fact]:
    yield "id", artifact.id
    yield "name", f"{artifact.owner}/{artifact.name} {artifact.version}"
    yield "title", artifact.title if artifact.title != artifact.name else ""
    yield "kind", " · ".join(filter(None, (artifact.kind, artifact.framework, artifact.architecture)))
    yield "status", artifact.status
    yield "verdict", said(artifact.verdict) if artifact.verdict else ""
    yield "reason", artifact.reason or ""
    yield "license", artifact.license
    yield "tags", ", ".join(artifact.tags)
    yield "creators", ", ".join(person.name for person in artifact.creators)
    yield "parameters", "" if artifact.parameters is None else str(artifact.parameters)
    yield from (("takes", _tensor(tensor)) for tensor in artifact.inputs)
    yield from (("gives", _tensor(tensor)) for tensor in artifact.outputs)
    yield from ((f"{step.stage} it", _step(step)) for step in artifact.processing)


def _made_of(artifact: Artifact) -> Iterator[Fact]:
    if artifact.kind == "model":
        evidence = f": {artifact.architecture_evidence}" if artifact.architecture_evidence else ""
        yield "architecture", f"{artifact.architecture}{evidence}" if artifact.architecture else "unknown"
    yield "operators", ", ".join(f"{name} {count}" for name, count in artifact.operators.items())
    for name, value in artifact.hyperparameters.items():
        yield "setting", f"{name} = {value}  ({artifact.hyperparameter_sources.get(name, 'its author')})"


def _behind(artifact: Artifact) -> Iterator[Fact]:
    yield from (("trained on", iri) for iri in artifact.trained_on)
    yield from (("tested on", iri) for iri in artifact.tested_on)
    yield from (("derived from", iri) for iri in artifact.derived_from)
    for metric in artifact.metrics:
        yield "metric", f"{metric.name} {metric.value}" + (f" on {metric.on}" if metric.on else "")
    yield "workflow", artifact.workflow or ""
    yield from (("made of", iri) for iri in artifact.components)
    for link in artifact.chain:
        yield "step", f"{link.name}: {link.model}" + (f" ({', '.join(link.wires)})" if link.wires else "")
    yield from (("project", _project(project)) for project in artifact.projects)
    yield from (("machine", _machine(machine)) for machine in artifact.machines)
    yield "source", artifact.source or ""


def _tail(artifact: Artifact) -> Iterator[Fact]:
    yield from (("file", _file(file)) for file in artifact.files)
    yield from (("note", note) for note in artifact.notes)


def _tensor(spec: TensorSpec) -> str:
    return f"{spec.name} {spec.dtype} {list(spec.shape)}"


def _step(step: Processing) -> str:
    made = (
        f"{', '.join(step.takes)} becomes {', '.join(step.gives)}"
        if step.gives
        else "not applied: fits no tensor"
    )
    return f"{step.kind}: {made}  ({step.file})"


def _project(project: Project) -> str:
    funders = f"funded by {', '.join(project.funders)}" if project.funders else ""
    award = f"award {project.award}" if project.award else ""
    return "  ".join(filter(None, (project.name, funders, award, project.id)))


def _machine(machine: Machine) -> str:
    vendor = f" by {machine.vendor}" if machine.vendor else ""
    gpu = f"{machine.gpu}{vendor}" if machine.gpu else ""
    return "  ".join(filter(None, (machine.name, machine.kind, machine.cpu, gpu, machine.id)))


def _file(file: File) -> str:
    size = "" if file.size is None else f"{file.size:,} bytes"
    place = f"at {file.remote}" if file.remote else ""
    return "  ".join(filter(None, (file.name, file.format, file.role, size, place)))


def said(verdict: Verdict) -> str:
    """Return a verdict in words and figures, on one line."""
    opset = f" (opset {verdict.opset})" if verdict.opset else ""
    tried = f"on {len(verdict.shapes)} shapes, seed {verdict.seed}"
    if verdict.outcome == "equal":
        error = f"{verdict.normalised or 0:.1e} (normalised)"
        return f"the ONNX form{opset} equals the original within {error} {tried}"
    if verdict.outcome == "consistent":
        return f"the ONNX file{opset} runs as it declares, the same each time, {tried}"
    why = f": {verdict.reason}" if verdict.reason else ""
    if verdict.outcome == "different":
        far = f" by {verdict.normalised:.1e} (normalised)" if verdict.normalised is not None else ""
        return f"the ONNX form{opset} differs from the original{far} and is not served{why}"
    if verdict.outcome == "inconsistent":
        return f"the ONNX file{opset} does not run as it declares{why}"
    return f"nothing was proved{why}"


def hardware(found: Hardware) -> str:
    """Return what something ran on, in one line; memory is in units of 1024, as it is sold.

    >>> hardware(Hardware("POWER9", 44, 256 << 30, ("Tesla V100",) * 4))
    'POWER9, 44 cores, 256 GiB of memory, 4 × Tesla V100'
    """
    said = [found.cpu] if found.cpu else []
    said += [f"{found.cores:,} core{'s' if found.cores > 1 else ''}"] if found.cores else []
    said += [f"{found.memory / 2**30:.3g} GiB of memory"] if found.memory else []
    for gpu in dict.fromkeys(found.gpus):
        many = found.gpus.count(gpu)
        said.append(gpu if many == 1 else f"{many} × {gpu}")
    return ", ".join(said) or "hardware that is not known"
