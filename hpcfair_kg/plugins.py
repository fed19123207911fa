"""A name -> the one file that does it.

A shelf is a package whose modules end in ``PLUGINS = (…)``: adding a format or
a view is adding one file.  Packages elsewhere may offer more by an entry point
of the shelf's name.
"""

from __future__ import annotations

import importlib
import pkgutil
from functools import cache
from importlib.metadata import entry_points
from typing import Any

from hpcfair_kg.errors import UnknownFormat


@cache
def shelf(package: str) -> dict[str, Any]:
    """Return the plug-ins of a shelf such as "hpcfair_kg.formats", by their names."""
    found: dict[str, Any] = {}
    for module in pkgutil.iter_modules(importlib.import_module(package).__path__):
        loaded = importlib.import_module(f"{package}.{module.name}")
        found.update({plugin.name: plugin for plugin in getattr(loaded, "PLUGINS", ())})
    for entry in entry_points(group=package):
        plugin = entry.load()
        found[plugin.name] = plugin
    return found


def find(package: str, name: str) -> Any:
    """Return one plug-in; raise `UnknownFormat` with the names there are."""
    plugins = shelf(package)
    if name not in plugins:
        place = package.rpartition(".")[2]
        raise UnknownFormat(f"no {name!r} in {place}; there are: {', '.join(sorted(plugins))}")
    return plugins[name]
