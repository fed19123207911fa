"""The errand that converts a model once more, and holds what comes of it against the form that was recorded.

Exporters write other bytes for the same function (names, order, a date), so that
two forms are compared as a form and its original are: by running both.
"""

from __future__ import annotations

import hashlib
import shutil
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from hpcfair_kg.activity import Verdict
from hpcfair_kg.artifact import plain
from hpcfair_kg.formats.base import Bundle
from hpcfair_kg.formats.onnx import Onnx
from hpcfair_kg.models import infer
from hpcfair_kg.models.convert import convert, samples_of
from hpcfair_kg.models.recognition import SHELF
from hpcfair_kg.models.verify import proof
from hpcfair_kg.plugins import find

Emit = Callable[[Mapping[str, Any]], None]


def again(
    conversion: Mapping[str, Any], recorded: Sequence[str], digests: Sequence[str], emit: Emit
) -> dict[str, Any]:
    """Convert and prove again; return {answer, same, alike, proof} as JSON.

    `conversion` holds the arguments of `convert.convert`, whose answer is
    returned.  `digests` are the SHA-256 of the files of the form that was
    recorded; `recorded` are their names beside the original's, the ONNX file
    first, or () where their bytes are not to be had.  `same` is whether both
    forms have the same bytes, `alike` the verdict on the new form against the
    recorded one, and `proof` that on the recorded one against the original; each
    None where there is nothing to compare.
    """
    answer = convert(**conversion, emit=_quiet(emit))
    made = [Path(conversion["out"], entry["name"]) for entry in answer["files"]]
    same = _digests(made) == set(digests)
    found = {"answer": answer, "same": same, "alike": None, "proof": answer["verdict"]}
    if same or not recorded or not made:
        return found
    kept = _own_copies(Path(conversion["folder"]), recorded, Path(conversion["out"]))
    forms = _Forms(kept[0], min(made, key=lambda path: path.suffix != ".onnx"))
    emit({"event": "progress", "detail": "comparing the form with the recorded one"})
    found["alike"] = plain(forms.compared(conversion["seed"]))
    if answer["verdict"] and answer["verdict"]["outcome"] in ("equal", "different"):
        emit({"event": "progress", "detail": "proving the recorded form again"})
        found["proof"] = plain(_proved(conversion, forms.recorded))
    return found


@dataclass(frozen=True)
class _Forms:
    recorded: Path
    made: Path

    def compared(self, seed: int) -> Verdict:
        """Return the verdict on the new form, the recorded one being the original."""
        infer.load(self.recorded)  # says in our words what keeps it from being opened
        bundle = Bundle(self.recorded.parent, (self.recorded.name,))
        return proof(Onnx().reference(bundle, bundle.names), self.made, seed).verdict


def _proved(conversion: Mapping[str, Any], form: Path) -> Verdict:
    """Return the verdict on a form against the original, on the inputs of the conversion's own proof."""
    bundle = Bundle(Path(conversion["folder"]), tuple(conversion["names"]))
    reference = find(SHELF, conversion["format"]).reference(bundle, tuple(conversion["claimed"]))
    given = list(samples_of(bundle, conversion["samples"], reference, []))
    return proof(reference, form, conversion["seed"], given).verdict


def _own_copies(folder: Path, names: Sequence[str], out: Path) -> list[Path]:
    """Return copies of files: ONNX refuses links to a form's outside weights."""
    place = out / "recorded"
    place.mkdir()
    return [Path(shutil.copyfile(folder / name, place / Path(name).name)) for name in names]


def _digests(files: Sequence[Path]) -> set[str]:
    found = set()
    for path in files:
        with path.open("rb") as stream:
            found.add(hashlib.file_digest(stream, "sha256").hexdigest())
    return found


def _quiet(emit: Emit) -> Emit:
    """Tell the steps of the conversion as progress: they are part of one step, and no record of the model's."""

    def told(event: Mapping[str, Any]) -> None:
        if event.get("event") == "step":
            emit({"event": "progress", "detail": f"{event['name']} again: {event['state']}"})

    return told
