"""Where an artifact's files are laid out for a box, and the two errands that are run over them."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import Future
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path, PurePosixPath
from typing import Any
from uuid import uuid4

from hpcfair_kg.artifact import Artifact, Kind, build
from hpcfair_kg.backends.blobs.base import Blob, Blobs
from hpcfair_kg.backends.work.base import Emit, Errand, Limits, Work
from hpcfair_kg.errors import BoxFailed, Conflict
from hpcfair_kg.formats.base import Inspection, absent
from hpcfair_kg.plugins import shelf
from hpcfair_kg.settings import Settings

CORE = ("numpy", "onnx", "hpcfair_kg.models.convert")
"""What the core's warm process imports before it forks."""
CHUNK = 1 << 20


@dataclass(frozen=True)
class Recognised:
    """What the box says of an upload: see `models.convert.recognise`."""

    format: str | None
    framework: str | None
    kind: Kind
    claimed: tuple[str, ...]
    formats: Mapping[str, str]
    media_types: Mapping[str, str]
    auxiliary: tuple[str, ...]
    needs: tuple[str, ...]
    extra: str
    advice: str | None
    inspection: Inspection


@dataclass(frozen=True)
class Stage:
    """One layout: the files to read in `inside`, the folder to write to in `out`."""

    inside: Path
    out: Path
    names: tuple[str, ...]
    elsewhere: tuple[Path, ...]

    def results(self, name: str) -> Path:
        """Return a file that the box wrote; only a plain file directly in the folder is one."""
        path = self.out / name
        if PurePosixPath(name).name != name or path.is_symlink() or not path.is_file():
            raise BoxFailed(f"the box names a result {name!r} that it did not write", cause="crash")
        return path


class Stages:
    """Lays files out and sends errands; `folder` is best on the same disk as the blobs.

    Uploads are recognised by `quick` while `heavy` is busy converting.
    """

    def __init__(self, blobs: Blobs, quick: Work, heavy: Work, folder: Path, settings: Settings) -> None:
        self._blobs, self._quick, self._heavy, self._settings = blobs, quick, heavy, settings
        self._folder = folder.resolve()
        shutil.rmtree(self._folder, ignore_errors=True)
        self._folder.mkdir(parents=True)

    @contextmanager
    def laid_out(self, files: Mapping[str, str]) -> Iterator[Stage]:
        """Yield a stage that holds these files (name to sha256); it is gone afterwards."""
        place = self._folder / uuid4().hex
        try:
            elsewhere = tuple(self._lay(place / "in" / name, sha256) for name, sha256 in files.items())
            (place / "out").mkdir(parents=True)
            yield Stage(place / "in", place / "out", tuple(files), tuple(p for p in elsewhere if p))
        finally:
            shutil.rmtree(place, ignore_errors=True)

    def recognise(self, stage: Stage) -> Recognised:
        """Ask the box what the files are; raises `CorruptFile`."""
        arguments = {"folder": str(stage.inside), "names": list(stage.names)}
        errand = self._errand(stage, "models.convert:recognise", arguments)
        limits = Limits(seconds=120, memory=self._settings.job_memory)
        return _recognised(self._quick.submit(replace(errand, limits=limits)).result())

    def convert(self, stage: Stage, artifact: Artifact, emit: Emit) -> Future[Any]:
        """Send the files of an artifact up the ladder of its format's exporters."""
        arguments = asked_of(stage, artifact, self._settings.opset)
        family, preload = process_of(artifact)
        return self.send(stage, "models.convert:convert", arguments, emit, family, preload)

    def send(
        self,
        stage: Stage,
        call: str,
        arguments: Mapping[str, Any],
        emit: Emit,
        family: str = "core",
        preload: tuple[str, ...] = CORE,
    ) -> Future[Any]:
        """Send a heavy errand over a stage: `call` is "package.module:function" below hpcfair_kg."""
        return self._heavy.submit(self._errand(stage, call, arguments, family, preload), emit)

    def _errand(
        self,
        stage: Stage,
        call: str,
        arguments: Mapping[str, Any],
        family: str = "core",
        preload: tuple[str, ...] = CORE,
    ) -> Errand:
        return Errand(
            f"hpcfair_kg.{call}",
            arguments,
            family=family,
            preload=preload,
            reads=(stage.inside, *stage.elsewhere),
            writes=stage.out,
            limits=Limits(self._settings.job_seconds, self._settings.job_memory),
        )

    def must_hold(self, digests: Iterable[str]) -> None:
        """Raise `Conflict` when bytes that were sent are gone: another upload of them was refused meanwhile."""
        if not all(digest in self._blobs for digest in digests):
            raise Conflict("another upload of the same files was just refused; send them again")

    def sweep(self, wanted: Callable[[str], bool]) -> None:
        """Remove the blobs that are not wanted."""
        for digest in self._blobs:
            if not wanted(digest):
                self._blobs.remove(digest)

    def keep(self, path: Path) -> Blob:
        """Take a file that a box wrote into the blob store."""
        writer = self._blobs.writer()
        try:
            with path.open("rb") as stream:
                while chunk := stream.read(CHUNK):
                    writer.write(chunk)
            return writer.finish()
        except BaseException:
            writer.abort()
            raise

    def _lay(self, place: Path, sha256: str) -> Path | None:
        """Hard-link a blob into place; one on another disk is linked by name and returned."""
        place.parent.mkdir(parents=True, exist_ok=True)
        source = self._blobs.path(sha256)
        try:
            os.link(source, place)
        except OSError:
            place.symlink_to(source)
            return source
        return None


