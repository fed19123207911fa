"""Models of the catalogue laid out for a box, with the file that they are run over."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any

from hpcfair_kg.artifact import Artifact, plain
from hpcfair_kg.errors import InvalidConfig
from hpcfair_kg.ingest.stage import Stage
from hpcfair_kg.models import rows
from hpcfair_kg.models.processing import boxed
from hpcfair_kg.runs.desk import Desk, file_iri

CORE = ("numpy", "onnx", "onnxruntime", "hpcfair_kg.models.over", "hpcfair_kg.models.joining")


@dataclass(frozen=True)
class Laid:
    """A stage with models in order and an input file; `spoken` says which file of it is which of the catalogue."""

    stage: Stage
    parts: tuple[Mapping[str, Any], ...]
    input: str | None
    spoken: Mapping[str, str]


@contextmanager
def laid(
    desk: Desk, artifacts: Sequence[Artifact], names: Sequence[str], input: str | None
) -> Iterator[Laid]:
    """Yield the ONNX forms of some artifacts, each in a folder of its own with its processing, and an input file beside them."""
    files, spoken, places = {}, {}, []
    for number, artifact in enumerate(artifacts):
        form = artifact.runnable
        assert form is not None
        for file in boxed.seen(artifact):
            files[f"{number}/{file.name}"] = file.sha256
            spoken[PurePosixPath(file.name).name] = file_iri(artifact, file)
        places.append(f"{number}/{form.name}")
    given = desk.input(input) if input else None
    if given:
        files[f"input/{given[0]}"] = given[1]
    with desk.laid_out(files) as stage:
        parts = tuple(
            {
                "name": name,
                "path": str(stage.inside / place),
                "processing": plain(artifact.processing),
                "folder": str(stage.inside / str(number)),
            }
            for number, (artifact, name, place) in enumerate(zip(artifacts, names, places, strict=True))
        )
        yield Laid(stage, parts, str(stage.inside / "input" / given[0]) if given else None, spoken)


def over(desk: Desk, laid: Laid, output: str) -> dict[str, Any]:
    """Run the models of a stage, one after the other, over its input; what they give is kept as files of the run.

    A small output is kept a second time, in its own element types, as .exact.npz.
    """
    task, exact = desk.task, f"{PurePosixPath(output).stem}.exact.npz"
    if task.gpu_mapping_file:
        raise InvalidConfig(
            "gpu_mapping_file names a file of your own machine; this service places workers itself"
        )
    arguments = {
        "parts": list(laid.parts),
        "input": laid.input,
        "output": str(laid.stage.out / output),
        "exact": str(laid.stage.out / exact) if not output.endswith(".npz") else None,
        "workers": min(task.workers, desk.rooms.workers),
        "device": task.device,
        "allow_cpu": task.allow_cpu,
        "wiring": dict(task.wiring),
    }
    answer = desk.ask(laid.stage, "models.over:infer_file", arguments, laid.spoken, preload=CORE)
    if arguments["exact"] and (laid.stage.out / exact).exists():
        desk.keep(laid.stage.results(exact), exact)
    kept = [desk.keep(laid.stage.results(file["name"]), file["name"]) for file in answer["files"]]
    return {
        "rows": answer["rows"],
        "note": answer["note"],
        "wiring": answer["wiring"],
        "outputs": answer["outputs"],
        "files": [file.name for file in kept],
        "exact": output if output.endswith(".npz") else exact if desk.run.file(exact) else None,
    }


def output_name(desk: Desk, number: int = 0) -> str:
    """Return the name of the file that outputs are written to: that of `export_file`, by default .npz."""
    exports = desk.task.outputs
    name = exports[number].name if number < len(exports) else f"{desk.task.models[number].name}.npz"
    rows.writable(Path(name))
    return name
