"""Progress on a terminal, and nothing elsewhere."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import IO, Any


@contextmanager
def bar(label: str, total: int, shown: bool | None = None) -> Iterator[Callable[[int], None]]:
    """Yield what to call with each number of bytes done; draws only where standard error is a terminal."""
    if not _shown(shown):
        yield lambda size: None
        return
    from rich.console import Console
    from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TransferSpeedColumn

    columns = (TextColumn("{task.description}"), BarColumn(), DownloadColumn(), TransferSpeedColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as progress:
        task = progress.add_task(label, total=total)
        yield lambda size: progress.advance(task, size)


@contextmanager
def steps(label: str, shown: bool | None = None) -> Iterator[Callable[[dict[str, Any]], None]]:
    """Yield what to call with each event of a job; shows the step that runs, with a spinner."""
    if not _shown(shown):
        yield lambda event: None
        return
    from rich.console import Console

    with Console(stderr=True).status(label) as status:
        yield lambda event: status.update(
            f"{label}: {event.get('name') or event.get('detail') or event['event']}"
        )


@contextmanager
def rows(label: str, shown: bool | None = None) -> Iterator[Callable[[int, int | None], None]]:
    """Yield what to call with the number of rows done, and of all where that is known."""
    if not _shown(shown):
        yield lambda done, total: None
        return
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as progress:
        task = progress.add_task(label, total=None)
        yield lambda done, total: progress.update(task, completed=done, total=total)


class Counted:
    """A file being read, counting its bytes."""

    def __init__(self, stream: IO[bytes], tell: Callable[[int], None]) -> None:
        self._stream, self._tell = stream, tell

    def read(self, size: int = -1) -> bytes:
        """Read and count."""
        data = self._stream.read(size)
        self._tell(len(data))
        return data

    def seek(self, offset: int, whence: int = 0) -> int:
        """Move in the file."""
        return self._stream.seek(offset, whence)

    def tell(self) -> int:
        """Return the place in the file."""
        return self._stream.tell()

    def fileno(self) -> int:
        """Return the descriptor, by which the size is known."""
        return self._stream.fileno()


def _shown(shown: bool | None) -> bool:
    return sys.stderr.isatty() if shown is None else shown
