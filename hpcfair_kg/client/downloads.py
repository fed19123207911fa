"""Files of the catalogue onto this machine: resumed where they were cut, verified by sha256, kept by hash."""

from __future__ import annotations

import shutil
import time
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, TYPE_CHECKING
from urllib.parse import quote

from hpcfair_kg.artifact import Artifact, File
from hpcfair_kg.client import progress
from hpcfair_kg.client.cache import Cache, alone, checked, fresh, require_room, writing
from hpcfair_kg.client.transport import Service
from hpcfair_kg.errors import Busy, CorruptFile, NotFound, NotRunnable, Unreachable

if TYPE_CHECKING:
    import httpx

PAUSES = (0.5, 1.0, 2.0, 4.0)
"""Seconds before each new try; what brought bytes counts as none."""

Tell = Callable[[int], None]


def chosen(artifact: Artifact, form: str | None, opset: int | None) -> Sequence[File]:
    """Return the files asked for: "onnx" (the proved form, as does an opset), "original" (as uploaded), or both.

    What failed its proof is evidence and never among them.
    """
    served = [file for file in artifact.files if file.role != "evidence"]
    if form == "original":
        return [file for file in served if file.role != "converted"]
    if form is None and opset is None:
        return served
    if artifact.runnable is None:
        reason = artifact.obstacle
        raise NotRunnable(
            f"{artifact.owner}/{artifact.name} has no proved ONNX form: {reason}", reason=reason
        )
    # of what came as ONNX the verdict knows it, of what was converted the file too
    held = artifact.runnable.opset or (artifact.verdict and artifact.verdict.opset)
    if opset not in (None, held):
        raise NotFound(f"there is no form of opset {opset}; there is one of opset {held}")
    stem = artifact.runnable.name
    return [file for file in served if file.name == stem or file.name.startswith(f"{stem}.")]


@dataclass(frozen=True)
class Downloads:
    """What brings the files of a service's artifacts into the cache, and from there to where they are wanted."""

    service: Service
    cache: Cache

    def copied(self, artifact: Artifact, files: Sequence[File], folder: Path) -> tuple[Path, ...]:
        """Bring files into a folder of the caller's; return where they lie.

        Raises `Withdrawn`, `CorruptFile` when bytes are not their hash's,
        `TooLarge` when the disk is full, and `Unreachable`, offline for what
        is not in the cache.
        """
        artifact.require_present()
        with self._bar(artifact, files) as tell:
            return tuple(self._copied(artifact, file, folder, tell) for file in files)

    def local(self, artifact: Artifact, files: Sequence[File]) -> Path:
        """Bring files into the cache and return the folder where they lie under their names; raises as `copied`."""
        artifact.require_present()
        place = self.cache.place(artifact, files)
        with self._bar(artifact, files) as tell, writing(artifact.name, place):
            for file in files:
                target = _inside(place, file)
                if file.sha256:
                    self._kept(artifact, file, tell)
                    self.cache.lay(file, target)
                elif not target.exists():
                    self._brought(artifact, file, target, tell)
        return place

    def _copied(self, artifact: Artifact, file: File, folder: Path, tell: Tell) -> Path:
        target = _inside(folder, file)
        target.parent.mkdir(parents=True, exist_ok=True)
        if not file.sha256:  # of bytes that lie elsewhere, and that nobody has hashed
            self._brought(artifact, file, target, tell)
            return target
        kept = self._kept(artifact, file, tell)
        with writing(file.name, folder), fresh(target) as beside:
            shutil.copyfile(kept, beside)
        return target

    def _kept(self, artifact: Artifact, file: File, tell: Tell) -> Path:
        kept = self.cache.path(file.sha256)
        if self.cache.has(file):
            tell(file.size or 0)
        else:
            self._brought(artifact, file, kept, tell)
        return kept

    def _brought(self, artifact: Artifact, file: File, target: Path, tell: Tell) -> None:
        if self.service.offline:
            raise Unreachable(
                f"{file.name} of {artifact.owner}/{artifact.name} is not in the cache {self.cache.folder}, "
                "or is damaged there, and this is offline: ask for it once online"
            )
        path = f"{self.service.local(artifact.id)}/files/{quote(file.name)}"
        with writing(file.name, self.cache.folder):
            self.cache.require()
        partial = target.with_name(f"{target.name}.part")
        with writing(file.name, target.parent), alone(partial) as stream:
            if file.sha256 and self.cache.sound(target, file.sha256):  # another process brought it meanwhile
                tell(file.size or 0)
                partial.unlink()
                return
            _Transfer(self.service, path, file, stream, tell).run()
            stream.flush()
            checked(file, partial)
            partial.replace(target)

    @staticmethod
    def _bar(artifact: Artifact, files: Sequence[File]) -> AbstractContextManager[Tell]:
        return progress.bar(artifact.name, sum(file.size or 0 for file in files))


