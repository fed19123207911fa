"""What `export` hands back."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Exported:
    """The file (or folder) made, its format, and what should be known of it."""

    path: Path
    format: str
    notes: tuple[str, ...] = ()
