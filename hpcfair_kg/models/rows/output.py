"""Outputs on their way to a file: written in a folder beside it, moved to its name when all of them are there."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from hpcfair_kg.errors import InvalidConfig, WrongInput
from hpcfair_kg.models.infer import Array
from hpcfair_kg.models.rows.base import Form, Sink


class Output:
    """Takes outputs chunk by chunk; `paths` are the files, once they are there."""

    def __init__(self, path: Path, folder: Path, form: Form) -> None:
        self.path, self._folder, self._form = path, folder, form
        self._sinks: dict[str, Sink] = {}
        self._names: tuple[str, ...] = ()
        self.paths: tuple[Path, ...] = ()

    def write(self, outputs: Mapping[str, Array]) -> None:
        """Append rows to every output; all chunks have the same outputs."""
        if not self._sinks:
            self._begin(tuple(outputs))
        if tuple(outputs) != self._names:
            raise WrongInput(f"the outputs were {', '.join(self._names)}, and now are {', '.join(outputs)}")
        with _writable(self.path):
            for name, sink in self._sinks.items():
                sink.write({name: outputs[name]} if self._apart else outputs)

    @property
    def _apart(self) -> bool:
        return self._form.single and len(self._names) > 1

    def _begin(self, names: tuple[str, ...]) -> None:
        assert self._form.sink is not None
        self._names = names
        for name in names if self._apart else ("",):
            stem = f"{self.path.stem}.{_as_file_name(name)}" if name else self.path.stem
            with _writable(self.path):
                self._sinks[name] = self._form.sink(self._folder / f"{stem}{self.path.suffix}")

    def discard(self) -> None:
        """Let go of what is open."""
        for sink in self._sinks.values():
            sink.discard()

    def close(self) -> None:
        """Finish the files and move them to where they belong."""
        with _writable(self.path):
            for sink in self._sinks.values():
                sink.close()
            self.paths = tuple(
                sink.path.replace(self.path.with_name(sink.path.name)) for sink in self._sinks.values()
            )


@contextmanager
def opened(path: Path, form: Form) -> Iterator[Output]:
    """Yield an output; its files appear unless something is raised inside."""
    with _writable(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        folder = Path(tempfile.mkdtemp(prefix=f".{path.name}.", dir=path.parent))
    output = Output(path, folder, form)
    try:
        yield output
        output.close()
    finally:
        output.discard()
        shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def _writable(path: Path) -> Iterator[None]:
    try:
        yield
    except OSError as exc:
        raise InvalidConfig(f"{path} cannot be written: {exc.strerror or exc}") from exc


def _as_file_name(name: str) -> str:
    return "".join(letter if letter.isalnum() or letter in "-_." else "_" for letter in name)
