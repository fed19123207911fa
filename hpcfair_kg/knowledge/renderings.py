"""The documents that are made of records, each made once and kept while there is room.

A document is known by what it was made of: the record's IRI and canonical
hash, and its form.  So none is ever out of date, and none has to be forgotten.
"""

from __future__ import annotations

import threading
from collections.abc import Callable

from cachetools import LRUCache

from hpcfair_kg.knowledge.entries import Entry
from hpcfair_kg.knowledge.jsonld import serialise
from hpcfair_kg.knowledge.site import Site
from hpcfair_kg.knowledge.views.base import View

Key = tuple[str, ...]


class Renderings:
    """Documents of one site, in at most `room` bytes of memory."""

    def __init__(self, site: Site, room: int) -> None:
        self._site, self._room = site, room
        self._kept: LRUCache[Key, bytes] = LRUCache(room, getsizeof=len)
        self._lock = threading.Lock()

    def record(self, entry: Entry, syntax: str) -> bytes:
        """Return a record as "ttl", "nt", "rdf" or "jsonld"; raises `UnknownFormat`."""
        key = (entry.artifact.id, entry.etag, syntax)
        return self.made(key, lambda: serialise(entry.triples, syntax))

    def view(self, entry: Entry, view: View) -> bytes:
        """Return a record as one of the views of it."""
        key = (entry.artifact.id, entry.etag, "views", view.name)
        return self.made(key, lambda: view.render(entry.artifact, self._site))

    def made(self, key: Key, make: Callable[[], bytes]) -> bytes:
        """Return the document of this key, which says all that it depends on; make it where it is not kept."""
        with self._lock:
            kept = self._kept.get(key)
        if kept is not None:
            return kept
        document = make()
        if len(document) <= self._room:
            with self._lock:
                self._kept[key] = document
        return document
