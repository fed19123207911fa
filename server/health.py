"""For operators: is it alive, is it ready, and what has it done (Prometheus text)."""

from __future__ import annotations

import threading
import time
from collections import Counter
from typing import cast

from flask import Blueprint, Flask, Response, current_app, g, request

from hpcfair_kg import __version__
from hpcfair_kg.errors import Busy
from server.access import hub
from server.replies import json_reply
from server.waiting import room

blueprint = Blueprint("health", __name__)

METHODS = ("GET", "HEAD", "POST", "PATCH", "DELETE", "OPTIONS")
EXPOSITION = "text/plain; version=0.0.4; charset=utf-8"


class Tally:
    """Counts requests by method and status, and the seconds they took."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._requests: Counter[tuple[str, int]] = Counter()
        self._seconds = 0.0

    def add(self, method: str, status: int, seconds: float) -> None:
        """Count one request; made-up methods are counted as one."""
        method = method if method in METHODS else "OTHER"
        with self._lock:
            self._requests[method, status] += 1
            self._seconds += seconds

    def lines(self) -> list[str]:
        """Return the counts as Prometheus reads them."""
        with self._lock:
            counts, seconds = dict(self._requests), self._seconds
        return [
            "# TYPE hpcfair_requests_total counter",
            *(
                f'hpcfair_requests_total{{method="{method}",status="{status}"}} {number}'
                for (method, status), number in sorted(counts.items())
            ),
            "# TYPE hpcfair_request_seconds_total counter",
            f"hpcfair_request_seconds_total {seconds:.6f}",
        ]


def register(app: Flask) -> None:
    """Have the app count its requests."""
    app.extensions["tally"] = Tally()
    app.before_request(_begin)
    app.after_request(_count)


@blueprint.get("/health/live")
def live() -> Response:
    """Answer that the service can be spoken to."""
    return json_reply({"live": True})


@blueprint.get("/health/ready")
def ready() -> Response:
    """Answer that the store is open and the first entries are in; raises `Busy` until then."""
    artifacts, awaited = hub().index.count, hub().settings.ready_at
    if not hub().ready():
        raise Busy(f"the catalogue is being filled: {artifacts} of the first {awaited} artifacts are in")
    return json_reply({"ready": True, "artifacts": artifacts})


@blueprint.get("/metrics")
def metrics() -> Response:
    """Answer the figures of this service."""
    status = hub().status()
    lines = [
        f'hpcfair_info{{version="{__version__}"}} 1',
        f"hpcfair_artifacts {status['artifacts']}",
        f"hpcfair_waiting_for_converter {status['waiting']}",
        f"hpcfair_sandbox_holds {int(status['sandbox']['holds'])}",
        f"hpcfair_places_taken {room().taken}",
        f"hpcfair_places {room().size}",
    ]
    gauges = [line for entry in lines for line in (f"# TYPE {entry.split('{')[0].split()[0]} gauge", entry)]
    return Response("\n".join([*gauges, *_tally().lines(), ""]), content_type=EXPOSITION)


def _tally() -> Tally:
    return cast(Tally, current_app.extensions["tally"])


def _begin() -> None:
    g.began = time.perf_counter()


def _count(response: Response) -> Response:
    _tally().add(request.method, response.status_code, time.perf_counter() - g.began)
    return response