def main_format(artifact: Artifact) -> str | None:
    """Return the format of the file that the artifact is about."""
    known = shelf("hpcfair_kg.formats")
    formats = [f.format for f in artifact.files if f.role == "original" and f.format in known]
    return min(formats, key=lambda name: known[name].rank, default=None)


def asked_of(stage: Stage, artifact: Artifact, opset: int) -> dict[str, Any]:
    """Return the arguments of the conversion of an artifact whose files a stage holds."""
    fmt = main_format(artifact)
    names = [name for name in stage.names if artifact.file(name)]
    return {
        "folder": str(stage.inside),
        "names": names,
        "claimed": [f.name for f in artifact.files if f.format == fmt and f.role == "original"],
        "format": fmt,
        "out": str(stage.out),
        "stem": _stem(artifact),
        "opset": opset,
        "seed": seed(artifact),
        "samples": [n for n in names if PurePosixPath(n).stem in ("sample", "samples")],
    }


def process_of(artifact: Artifact) -> tuple[str, tuple[str, ...]]:
    """Return the family of the process that converts an artifact, and what that imports first."""
    plugin = shelf("hpcfair_kg.formats")[main_format(artifact) or "onnx"]
    return getattr(plugin, "family", "core"), getattr(plugin, "preload", ()) or CORE


def seed(artifact: Artifact) -> int:
    """Return the seed of an artifact's proof: its content's, so that the same content is proved the same way."""
    return int(artifact.identity[:8], 16)


def needs(artifact: Artifact) -> tuple[str, ...]:
    """Return the modules that the artifact's conversion imports."""
    plugin = shelf("hpcfair_kg.formats").get(main_format(artifact) or "")
    return tuple(getattr(plugin, "needs", ()))


def missing(artifact: Artifact) -> tuple[str, ...]:
    """Return those of them that this Python lacks."""
    return absent(needs(artifact))


def _stem(artifact: Artifact) -> str:
    taken = {file.name for file in artifact.files if file.role == "original"}
    return artifact.name if f"{artifact.name}.onnx" not in taken else f"{artifact.name}.converted"


def _recognised(answer: Mapping[str, Any]) -> Recognised:
    return Recognised(
        format=answer["format"],
        framework=answer["framework"],
        kind=answer["kind"],
        claimed=tuple(answer["claimed"]),
        formats=answer["formats"],
        media_types=answer["media_types"],
        auxiliary=tuple(answer.get("auxiliary", ())),
        needs=tuple(answer["needs"]),
        extra=answer["extra"],
        advice=answer["advice"],
        inspection=build(Inspection, answer["inspection"]),
    )
