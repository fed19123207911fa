"""A site's own steps after an upload, offered by entry points of the group ``hpcfair_kg.hooks``.

A hook is a function (artifact, files) -> remark or None, where `files` maps
names to paths to read.  Each call is a step in the provenance; one that fails
is noted and harms nothing.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from importlib.metadata import EntryPoint, entry_points
from pathlib import Path

from hpcfair_kg.activity import Step
from hpcfair_kg.artifact import Artifact
from hpcfair_kg.backends.blobs.base import Blobs
from hpcfair_kg.ingest.jobs import now

log = logging.getLogger(__name__)

Hook = Callable[[Artifact, Mapping[str, Path]], str | None]
Append = Callable[[Artifact, Step], None]


class Hooks:
    """The hooks of one service, found when it opens."""

    def __init__(self, blobs: Blobs) -> None:
        self._blobs = blobs
        self._entries: tuple[EntryPoint, ...] = tuple(entry_points(group="hpcfair_kg.hooks"))

    def call(self, artifact: Artifact, append: Append) -> None:
        """Call each hook in turn and append what it did to the provenance."""
        for entry in self._entries:
            append(artifact, self._step(entry, artifact))

    def _step(self, entry: EntryPoint, artifact: Artifact) -> Step:
        started = now()
        files = {file.name: self._blobs.path(file.sha256) for file in artifact.files}
        try:
            hook: Hook = entry.load()
            remark = hook(artifact, files)
        except Exception as exc:  # a site's own code may fail in any way and must harm nothing
            log.exception("hook %s failed on %s", entry.name, artifact.id)
            detail = f"{type(exc).__name__}: {exc}"[:2048]
            return Step(f"hook:{entry.name}", "failed", started, now(), detail)
        return Step(f"hook:{entry.name}", "succeeded", started, now(), remark)
