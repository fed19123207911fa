"""A catalogue with as many artifacts as a harvester needs, written at once rather than one upload after another."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from flask.testing import FlaskClient

from hpcfair_kg.artifact import Artifact, File
from hpcfair_kg.hub import Hub
from hpcfair_kg.knowledge.describe import describe
from server import create_app
from tests.buffered import Buffered
from tests.knowledge.test_search import artifact

KINDS = ("model", "dataset", "model", "workflow")


def stock(base: str, many: int, naan: str = "99999") -> list[Artifact]:
    """Return artifacts in the order of their last changes: three in each microsecond, each fifth withdrawn."""
    made = []
    for number in range(many):
        when = f"2026-03-{1 + number // 100:02d}T00:{number // 60 % 60:02d}:{number % 60 // 3:02d}.5Z"
        one = artifact(
            number,
            title=f"Number {number} <&>",
            license="MIT",
            kind=KINDS[number % 4],
            status="withdrawn" if number % 5 == 4 else "ready",
            reason="old" if number % 5 == 4 else None,
            files=(File("x.csv", "csv", "original", 4, f"{number:064x}", "text/csv"),),
            created=when,
            modified=when,
        )
        made.append(replace(one, id=f"{base}/ark:/{naan}/{one.key}"))
    return sorted(made, key=lambda one: (one.modified, one.key))


def served(hub: Hub) -> FlaskClient:
    """Return a client of a hub's app that reads each answer to its end."""
    app = create_app(hub)
    app.testing = True
    app.test_client_class = Buffered
    return app.test_client()


def fill(hub: Hub, artifacts: Sequence[Artifact]) -> None:
    """Write artifacts as the catalogue would, many in a transaction."""
    for first in range(0, len(artifacts), 500):
        hub.public.write({one.id: describe(one) for one in artifacts[first : first + 500]})
    hub.index.rebuild(artifacts)
