"""A run: one task that somebody asked for, what it was fed, and what came of it."""

from __future__ import annotations

from dataclasses import dataclass

from hpcfair_kg.activity import Job
from hpcfair_kg.artifact import File

PREFIX = "run-"
"""What the id of a run begins with; a job that made an artifact has that artifact's key there."""


@dataclass(frozen=True, slots=True)
class Run(Job):
    """One task, as a job with an id of its own.

    `task` is the configuration's, `plan` the whole of it as JSON, with files by
    the names that they were sent under; `files` are what was fed (role "input")
    and what came out (role "output"), by hash; `used` and `generated` are the
    IRIs of artifacts; `owner` is who asked, "" for nobody in particular.
    """

    task: str = ""
    owner: str = ""
    plan: str = "{}"
    files: tuple[File, ...] = ()
    used: tuple[str, ...] = ()
    generated: tuple[str, ...] = ()

    @property
    def key(self) -> str:
        """No artifact's key: a run may be about several."""
        return ""

    def file(self, name: str) -> File | None:
        """Return the file of this name, or None."""
        return next((file for file in self.files if file.name == name), None)
