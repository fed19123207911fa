"""What `export` hands back."""

from __future__ import annotations

import traceback
from dataclasses import dataclass
from pathlib import Path

from hpcfair_kg.errors import NotRunnable


@dataclass(frozen=True)
class Exported:
    """The file (or folder) made, its format, and what should be known of it."""

    path: Path
    format: str
    notes: tuple[str, ...] = ()


def raised(what: str, exc: Exception) -> NotRunnable:
    """Return the error for what the author's own code raised: which, and on which line of theirs."""
    frames = traceback.extract_tb(exc.__traceback__)
    own = [f for f in frames if "site-packages" not in f.filename and f.filename != __file__]
    last = (own or list(frames))[-1]
    reason = f"{type(exc).__name__}: {str(exc).strip() or 'without a message'} ({Path(last.filename).name}, line {last.lineno})"
    return NotRunnable(f"{what} raised {reason}", reason=reason)
