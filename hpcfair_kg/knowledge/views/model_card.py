"""Model card: Markdown for people, with the YAML front matter that the Hugging Face Hub reads.

https://huggingface.co/docs/hub/model-cards.  The front matter speaks the Hub's
words where they surely are the same; ids of data sets and base models on the
Hub are not ours to say, so those stand in the text.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import Any, Final

from hpcfair_kg.activity import Verdict
from hpcfair_kg.artifact import Artifact, Metric, TensorSpec
from hpcfair_kg.knowledge import licenses
from hpcfair_kg.knowledge.iris import ark
from hpcfair_kg.knowledge.site import Site
from hpcfair_kg.knowledge.views.base import View
from hpcfair_kg.knowledge.views.bibtex import entry
from hpcfair_kg.knowledge.views.yaml_text import dump

LICENSES: Final = frozenset({
    "apache-2.0", "mit", "afl-3.0", "artistic-2.0", "bsl-1.0", "bsd-2-clause", "bsd-3-clause", "cc0-1.0",
    "cc-by-3.0", "cc-by-4.0", "cc-by-sa-3.0", "cc-by-sa-4.0", "cc-by-nc-4.0", "cc-by-nd-4.0",
    "cc-by-nc-nd-4.0", "cc-by-nc-sa-4.0", "cdla-sharing-1.0", "cdla-permissive-1.0", "cdla-permissive-2.0",
    "wtfpl", "ecl-2.0", "epl-2.0", "etalab-2.0", "eupl-1.2", "isc", "ms-pl", "mpl-2.0", "osl-3.0",
    "postgresql", "ofl-1.1", "ncsa", "unlicense", "zlib",
})  # fmt: skip
"""SPDX ids that the Hub knows by the same letters in lower case; it calls every other one "other"."""
PIPELINES: Final = frozenset({
    "audio-classification", "automatic-speech-recognition", "depth-estimation", "feature-extraction",
    "fill-mask", "graph-ml", "image-classification", "image-feature-extraction", "image-segmentation",
    "image-text-to-text", "image-to-image", "image-to-text", "keypoint-detection", "mask-generation",
    "object-detection", "question-answering", "reinforcement-learning", "robotics", "sentence-similarity",
    "summarization", "tabular-classification", "tabular-regression", "text-classification", "text-generation",
    "text-ranking", "text-to-image", "text-to-speech", "text-to-video", "time-series-forecasting",
    "token-classification", "translation", "unconditional-image-generation", "video-classification",
    "zero-shot-classification",
})  # fmt: skip
"""Tasks that the Hub lists; any other one is a tag."""
LIBRARIES: Final = {"scikit-learn": "sklearn"}
"""Frameworks that the Hub calls by another name than we do."""

_INLINE: Final = re.compile(r"[\\`*_{}\[\]<>|~!&$#]")
_LEADING: Final = re.compile(r"^(?:(?=[-+=])|(\d+)(?=[.)]))", re.MULTILINE)

Row = tuple[object, ...]


class ModelCard(View):
    """A model as a README.md for the Hub."""

    name = "model-card"
    media_type = "text/markdown; charset=utf-8"
    kinds = ("model",)

    def write(self, artifact: Artifact, site: Site) -> bytes:
        """Return the card: front matter, then what the catalogue knows, and what it proved."""
        front = dump(_front(artifact))
        body = "\n\n".join(_body(artifact, site))
        return f"---\n{front}---\n\n{body}\n".encode()


def _front(artifact: Artifact) -> dict[str, Any]:
    task = artifact.task or ""
    pipeline, tags = (task, ()) if task in PIPELINES else ("", (task,))
    front = {
        **_license(artifact.license),
        "library_name": LIBRARIES.get(artifact.framework or "", artifact.framework),
        "pipeline_tag": pipeline,
        "tags": list(dict.fromkeys(filter(None, (*artifact.tags, *tags)))),
        "metrics": list(dict.fromkeys(metric.name for metric in artifact.metrics)),
        "model-index": _index(artifact),
    }
    return {key: value for key, value in front.items() if value}


def _license(license: str) -> dict[str, str]:
    if license.lower() in LICENSES:
        return {"license": license.lower()}
    iri = licenses.iri(license) if license else ""
    link = {"license_link": iri} if iri.startswith("http") else {}
    return {"license": "other", "license_name": license, **link} if license else {}


def _index(artifact: Artifact) -> list[dict[str, Any]]:
    """Return the figures in the form of Papers with Code, which has no place for one without a data set."""
    results = [
        _result(artifact.task or "other", metric, metric.on) for metric in artifact.metrics if metric.on
    ]
    return [{"name": artifact.title, "results": results}] if results else []


def _result(task: str, metric: Metric, on: str) -> dict[str, Any]:
    return {
        "task": {"type": task},
        "dataset": {"type": on.rpartition("/")[2], "name": on},
        "metrics": [{"type": metric.name, "value": metric.value}],
    }


def _body(artifact: Artifact, site: Site) -> Iterator[str]:
    """Yield the sections, each a block of Markdown."""
    yield f"# {_line(artifact.title)}"
    if artifact.status == "withdrawn":
        yield f"**Withdrawn.** {_line(artifact.reason or 'No reason was given.')}"
    yield _block(artifact.description)
    yield _table(("", ""), _facts(artifact))
    yield from _section("Inputs and outputs", ("", "Name", "Type", "Shape"), _tensors(artifact))
    if artifact.verdict is not None:
        yield f"## Conversion to ONNX\n\n{_proof(artifact.verdict)}"
    if artifact.runnable is not None:
        yield f"## How to run it\n\n{_usage(artifact, site)}"
    yield from _section("Training data", ("Data set",), [(r,) for r in artifact.trained_on])
    yield from _section("Testing data", ("Data set",), [(r,) for r in artifact.tested_on])
    yield from _section("Derived from", ("Artifact",), [(r,) for r in artifact.derived_from])
    figures = [(m.name, m.value, m.on or "not said") for m in artifact.metrics]
    yield from _section("Evaluation", ("Metric", "Value", "On"), figures)
    yield from _section("Hyperparameters", ("Name", "Value", "Known from"), _settings(artifact))
    projects = [(p.name, ", ".join(p.funders), p.award or "") for p in artifact.projects]
    yield from _section("Projects", ("Project", "Funded by", "Award"), projects)
    yield from _section("Machines", ("Machine", "Kind", "Processor", "Accelerator"), _machines(artifact))
    if artifact.status != "withdrawn":
        yield from _section("Files", ("Name", "Format", "Role", "Size", "SHA-256"), _files(artifact))
    yield f"## How to cite it\n\n```bibtex\n{entry(artifact, site)}```"


def _facts(artifact: Artifact) -> list[Row]:
    facts = (
        ("Identifier", artifact.id),
        ("Version", artifact.version),
        ("By", ", ".join(person.name for person in artifact.creators)),
        ("Licence", artifact.license),
        ("Framework", artifact.framework),
        ("Architecture", _architecture(artifact)),
        ("Task", artifact.task),
        ("Parameters", f"{artifact.parameters:,}" if artifact.parameters is not None else None),
        ("Operators", ", ".join(f"{name} {count}" for name, count in artifact.operators.items())),
        ("Made by workflow", artifact.workflow),
        ("Described first at", artifact.source),
    )
    return [fact for fact in facts if fact[1]]


def _architecture(artifact: Artifact) -> str | None:
    evidence = f" ({artifact.architecture_evidence})" if artifact.architecture_evidence else ""
    return f"{artifact.architecture}{evidence}" if artifact.architecture else None


def _settings(artifact: Artifact) -> list[Row]:
    sources = artifact.hyperparameter_sources
    said = sorted(artifact.hyperparameters.items())
    return [(name, value, sources.get(name, "its author")) for name, value in said]


def _machines(artifact: Artifact) -> list[Row]:
    return [(m.name, m.kind, m.cpu or "", m.gpu or "") for m in artifact.machines]


def _files(artifact: Artifact) -> list[Row]:
    """Return the files; of a remote one the address stands beside its name, its hash may be unknown."""
    return [
        (
            f"{file.name} at {file.remote}" if file.remote else file.name,
            file.format,
            file.role,
            _bytes(file.size),
            file.sha256 or "not known",
        )
        for file in artifact.files
    ]


def _tensors(artifact: Artifact) -> list[Row]:
    def row(which: str, spec: TensorSpec) -> Row:
        return which, spec.name, spec.dtype, " × ".join(map(str, spec.shape)) or "scalar or unknown"

    return [*(row("input", t) for t in artifact.inputs), *(row("output", t) for t in artifact.outputs)]


def _proof(verdict: Verdict) -> str:
    said = [f"Outcome: **{verdict.outcome}**."]
    if verdict.normalised is not None:
        said.append(f"The largest difference is {verdict.normalised:.3g} of the largest reference value.")
    if verdict.shapes:
        shapes = ", ".join(" × ".join(map(str, shape)) for shape in verdict.shapes)
        said.append(f"Tried on inputs of shape {shapes}, seed {verdict.seed}.")
    if verdict.opset is not None:
        said.append(f"Opset {verdict.opset}.")
    if verdict.reason:
        said.append(_line(verdict.reason))
    return " ".join(said)


def _usage(artifact: Artifact, site: Site) -> str:
    feeds = ", ".join(f"{tensor.name!r}: …" for tensor in artifact.inputs)
    code = f'hub = Client("{site.address}")\nhub.infer("{ark(artifact.id)}", {{{feeds}}})'
    return f"```python\nfrom hpcfair_kg import Client\n\n{code}\n```"


def _bytes(size: int | None) -> str:
    return "not known" if size is None else f"{size:,} bytes"


def _section(heading: str, head: Row, rows: Iterable[Row]) -> Iterator[str]:
    if rows := list(rows):
        yield f"## {heading}\n\n{_table(head, rows)}"


def _table(head: Row, rows: Iterable[Row]) -> str:
    lines = (f"| {' | '.join(_line(str(cell)) for cell in row)} |" for row in rows)
    return "\n".join((f"| {' | '.join(map(str, head))} |", "|" + " --- |" * len(head), *lines))


def _line(text: str) -> str:
    """Return text for one line, within a heading or a cell, so that Markdown shows it letter for letter."""
    return _INLINE.sub(r"\\\g<0>", " ".join(text.split()))


def _block(text: str) -> str:
    """Return text of many lines likewise: none begins a list, a heading, a rule or code (CommonMark 0.31)."""
    lines = "\n".join(line.strip() for line in text.splitlines())
    return _LEADING.sub(r"\1\\", _INLINE.sub(r"\\\g<0>", lines))


PLUGINS = (ModelCard(),)
