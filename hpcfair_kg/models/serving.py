"""Runs the catalogue's ONNX forms in boxes that stay, each seeing only the models that are being served."""

from __future__ import annotations

import os
import shutil
import threading
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from numpy.typing import NDArray

from hpcfair_kg.artifact import Artifact, File
from hpcfair_kg.backends.blobs.base import Blobs
from hpcfair_kg.backends.work.base import Errand, Limits, Work
from hpcfair_kg.backends.work.pool import Pool
from hpcfair_kg.errors import NotRunnable, WrongInput
from hpcfair_kg.models.infer import checked
from hpcfair_kg.models.tensors import pack, unpack

Array = NDArray[Any]


class Serving:
    """Answers inference requests; `memory` in bytes is one box's, `seconds` one request's."""

    def __init__(
        self, work: Work, blobs: Blobs, folder: Path, memory: int, seconds: float, boxes: int = 2
    ) -> None:
        self._blobs, self._folder, self._seconds = blobs, folder.resolve(), seconds
        shutil.rmtree(self._folder, ignore_errors=True)
        self._folder.mkdir(parents=True)
        self._lock = threading.Lock()
        errand = Errand(
            "hpcfair_kg.models.infer:serve",
            {"memory": memory // 2},
            preload=("numpy", "onnxruntime", "hpcfair_kg.models.infer"),
            reads=(self._folder,),
            limits=Limits(memory=memory),
        )
        self._boxes = Pool(work, errand, boxes, patience=seconds)

    def infer(
        self, artifact: Artifact, feeds: Mapping[str, Array], outputs: Sequence[str] | None
    ) -> dict[str, Array]:
        """Return the outputs asked for (all by default), as arrays by name.

        Raises `NotRunnable` with the reason, `WrongInput` with what the model expects,
        `BoxFailed` when the request outlasts its time or memory.
        """
        form = artifact.runnable
        if form is None:
            raise NotRunnable(
                f"{artifact.owner}/{artifact.name} cannot be run: {artifact.obstacle}",
                reason=artifact.obstacle,
            )
        _known(outputs, artifact)
        tensors, payload = pack(checked(feeds, artifact.inputs))
        message = {
            "model": str(self._laid_out(artifact, form)),
            "tensors": tensors,
            "outputs": outputs and list(outputs),
        }
        answer, body = self._boxes.ask(message, payload, self._seconds)
        return unpack(answer["tensors"], body)

    def close(self) -> None:
        """End the boxes."""
        self._boxes.close()

    def _laid_out(self, artifact: Artifact, form: File) -> Path:
        """Link the form, and what external data came with it, into the folder that the boxes see."""
        place = self._folder / artifact.key / form.sha256[:16]
        if not place.exists():
            with self._lock:
                self._link(artifact, form, place)
        return place / form.name

    def _link(self, artifact: Artifact, form: File, place: Path) -> None:
        beside = place.with_suffix(".new")
        shutil.rmtree(beside, ignore_errors=True)
        for file in artifact.form_files:
            target = beside / file.name
            target.parent.mkdir(parents=True, exist_ok=True)
            _link_or_copy(self._blobs.path(file.sha256), target)
        if not place.exists():
            beside.rename(place)


def _link_or_copy(source: Path, target: Path) -> None:
    try:
        os.link(source, target)
    except OSError:
        shutil.copyfile(source, target)


def _known(outputs: Sequence[str] | None, artifact: Artifact) -> None:
    names = [spec.name for spec in artifact.outputs]
    unknown = [name for name in outputs or () if name not in names]
    if unknown:
        raise WrongInput(f"no output {unknown[0]!r}; there are: {', '.join(names)}", expected=names)
