"""Files of the catalogue onto this machine: resumed where they were cut, verified by sha256, kept by hash."""

from __future__ import annotations

import hashlib
import shutil
from collections.abc import Callable, Sequence
from pathlib import Path
from urllib.parse import quote

from hpcfair_kg.artifact import Artifact, File
from hpcfair_kg.client.home import cache
from hpcfair_kg.client.transport import Service
from hpcfair_kg.errors import CorruptFile, NotFound, NotRunnable

CHUNK = 1 << 20


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


def fetch(
    service: Service, artifact: Artifact, file: File, folder: Path, tell: Callable[[int], None]
) -> Path:
    """Bring one file into a folder, through the cache; raises `CorruptFile` when its bytes are not its hash's."""
    target = folder / file.name
    if not target.resolve().is_relative_to(folder.resolve()):
        raise CorruptFile(f"the service names a file {file.name!r}, which would lie outside {folder}")
    target.parent.mkdir(parents=True, exist_ok=True)
    path = f"{service.local(artifact.id)}/files/{quote(file.name)}"
    if not file.sha256:  # of bytes that lie elsewhere, and that nobody has hashed
        _bring(service, path, file, target, tell)
        return target
    kept = cache() / file.sha256[:2] / file.sha256
    if not kept.exists():
        _bring(service, path, file, kept, tell)
    else:
        tell(file.size or 0)
    shutil.copyfile(kept, target)
    return target


def _bring(service: Service, path: str, file: File, kept: Path, tell: Callable[[int], None]) -> None:
    kept.parent.mkdir(parents=True, exist_ok=True)
    partial = kept.with_name(f"{kept.name}.part")
    begun = partial.stat().st_size if partial.exists() else 0
    size = file.size or 0  # one that is not known is asked for from its beginning
    headers = {"Range": f"bytes={begun}-"} if 0 < begun < size else {}
    if begun < size or size == 0:
        with service.stream(path, headers) as response:
            resumed = response.status_code == 206
            tell(begun if resumed else 0)
            with partial.open("ab" if resumed else "wb") as stream:
                for chunk in response.iter_raw(CHUNK):
                    stream.write(chunk)
                    tell(len(chunk))
    if file.sha256 and (found := _sha256(partial)) != file.sha256:
        partial.unlink()
        raise CorruptFile(f"{file.name} arrived as sha256 {found}, not {file.sha256}; ask again")
    partial.replace(kept)


def _sha256(path: Path) -> str:
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()
