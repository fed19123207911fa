"""Which converters are here, and taking up what waits for one when it comes."""

from __future__ import annotations

import importlib
import subprocess
import sys
import threading
from collections.abc import Iterable
from typing import Any

from hpcfair_kg.formats.base import Convertible
from hpcfair_kg.ingest.stage import missing, needs
from hpcfair_kg.ingest.story import Ingest
from hpcfair_kg.knowledge.catalogue import Catalogue
from hpcfair_kg.plugins import shelf


class Converters:
    """Looks every few seconds whether something waits for a converter that has come meanwhile."""

    def __init__(self, catalogue: Catalogue, ingest: Ingest, seconds: float = 3.0) -> None:
        self._catalogue, self._ingest, self._seconds = catalogue, ingest, seconds
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._watch, name="converters", daemon=True)

    def start(self) -> None:
        """Begin to look."""
        self._thread.start()

    def close(self) -> None:
        """Look no more."""
        self._stop.set()
        if self._thread.is_alive():
            self._thread.join(timeout=10)

    def status(self) -> list[dict[str, Any]]:
        """Return each family of converters: its formats, what it lacks, the command that brings it."""
        families: dict[str, dict[str, Any]] = {}
        for plugin in shelf("hpcfair_kg.formats").values():
            if isinstance(plugin, Convertible) and plugin.extra:
                entry = families.setdefault(
                    plugin.extra,
                    {"name": plugin.extra, "formats": [], "missing": [], "command": f"make {plugin.extra}"},
                )
                entry["formats"].append(plugin.name)
                entry["missing"] = sorted({*entry["missing"], *plugin.unavailable})
        return list(families.values())

    def take_up(self) -> int:
        """Begin again what waits for a converter that is here now; return how many."""
        importlib.invalidate_caches()
        begun = 0
        for artifact in list(self._catalogue.with_status("waiting-for-converter")):
            if not missing(artifact) and importable(needs(artifact)):
                self._ingest.again(artifact)
                begun += 1
        return begun

    def _watch(self) -> None:
        while not self._stop.wait(self._seconds):
            self.take_up()


def importable(modules: Iterable[str]) -> bool:
    """Whether a fresh interpreter can import all of these: half an installation cannot."""
    command = [sys.executable, "-c", "; ".join(f"import {name}" for name in modules)]
    return subprocess.run(command, capture_output=True, timeout=300, check=False).returncode == 0
