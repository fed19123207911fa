"""The catalogue over HTTP: `Client`, its `Entry`s, its `Job`s and its `Run`s; light, every library imported when used."""

from __future__ import annotations

from hpcfair_kg.client.client import Client
from hpcfair_kg.client.neighbours import Compatible, Neighbour
from hpcfair_kg.client.runs import Run
from hpcfair_kg.client.views import Entry, Job, Results

__all__ = ["Client", "Compatible", "Entry", "Job", "Neighbour", "Results", "Run"]
