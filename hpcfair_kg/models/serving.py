"""Runs the catalogue's ONNX forms in boxes that stay, each seeing only the models that are being served."""

from __future__ import annotations

import os
import shutil
import threading
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from numpy.typing import NDArray

from hpcfair_kg.artifact import Artifact, plain
from hpcfair_kg.backends.blobs.base import Blobs
from hpcfair_kg.backends.work.base import Errand, Limits, Work
from hpcfair_kg.backends.work.pool import Pool
from hpcfair_kg.errors import WrongInput
from hpcfair_kg.models.processing import boxed
from hpcfair_kg.models.processing.pipeline import Pipeline
from hpcfair_kg.tensors import Bytes, Heads, pack, unpack

Array = NDArray[Any]


class Serving:
    """Answers inference requests.

    `memory` in bytes is what one box may use, half of it for models that stay
    open; `seconds` are one request's.  Each box runs a model on its share of
    the cores.
    """

    def __init__(
        self, work: Work, blobs: Blobs, folder: Path, memory: int, seconds: float, boxes: int = 2
    ) -> None:
        self._blobs, self._folder, self._seconds = blobs, folder.resolve(), seconds
        shutil.rmtree(self._folder, ignore_errors=True)
        self._folder.mkdir(parents=True)
        self._lock = threading.Lock()
        self._places: dict[tuple[str, str], str] = {}
        errand = Errand(
            "hpcfair_kg.models.infer:serve",
            {"memory": memory // 2, "threads": max(1, len(os.sched_getaffinity(0)) // boxes)},
            preload=("numpy", "onnxruntime", "hpcfair_kg.models.infer"),
            reads=(self._folder,),
            limits=Limits(memory=memory),
        )
        self._boxes = Pool(work, errand, boxes, patience=seconds)

    def infer(
        self, artifact: Artifact, feeds: Mapping[str, Array], outputs: Sequence[str] | None
    ) -> dict[str, Array]:
        """Return the outputs asked for (all by default), as arrays by name; raises what `answer` raises."""
        return unpack(*self.answer(artifact, *pack(feeds), outputs))

    def answer(
        self, artifact: Artifact, heads: Heads, payload: Bytes, outputs: Sequence[str] | None
    ) -> tuple[list[dict[str, Any]], bytes]:
        """Return the outputs for inputs as `hpcfair_kg.tensors` packs both.

        Inputs and outputs are the model's own, or those of its processing: what
        people give and get.  Raises `NotRunnable` with the reason, `WrongInput` with what the model expects,
        `BoxFailed` when the request outlasts its time or memory.
        """
        path = self._path(artifact)
        message = {"model": path, "tensors": heads, "outputs": outputs}
        if steps := boxed.wanted(artifact.processing, heads, outputs):
            message |= {"processing": plain(steps), "folder": str(self._place(artifact))}
        try:
            answer, body = self._boxes.ask(message, payload, self._seconds, about=path)
        except WrongInput as exc:
            if artifact.processing:
                raise WrongInput(exc.detail, expected=Pipeline.on(artifact).expected) from exc
            raise
        return answer["tensors"], body

    def load(self, artifact: Artifact) -> None:
        """Open a model and run it once, so that the next request finds it warm; raises what `answer` raises."""
        path = self._path(artifact)
        self._boxes.ask({"open": path}, timeout=self._seconds, about=path)

    def unload(self, artifact: Artifact) -> None:
        """Let a model go wherever it is open; the next request opens it again."""
        path = self._path(artifact)
        self._boxes.tell({"close": path}, about=path, timeout=self._seconds)

    def status(self) -> dict[str, int]:
        """Return how many models are open and how many were opened, each counted in every box."""
        return {"open": self._boxes.held, "opened": self._boxes.fetched}

    def close(self) -> None:
        """End the boxes."""
        self._boxes.close()

    def _path(self, artifact: Artifact) -> str:
        """Return where the boxes see a model's form, linked there with what external data came with it."""
        form = artifact.require_runnable()
        path = self._places.get((artifact.key, form.sha256))
        if path is None:
            place = self._place(artifact)
            with self._lock:
                if not place.exists():
                    self._link(artifact, place)
            path = self._places[artifact.key, form.sha256] = str(place / form.name)
        return path

    def _place(self, artifact: Artifact) -> Path:
        assert artifact.runnable is not None
        return self._folder / artifact.key / artifact.runnable.sha256[:16]

    def _link(self, artifact: Artifact, place: Path) -> None:
        beside = place.with_suffix(".new")
        shutil.rmtree(beside, ignore_errors=True)
        for file in boxed.seen(artifact):
            target = beside / file.name
            target.parent.mkdir(parents=True, exist_ok=True)
            _link_or_copy(self._blobs.path(file.sha256), target)
        beside.rename(place)


def _link_or_copy(source: Path, target: Path) -> None:
    try:
        os.link(source, target)
    except OSError:
        shutil.copyfile(source, target)
