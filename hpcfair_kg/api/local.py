"""The catalogue of HPCFAIR_DATA_DIR, asked in this process as a service would be; opened for each question."""

from __future__ import annotations

import getpass
import shutil
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

from hpcfair_kg.artifact import Artifact, File, build
from hpcfair_kg.client import Client, home
from hpcfair_kg.client.cache import Cache, checked, fresh, writing
from hpcfair_kg.client.views import Entry, Results
from hpcfair_kg.errors import Busy, NotFound, Unreachable
from hpcfair_kg.settings import Settings

if TYPE_CHECKING:
    from hpcfair_kg.backends.accounts import Principal
    from hpcfair_kg.hub import Hub

T = TypeVar("T")


class Asked(Protocol):
    """A catalogue that is asked: the one here, or a service by its client."""

    def get(self, id: str) -> Artifact:
        """Return an artifact; raises `NotFound`."""

    def search(self, text: str = "", **terms: Any) -> Results:
        """Return a page of hits."""

    def cached(self, artifact: Artifact, files: Sequence[File]) -> Path:
        """Bring files of an artifact here and return the folder where they lie under their names."""


class Catalogue:
    """The catalogue in a folder of this machine, with the verbs of `Client` that it takes no service for."""

    def __init__(self) -> None:
        self.cache = Cache(home.cache())

    def get(self, id: str) -> Artifact:
        """Return an artifact; raises `NotFound`."""
        with opened() as hub:
            return hub.find(id, me())

    def search(self, text: str = "", **terms: Any) -> Results:
        """Return a page of hits; see `Client.search`."""
        from hpcfair_kg.knowledge.search import parse

        given = {"q": text} | {name: value for name, value in terms.items() if value is not None}
        pairs = [(name, str(one)) for name, value in given.items() for one in _each(value)]
        with opened() as hub:
            found = hub.search(parse(pairs), me())
        again = {"text": text} | {name: value for name, value in terms.items() if name != "cursor"}
        hits = tuple(build(Entry, hit) for hit in found.hits)
        return Results(found.total, hits, found.facets, found.next, self, again)

    def cached(self, artifact: Artifact, files: Sequence[File]) -> Path:
        """Bring files of an artifact into the cache and return the folder where they lie under their names."""
        place = self.cache.place(artifact, files)
        with opened() as hub, writing(artifact.name, place):
            self.cache.require()
            for file in files:
                if not self.cache.has(file):
                    self._copied(hub, artifact, file)
                self.cache.lay(file, place / file.name)
        return place

    def _copied(self, hub: Hub, artifact: Artifact, file: File) -> None:
        if file.remote:
            raise NotFound(
                f"{file.name} of {artifact.owner}/{artifact.name} is not here but at {file.remote}"
            )
        source, _ = hub.open_file(artifact, file.name, me())
        with fresh(self.cache.path(file.sha256)) as beside:
            shutil.copyfile(source, beside)
            checked(file, beside)


def searched(ask: Callable[[Asked], T]) -> T:
    """Ask the catalogue here; where there is none, or a service has it open, ask the service of HPCFAIR_ENDPOINT."""
    if is_there():
        try:
            return ask(Catalogue())
        except Busy:
            pass  # the service that has it open is asked
    try:
        return ask(Client())
    except Unreachable as exc:
        if is_there():
            raise
        raise Unreachable(
            f"{exc.detail}; nor is there a catalogue in {_folder()} (HPCFAIR_DATA_DIR)"
        ) from exc


def holder(id: str) -> tuple[Asked, Artifact]:
    """Find an artifact in the catalogue here, else on the service of HPCFAIR_ENDPOINT; raises `NotFound`."""
    if is_there():
        here = Catalogue()
        try:
            return here, here.get(id)
        except (Busy, NotFound):
            pass  # the service that has it open, or another one, is asked
    client = Client()
    return client, client.get(id)


def is_there() -> bool:
    """Tell whether HPCFAIR_DATA_DIR holds a catalogue."""
    return (_folder() / "public").is_dir()


@contextmanager
def opened() -> Iterator[Hub]:
    """Yield the catalogue of HPCFAIR_DATA_DIR, made where there is none; raises `Busy` when a service has it open."""
    from hpcfair_kg.hub import Hub

    hub = Hub.open(Settings.load())
    try:
        yield hub
    finally:
        hub.close()


def me() -> Principal:
    """Return who asks: the user of this machine, who may do everything to a catalogue in a folder of theirs."""
    from hpcfair_kg.backends.accounts import SCOPES, Principal

    owner = "".join(letter if letter.isalnum() else "-" for letter in getpass.getuser().lower())
    return Principal(owner, frozenset(SCOPES))


def _folder() -> Path:
    return Settings.load().data_dir


def _each(value: Any) -> Sequence[Any]:
    return list(value) if isinstance(value, list | tuple | set) else [value]