class _Transfer:
    """One file on its way into a stream that may hold its beginning already."""

    def __init__(self, service: Service, path: str, file: File, stream: IO[bytes], tell: Tell) -> None:
        self._service, self._path, self._file, self._stream, self._tell = service, path, file, stream, tell
        self._etag = f'"{file.sha256}"' if file.sha256 else None
        self._told = 0

    def run(self) -> None:
        """Read until nothing is missing; a connection that breaks is made anew, a few times."""
        pauses, answered = iter(PAUSES), False
        while True:
            begun = self._stream.tell()
            try:
                return self._read()
            except (Unreachable, Busy) as exc:
                if self._stream.tell() > begun:
                    pauses, answered = iter(PAUSES), True
                pause = next(pauses, None)
                if pause is None or not (answered or _is_somebody_there(exc)):
                    raise
            time.sleep(pause)

    def _read(self) -> None:
        size = self._file.size
        begun = self._stream.tell()
        if begun and (self._etag is None or (size is not None and begun > size)):
            begun = self._again()
        self._count()
        if size and begun == size:
            return
        require_room(self._file.name, (size or 0) - begun, Path(self._stream.name).parent)
        # what is compressed on the way has other bytes, and no ranges of its own
        headers = {"Accept-Encoding": "identity"}
        if begun:
            headers |= {"Range": f"bytes={begun}-", "If-Range": self._etag or ""}
        with self._service.stream(self._path, headers) as response:
            self._agree(response)
            if not response.headers.get("content-range", "").startswith(f"bytes {begun}-"):
                self._again()
            for chunk in response.iter_raw():
                self._stream.write(chunk)
                self._count()
        if self._stream.tell() < (size or 0):
            raise Unreachable(f"{self._file.name} ended after {self._stream.tell():,} of {size:,} bytes")

    def _agree(self, response: httpx.Response) -> None:
        """Hold what is answered against what was asked for: what was replaced meanwhile is never mixed with it."""
        etag = response.headers.get("etag")
        if self._file.sha256 and not self._file.remote and etag and etag.removeprefix("W/") != self._etag:
            raise CorruptFile(
                f"the service has another {self._file.name} now, {etag}, not {self._etag}; ask again"
            )
        self._etag = etag if etag and not etag.startswith("W/") else None

    def _again(self) -> int:
        if self._stream.tell():
            self._stream.seek(0)
            self._stream.truncate()
        self._count()
        return 0

    def _count(self) -> None:
        at = self._stream.tell()
        self._tell(at - self._told)
        self._told = at


def _is_somebody_there(exc: Unreachable | Busy) -> bool:
    import httpx

    return not isinstance(exc.__cause__, httpx.ConnectError | httpx.ConnectTimeout)


def _inside(folder: Path, file: File) -> Path:
    target = folder / file.name
    if not target.resolve().is_relative_to(folder.resolve()):
        raise CorruptFile(f"the service names a file {file.name!r}, which would lie outside {folder}")
    return target
