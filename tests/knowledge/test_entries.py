"""Entries: read once, read again after a write, and never older than what was written."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from hpcfair_kg.artifact import Artifact
from hpcfair_kg.backends.accounts import ANYONE, visible_to
from hpcfair_kg.backends.graph.oxigraph import Oxigraph
from hpcfair_kg.knowledge.catalogue import Catalogue
from hpcfair_kg.knowledge.describe import describe
from hpcfair_kg.knowledge.entries import Entries, Entry
from hpcfair_kg.knowledge.jsonld import canonical_hash
from hpcfair_kg.knowledge.search import Index


class Counting(Oxigraph):
    """A store that counts how often a graph is read, and can be held up in doing so."""

    reads = 0
    after_reading = staticmethod(lambda: None)

    def triples(self, name):
        found = super().triples(name)
        self.reads += 1
        self.after_reading()
        return found


@pytest.fixture
def graphs(tmp_path: Path) -> Iterator[Counting]:
    store = Counting(tmp_path / "store")
    yield store
    store.close()


def test_a_record_is_read_once(graphs: Counting, model: Artifact) -> None:
    graphs.write({model.id: describe(model)})
    entries = Entries(graphs)
    first, second = entries.get(model.id), entries.get(model.id)
    assert first is second
    assert first is not None
    assert (first.artifact, first.etag) == (model, canonical_hash(describe(model)))
    assert graphs.reads == 1


def test_what_is_forgotten_is_read_again(graphs: Counting, model: Artifact) -> None:
    entries = Entries(graphs)
    graphs.write({model.id: describe(model)})
    entries.get(model.id)
    graphs.write({model.id: describe(replace(model, title="Another"))})
    entries.forget([model.id])
    found = entries.get(model.id)
    assert found is not None
    assert found.artifact.title == "Another"


def test_an_empty_graph_is_no_entry_and_is_asked_for_again(graphs: Counting, model: Artifact) -> None:
    entries = Entries(graphs)
    assert entries.get(model.id) is None
    graphs.write({model.id: describe(model)})
    assert entries.get(model.id) is not None


def test_what_was_read_before_a_write_is_not_kept(graphs: Counting, model: Artifact) -> None:
    entries = Entries(graphs)
    graphs.write({model.id: describe(model)})

    def overtaken() -> None:
        graphs.after_reading = lambda: None
        graphs.write({model.id: describe(replace(model, title="Newer"))})
        entries.forget([model.id])

    graphs.after_reading = overtaken
    stale, fresh = entries.get(model.id), entries.get(model.id)
    assert stale is not None
    assert fresh is not None
    assert (stale.artifact.title, fresh.artifact.title) == (model.title, "Newer")


def test_there_is_room_for_so_many_triples(graphs: Counting, model: Artifact, dataset: Artifact) -> None:
    few = len(describe(dataset))
    entries = Entries(graphs, room=few)
    graphs.write({model.id: describe(model), dataset.id: describe(dataset)})
    for _ in range(2):
        assert entries.get(model.id) is not None  # more than there is room for: read, not kept
        assert entries.get(dataset.id) is not None
    assert graphs.reads == 3


def test_readers_never_see_an_older_record_than_was_committed(
    graphs: Counting, tmp_path: Path, model: Artifact
) -> None:
    index = Index(tmp_path / "index")
    catalogue = Catalogue(graphs, index, "https://models.example.org", "99999")
    committed, wrong, done = [0], [], threading.Event()
    catalogue.commit(replace(model, title="0"), ())

    def read() -> None:
        while not done.is_set():
            least = committed[0]
            seen = int(catalogue.get(model.key).title)
            if seen < least:
                wrong.append((least, seen))

    readers = [threading.Thread(target=read) for _ in range(4)]
    for reader in readers:
        reader.start()
    for number in range(1, 40):
        catalogue.commit(replace(model, title=str(number)), ())
        committed[0] = number
    done.set()
    for reader in readers:
        reader.join()
    index.close()
    assert not wrong
    assert catalogue.get(model.key).title == "39"


@pytest.mark.parametrize("visibility", ["public", "restricted", "private"])
def test_who_may_see_it_is_told_without_reading_it(model: Artifact, visibility: str) -> None:
    entry = Entry(tuple(describe(replace(model, visibility=visibility))))
    assert entry.public == visible_to(ANYONE)(entry.artifact) == (visibility == "public")
